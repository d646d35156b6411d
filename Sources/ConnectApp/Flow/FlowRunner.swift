import GrantStore
import Grants
import Nylas
import OAuth
import Synchronization
import Timekeeping

/// Claims, exchanges, judges and saves, in tasks that outlive the browser's connection: a phone that drops off must not
/// cancel a code that can be used once.
final class FlowRunner: Sendable {
    private typealias Job = @Sendable () async -> Void

    /// How long to wait before trying again what never left this machine.
    private static let retryDelays = [Duration.seconds(1), .seconds(3)]
    /// An exchange that took longer has used up too much of the lease for the call that follows.
    private static let renewalDue = Duration.seconds(30)

    private let redirectURI: String
    private let store: any GrantStore
    private let nylas: NylasClient
    private let wallClock: WallClock
    private let time: MonotonicTime
    private let leases: Leases
    private let conclusion: Conclusion
    private let settlement: Settlement
    private let connectors: ConnectorLook
    private let progress: FlowProgress
    private let log: FlowLog

    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init(
        redirectURI: String,
        store: any GrantStore,
        nylas: NylasClient,
        wallClock: WallClock,
        time: MonotonicTime,
        leases: Leases,
        conclusion: Conclusion,
        settlement: Settlement,
        connectors: ConnectorLook,
        progress: FlowProgress,
        log: FlowLog
    ) {
        self.redirectURI = redirectURI
        self.store = store
        self.nylas = nylas
        self.wallClock = wallClock
        self.time = time
        self.leases = leases
        self.conclusion = conclusion
        self.settlement = settlement
        self.connectors = connectors
        self.progress = progress
        self.log = log
        (jobs, queue) = AsyncStream.makeStream()
    }

    /// Takes a verified callback over; ``FlowProgress`` tells when it is over. A flow that is under way here is not taken twice.
    ///
    /// - Returns: false if the process is stopping or has its hands full: nothing was claimed, and the same callback may come
    ///   again.
    func submit(_ claim: FlowClaim, _ callback: VerifiedCallback, reference: String) -> Bool {
        switch progress.begin(claim.flow) {
        case .begun: break
        case .underWay: return true
        case .full:
            log(.handsFull, flow: claim.flow, reference: reference)
            return false
        }
        let job: Job = { await self.finish(claim, callback, reference: reference) }
        guard case .enqueued = queue.yield(job) else {
            progress.end(claim.flow)
            return false
        }
        return true
    }

    /// Runs what is submitted until ``drain()``, and then until the last of it is done.
    ///
    /// - Parameter executors: take turns; none for the system's pool.
    func run(on executors: [any TaskExecutor]) async {
        await withDiscardingTaskGroup { group in
            var number = 0
            for await job in jobs {
                let executor = executors.isEmpty ? nil : executors[number % executors.count]
                group.addTask(name: "flow", executorPreference: executor) { await job() }
                number &+= 1
            }
        }
    }

    /// Takes no more.
    func drain() {
        queue.finish()
    }

    private func finish(_ claim: FlowClaim, _ callback: VerifiedCallback, reference: String) async {
        switch await exchange(claim, callback, reference: reference) {
        case .over: progress.end(claim.flow)
        case .unknown(let grant): settlement.take(claim, grant: grant, reference: reference)
        }
    }

    private enum End {
        case over
        /// To be settled; the grant's ID where the exchange has brought it.
        case unknown(GrantID?)
    }

