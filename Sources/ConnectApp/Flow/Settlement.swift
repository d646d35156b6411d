import GrantStore
import Grants
import Nylas
import Synchronization
import Timekeeping

/// Finds out how flows ended whose exchange brought no answer: after a time-out, and after a crash (design §4.4).
///
/// All of them are settled together, in rounds: one look through Nylas's list serves every flow. A flow is given up as
/// `unknown` after ten minutes.
final class Settlement: Sendable {
    struct Case: Sendable {
        var claim: FlowClaim
        /// From the exchange's answer, if there was one.
        var grant: GrantID?
        var reference: String
        /// On the monotonic clock.
        var since: Duration
        var rounds = 0
    }

    static let patience = Duration.seconds(600)
    /// How often open claims of other processes, or of an earlier life of this one, are looked for.
    static let scanInterval = Duration.seconds(30)
    /// How far behind a flow's start the list is read: clocks differ.
    static let margin = Duration.seconds(300)
    private static let pageLimit = 100
    private static let pagesPerRound = 100

    private let store: any GrantStore
    private let nylas: NylasClient
    private let wallClock: WallClock
    private let time: MonotonicTime
    private let leases: Leases
    private let conclusion: Conclusion
    private let progress: FlowProgress
    private let scanned: Bell
    private let log: FlowLog

    private let cases = Mutex<[FlowID: Case]>([:])
    private let bell = Bell()

    init(
        store: any GrantStore,
        nylas: NylasClient,
        wallClock: WallClock,
        time: MonotonicTime,
        leases: Leases,
        conclusion: Conclusion,
        progress: FlowProgress,
        scanned: Bell,
        log: FlowLog
    ) {
        self.store = store
        self.nylas = nylas
        self.wallClock = wallClock
        self.time = time
        self.leases = leases
        self.conclusion = conclusion
        self.progress = progress
        self.scanned = scanned
        self.log = log
    }

    /// Takes a claimed flow over whose progress has begun; it ends with the flow's answer.
    func take(_ claim: FlowClaim, grant: GrantID?, reference: String) {
        log(.settling, flow: claim.flow, reference: reference)
        progress.settles(claim.flow)
        let new = Case(claim: claim, grant: grant, reference: reference, since: time.elapsed)
        cases.withLock { $0[claim.flow] = new }
        bell.ring()
    }

    /// Settles until the task is cancelled. What is not settled by then stays open in the store, for the next start.
    func run() async {
        while !Task.isCancelled {
            await takeOrphans()
            scanned.ring()
            let pending = cases.withLock { Array($0.values) }
            let restraint = pending.isEmpty ? .zero : await round(pending)
            await pause(atLeast: restraint)
        }
    }

    /// Open claims that nobody works on: of a process that died, or of one whose lease has run out.
    private func takeOrphans() async {
        let open: [FlowRecord]
        do throws(StoreError) {
            open = try await store.openClaims()
        } catch {
            return log(.storeFailed(.list, error))
        }
        for record in open {
            guard case .open(let lease) = record.standing,
                lease.instance == leases.instance || lease.expiresAt <= wallClock.now(),
                progress.begin(record.claim.flow, .settling) == .begun
            else { continue }
            // Nobody has seen a page of ours about it yet that names another reference.
            take(record.claim, grant: nil, reference: record.claim.flow.shortID)
        }
    }

    /// - Returns: how long Nylas wants to be left alone.
    private func round(_ pending: [Case]) async -> Duration {
        cases.withLock { cases in
            for flow in pending { cases[flow.claim.flow]?.rounds += 1 }
        }
        var working: [Case] = []
        for flow in pending where await renew(flow) { working.append(flow) }
        for flow in working {
            if let grant = flow.grant {
                await conclude(flow, grant: grant, .exchanged)
            }
        }
        let unmatched = working.filter { $0.grant == nil }
        let restraint = unmatched.isEmpty ? .zero : await match(unmatched)
        for flow in working { await giveUp(flow) }
        return restraint
    }

    /// Reads the list of grants, newest update first, and concludes every flow whose state a grant bears.
    ///
    /// - Returns: how long Nylas wants to be left alone.
    private func match(_ flows: [Case]) async -> Duration {
        let byDigest = Dictionary(flows.map { ($0.claim.flow.digest, $0) }) { first, _ in first }
        let earliest = (flows.map(\.claim.startedAt).min() ?? wallClock.now()) - Settlement.margin
        for page in 0..<Settlement.pagesPerRound {
            let grants: GrantPage
            do throws(NylasError) {
                grants = try await nylas.grantsNewestUpdateFirst(
                    limit: Settlement.pageLimit,
                    offset: page * Settlement.pageLimit
                )
            } catch {
                log(.listFailed(error))
                return if case .rateLimited(let wait?) = error { wait } else { .zero }
            }
            for grant in grants.grants {
                guard let digest = grant.stateDigest, let flow = byDigest[digest],
                    Conclusion.proves(grant, flow.claim)
                else { continue }
                await conclude(flow, grant: grant.id, .stateFound)
            }
            if grants.isLast || grants.grants.contains(where: { $0.updatedAt < earliest }) { return .zero }
            // A long list must not outlast the leases.
            for flow in flows { _ = await renew(flow) }
        }
        log(.listCutOff)
        return .zero
    }

    private func conclude(_ flow: Case, grant: GrantID, _ evidence: Conclusion.Evidence) async {
        let result = await conclusion.conclude(flow.claim, grant: grant, evidence, reference: flow.reference)
        if case .answered = result { forget(flow) }
    }

    /// - Returns: false if the flow is not ours any more, or the store cannot say so.
    private func renew(_ flow: Case) async -> Bool {
        do throws(StoreError) {
            if try await store.takeOver(flow.claim.flow, lease: leases.next(), at: wallClock.now()) { return true }
            forget(flow)
        } catch {
            log(.storeFailed(.takeOver, error), flow: flow.claim.flow, reference: flow.reference)
        }
        return false
    }

    /// Answers `unknown` when the patience is over.
    private func giveUp(_ flow: Case) async {
        let isPending = cases.withLock { $0[flow.claim.flow] != nil }
        guard isPending, time.elapsed - flow.since >= Settlement.patience else { return }
        let outcome = FlowOutcome(verdict: .unknown, reference: flow.reference, answeredAt: wallClock.now())
        do throws(StoreError) {
            _ = try await store.answer(flow.claim.flow, with: outcome, saving: nil, heldBy: leases.instance)
            log(.answered(outcome, excess: []), flow: flow.claim.flow, reference: flow.reference)
            forget(flow)
        } catch {
            log(.storeFailed(.save, error), flow: flow.claim.flow, reference: flow.reference)
        }
    }

    private func forget(_ flow: Case) {
        _ = cases.withLock { $0.removeValue(forKey: flow.claim.flow) }
        progress.end(flow.claim.flow)
    }

    /// Waits for the next round: 1, 2, 4, … 30 seconds, counted by the flow that has waited least; a new one shortens it.
    private func pause(atLeast restraint: Duration) async {
        let rounds = cases.withLock { $0.values.map(\.rounds).min() }
        let delay = rounds.map { Duration.seconds(min(30, 1 << min($0, 5))) } ?? Settlement.scanInterval
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [time] in
                _ = await time.sleep(for: max(delay, restraint))
            }
            group.addTask { [bell, time] in
                await bell.rung()
                // Nylas needs a moment to write down what it has done, and a flood of time-outs must not become one of lists.
                _ = await time.sleep(for: max(.seconds(1), restraint))
            }
            await group.next()
            group.cancelAll()
        }
    }
}
