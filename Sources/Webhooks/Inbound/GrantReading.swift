package import Cryptography
package import GrantStore
import Grants
package import Logging
package import Nylas
import Synchronization
package import Timekeeping

/// Looks at the grants of which Nylas has said that something happened, and believes what it sees.
///
/// What is asked for lies in the store, so that it outlives the connection that brought it and the process. A grant that is gone
/// is forgotten; a look that fails is repeated for some hours.
package final class GrantReading: Sendable {
    static let looksAtOnce = 4
    /// How often hints that other processes took, or that were left lying, are looked for.
    static let interval = Duration.seconds(30)
    static let lease = Duration.seconds(90)
    private static let delays = [2, 10, 60, 300, 900, 3600, 7200].map(Duration.seconds)

    private let store: any GrantStore
    private let nylas: NylasClient
    private let instance: String
    private let wallClock: WallClock
    private let clock: any Clock<Duration>
    private let log: WebhookLog
    private let bell = Bell()
    private let isDraining = Mutex(false)

    package init(
        store: any GrantStore,
        nylas: NylasClient,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        random: RandomSource,
        logger: Logger,
        count: @escaping @Sendable (WebhookCount) -> Void = { _ in }
    ) {
        self.store = store
        self.nylas = nylas
        self.wallClock = wallClock
        self.clock = clock
        instance = Base64.encode(random.bytes(12), .url)
        log = WebhookLog(logger, count: count)
    }

    /// Says that there is a new hint.
    func ring() {
        bell.ring()
    }

    /// Begins no more looks; what is left stays in the store.
    package func drain() {
        isDraining.withLock { $0 = true }
        bell.ring()
    }

    /// Looks until ``drain()``, and ends with the looks in hand; or until the task is cancelled.
    package func run() async {
        while !Task.isCancelled, !isDraining.withLock({ $0 }) {
            let wait = await round()
            if wait > .zero { await bell.rung { [clock] in try? await clock.sleep(for: wait) } }
        }
    }

    /// - Returns: how long nothing can be due.
    private func round() async -> Duration {
        do throws(StoreError) {
            guard let due = try await store.nextHintDue() else { return Self.interval }
            let now = wallClock.now()
            guard due <= now else { return min(due.duration(since: now), Self.interval) }
            let lease = Lease(instance: instance, expiresAt: now + Self.lease)
            let hints = try await store.takeHints(limit: Self.looksAtOnce, lease: lease, at: now)
            await withDiscardingTaskGroup { group in
                for hint in hints { group.addTask(name: "notified grant") { await self.look(hint) } }
            }
            return .zero
        } catch {
            log(.storeFailed(error))
            return Self.interval
        }
    }

    private func look(_ hint: GrantHint) async {
        var again: Duration?
        do throws(NylasError) {
            let grant = try await nylas.grant(hint.grant)
            again = await save(grant) ? nil : Self.delay(after: hint.attempts)
        } catch {
            if case .notFound = error {
                again = await forget(hint.grant) ? nil : Self.delay(after: hint.attempts)
            } else {
                log(.grantUnread(hint.grant, error))
                again = Self.delay(after: hint.attempts)
                if case .rateLimited(let wait?) = error, let delay = again { again = max(delay, wait) }
                if again == nil { log(.grantGivenUp(hint.grant)) }
            }
        }
        do throws(StoreError) {
            _ = try await store.settleHint(hint, retryAt: again.map { wallClock.now() + $0 }, heldBy: instance)
        } catch {
            log(.storeFailed(error))
        }
    }

    /// nil after the last.
    private static func delay(after attempts: Int) -> Duration? {
        delays.indices.contains(attempts - 1) ? delays[attempts - 1] : nil
    }

    /// - Returns: false if it has to be looked at again.
    private func save(_ grant: Grant) async -> Bool {
        do throws(StoreError) {
            // A flow may have saved a later sign-in while this answer was under way: that one is believed, and looked at again.
            if let known = try await store.grant(grant.id), known.updatedAt > grant.updatedAt { return false }
            _ = try await store.refresh(StoredGrant(grant, at: wallClock.now()), reason: "notification")
            log(.grantRead(grant.id, isGone: false))
            return true
        } catch {
            log(.storeFailed(error))
            return false
        }
    }

    private func forget(_ grant: GrantID) async -> Bool {
        do throws(StoreError) {
            _ = try await store.forget(grant, reason: "notification", reference: nil)
            log(.grantRead(grant, isGone: true))
            return true
        } catch {
            log(.storeFailed(error))
            return false
        }
    }
}

extension StoredGrant {
    fileprivate init(_ grant: Grant, at now: Timestamp) {
        self.init(
            id: grant.id,
            providerName: grant.providerName,
            address: grant.email,
            scopes: grant.scopes,
            status: grant.status == .invalid ? .invalid : .valid,
            createdAt: grant.createdAt,
            updatedAt: grant.updatedAt,
            savedAt: now,
            changedAt: now
        )
    }
}