    private func exchange(_ claim: FlowClaim, _ callback: VerifiedCallback, reference: String) async -> End {
        do throws(StoreError) {
            switch try await claimPatiently(claim) {
            case .claimed: break
            case .underWay, .answered: return .over
            case .linkUsed, .linkBusy: return await turnAway(claim, .linkUsed, reference: reference)
            case .linkRevoked: return await turnAway(claim, .linkRevoked, reference: reference)
            // Confirmed a moment ago, or it would not have come here: the host app has taken it back.
            case .notConfirmed: return await turnAway(claim, .forSomeoneElse, reference: reference)
            }
        } catch {
            // The code was not used. Should the claim be on disk after all, it is settled like any other.
            log(.storeFailed(.claim, error), flow: claim.flow, reference: reference)
            return .over
        }
        do throws(NylasError) {
            let start = time.elapsed
            let grant = try await exchangeOnce(callback)
            if time.elapsed - start > FlowRunner.renewalDue, await !renew(claim) { return .over }
            switch await conclusion.conclude(claim, grant: grant, .exchanged, reference: reference) {
            case .answered, .undecided: return .over
            case .failed: return .unknown(grant)
            }
        } catch {
            log(.exchangeFailed(error), flow: claim.flow, reference: reference)
            if error.mayHaveActed { return .unknown(nil) }
            return await answer(claim, await verdict(error, claim, reference: reference), reference: reference)
        }
    }

    /// Claims the flow. While another flow of the same link is under way, which may still fail, this one waits for a while.
    private func claimPatiently(_ claim: FlowClaim) async throws(StoreError) -> ClaimResult {
        let start = time.elapsed
        while true {
            let result = try await store.claim(claim, lease: leases.next())
            guard case .linkBusy = result, time.elapsed - start < Callback.patience,
                await time.sleep(for: .seconds(1))
            else { return result }
        }
    }

    /// Ends a flow before its exchange: its code is left to expire.
    private func turnAway(_ claim: FlowClaim, _ verdict: FlowOutcome.Verdict, reference: String) async -> End {
        let outcome = FlowOutcome(verdict: verdict, reference: reference, answeredAt: wallClock.now())
        do throws(StoreError) {
            if try await store.record(outcome, for: claim) == .answered(outcome) {
                log(.answered(outcome, excess: []), flow: claim.flow, reference: reference)
            }
        } catch {
            log(.storeFailed(.record, error), flow: claim.flow, reference: reference)
        }
        return .over
    }

    /// Sends the code, and sends it again only if it never left this machine.
    private func exchangeOnce(_ callback: VerifiedCallback) async throws(NylasError) -> GrantID {
        let start = time.elapsed
        for delay in FlowRunner.retryDelays where time.elapsed - start + delay < NylasClient.timeLimit {
            do throws(NylasError) {
                return try await nylas.exchangeCode(of: callback, redirectURI: redirectURI)
            } catch .notSent(let cause) {
                guard await time.sleep(for: delay) else { throw .notSent(cause) }
            } catch {
                throw error
            }
        }
        return try await nylas.exchangeCode(of: callback, redirectURI: redirectURI)
    }

    /// What a failed exchange is called that did nothing.
    private func verdict(_ error: NylasError, _ claim: FlowClaim, reference: String) async -> FlowOutcome.Verdict {
        // A code that never left is as good as new, but the person's patience is not: start again.
        if case .notSent = error { return .unknown }
        return await connectors.explains(error, of: claim, reference: reference) ? .connectorMissing : .exchangeRefused
    }

    /// - Returns: false if another process has taken the claim over: it will end the flow.
    private func renew(_ claim: FlowClaim) async -> Bool {
        do throws(StoreError) {
            return try await store.takeOver(claim.flow, lease: leases.next(), at: wallClock.now())
        } catch {
            // The answer is only taken from the claim's holder anyway.
            return true
        }
    }

    private func answer(_ claim: FlowClaim, _ verdict: FlowOutcome.Verdict, reference: String) async -> End {
        let outcome = FlowOutcome(verdict: verdict, reference: reference, answeredAt: wallClock.now())
        do throws(StoreError) {
            _ = try await store.answer(claim.flow, with: outcome, saving: nil, heldBy: leases.instance)
            log(.answered(outcome, excess: []), flow: claim.flow, reference: reference)
            return .over
        } catch {
            log(.storeFailed(.save, error), flow: claim.flow, reference: reference)
            return .unknown(nil)
        }
    }
}
