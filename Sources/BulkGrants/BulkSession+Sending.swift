import GrantStore
import Grants
import Nylas
import Synchronization
import Timekeeping

extension BulkSession {
    /// Sends all rows of a wave, so many at a time, and returns once each has an outcome or is put back.
    func send(_ wave: [BulkRow]) async {
        let queue = RowQueue(wave)
        await withTaskGroup { group in
            for _ in 0..<min(runner.settings.concurrency, wave.count) {
                group.addTask {
                    while let row = queue.next() { await self.send(row) }
                }
            }
        }
    }

    private func send(_ row: BulkRow) async {
        let request = CustomAuthentication(
            provider: run.provider,
            address: row.address,
            credentialID: run.credentialID,
            scopes: row.scopes
        )
        while await turn() {
            do throws(NylasError) {
                let grant = try await runner.client.authenticate(request)
                settlePace()
                return await answer(row, with: answer(for: grant))
            } catch {
                guard let answer = judge(error) else { continue }
                return await self.answer(row, with: answer)
            }
        }
        await answer(row, with: .again(reason: nil, isAttempt: false))
    }

    /// What an error means for a row; nil if it is to be sent again when the pause is over.
    private func judge(_ error: NylasError) -> BulkAnswer? {
        switch error {
        case .notSent:
            pause(.unreachable, for: nil)
            giveUp(.unreachable)
            return nil
        case .rateLimited(let pause):
            self.pause(pause == nil ? .pace : .provider, for: pause)
            giveUp(.throttled)
            return nil
        case .unauthorized:
            conclude(.unauthorized)
            return .again(reason: nil, isAttempt: false)
        case .refused(let fault), .notFound(let fault):
            settlePace()
            guard !isAwaitingConsent else {
                pause(.consent, for: BulkSession.consentProbe)
                return nil
            }
            return .failed(reason: fault.reason)
        case .noAnswer:
            trouble(nil)
            return .unknown(reason: "no answer")
        case .failed(let fault):
            trouble(fault.retryAfter)
            return .unknown(reason: fault.reason)
        case .unreadable(let status):
            trouble(nil)
            return .unknown(reason: "unreadable answer, status \(status)")
        }
    }

    /// How long after a refusal that may only be too early the next one is risked.
    private static let consentProbe = Duration.seconds(30)
    /// So many unknown outcomes in a row are the service's fault and not the rows'.
    private static let unknownsInARow = 10

    private func trouble(_ retryAfter: Duration?) {
        let isMuch = state.withLock { state in
            state.unknowns += 1
            return state.unknowns >= BulkSession.unknownsInARow
        }
        if isMuch || retryAfter != nil { pause(.trouble, for: retryAfter) }
    }

    func settlePace() {
        state.withLock { state in
            state.unknowns = 0
            state.pace.settle()
        }
    }

    func giveUp(_ end: BulkEnd) {
        let trouble = state.withLock { $0.pace.trouble(at: runner.time.elapsed) }
        if trouble > runner.settings.patience { conclude(end) }
    }

    func answer(for grant: Grant) -> BulkAnswer {
        guard grant.status != .invalid else { return .failed(reason: "grant_status invalid") }
        let now = runner.wallClock.now()
        let stored = StoredGrant(
            id: grant.id,
            providerName: grant.providerName,
            address: grant.email,
            scopes: grant.scopes,
            status: .valid,
            createdAt: grant.createdAt,
            updatedAt: grant.updatedAt,
            savedAt: now,
            changedAt: now
        )
        // Both times are Nylas's own and whole seconds: a new grant's are the same, or nearly.
        return .grant(stored, wasKnown: grant.updatedAt > grant.createdAt + .seconds(2))
    }

    /// Makes the outcome durable, and counts it only then.
    func answer(_ row: BulkRow, with answer: BulkAnswer) async {
        do throws(StoreError) {
            guard let standing = try await runner.store.answer(row.line, of: run.id, with: answer) else { return }
            state.withLock { state in
                state.counts[.sent] -= 1
                state.counts[standing] += 1
            }
            report()
        } catch {
            conclude(.store(error))
        }
    }
}

/// The rows of a wave, each given out once.
private final class RowQueue: Sendable {
    private let rows: [BulkRow]
    private let taken = Mutex(0)

    init(_ rows: [BulkRow]) {
        self.rows = rows
    }

    func next() -> BulkRow? {
        taken.withLock { taken in
            guard taken < rows.count else { return nil }
            taken += 1
            return rows[taken - 1]
        }
    }
}

extension NylasFault {
    /// For a person and a result: Nylas's and the provider's names, or the bare status.
    fileprivate var reason: String {
        let names = [code, providerCode].compactMap(\.self)
        return names.isEmpty ? "status \(status)" : names.joined(separator: ", ")
    }
}
