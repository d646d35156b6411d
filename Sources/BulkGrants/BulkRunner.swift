package import Cryptography
package import GrantStore
import Grants
package import Nylas
import Synchronization
package import Timekeeping

/// Works on one run: sends its rows at Nylas's pace, each outcome on disk before it counts, until all have one.
///
/// Rows are taken in waves and marked as sent before they are. So what a crash leaves as sent is settled by a look at Nylas's list, and
/// sent again only if it is not there. Retries that help come after all fresh rows: a pass over the run is a pause by itself.
package struct BulkRunner: Sendable {
    let store: any BulkStore
    let client: NylasClient
    let settings: BulkSettings
    let wallClock: WallClock
    let time: BulkTime
    let random: RandomSource
    let stop: BulkStop
    let report: @Sendable (BulkProgress) -> Void

    /// - Parameter report: called at each change, and several times a second during pauses; from several tasks.
    package init(
        store: any BulkStore,
        client: NylasClient,
        settings: BulkSettings,
        wallClock: WallClock,
        time: BulkTime,
        random: RandomSource,
        stop: BulkStop,
        report: @escaping @Sendable (BulkProgress) -> Void
    ) {
        self.store = store
        self.client = client
        self.settings = settings
        self.wallClock = wallClock
        self.time = time
        self.random = random
        self.stop = stop
        self.report = report
    }

    package func work(on id: BulkRunID) async -> BulkEnd {
        do throws(StoreError) {
            guard let hold = try await store.holdBulkWork() else { return .heldElsewhere }
            defer { withExtendedLifetime(hold) {} }
            guard let run = try await store.bulkRun(id) else { return .unknownRun }
            let session = BulkSession(run: run, runner: self, counts: try await store.counts(of: id))
            return await session.work()
        } catch {
            return .store(error)
        }
    }
}

/// One process's work on one run.
final class BulkSession: Sendable {
    struct State {
        var counts: BulkCounts
        var pace: Pace
        /// Requests in a row whose outcome is unknown.
        var unknowns = 0
        /// Set once: nothing more is sent.
        var end: BulkEnd?
    }

    let run: BulkRun
    let runner: BulkRunner
    let state: Mutex<State>

    init(run: BulkRun, runner: BulkRunner, counts: BulkCounts) {
        self.run = run
        self.runner = runner
        state = Mutex(State(counts: counts, pace: Pace(requestsPerSecond: runner.settings.requestsPerSecond)))
    }

    func work() async -> BulkEnd {
        var passes = 0
        do throws(StoreError) {
            report()
            try await settle()
            await waitForConsent()
            while !mustStop {
                let wave = try await runner.store.take(waveSize, of: run.id)
                guard wave.isEmpty else {
                    note(taken: wave.count)
                    await send(wave)
                    continue
                }
                guard state.withLock({ $0.counts.open }) > 0 else {
                    _ = try await runner.store.finish(run.id)
                    return .finished
                }
                // Whatever kept the rows from an outcome gets time to pass: 2, 4, 8 … seconds.
                pause(.looking, for: .seconds(2 << min(passes, 4)))
                passes += 1
                try await settle()
            }
        } catch {
            conclude(.store(error))
        }
        return state.withLock { $0.end } ?? .stopped
    }

    /// What a second or two can send; one row alone while it is not known whether the consent has spread.
    private var waveSize: Int {
        isAwaitingConsent ? 1 : min(256, max(runner.settings.concurrency, runner.settings.requestsPerSecond * 2))
    }

    /// Whether a refusal may only mean that it is too early.
    var isAwaitingConsent: Bool {
        guard let readyAt = run.readyAt, runner.wallClock.now() < readyAt + runner.settings.consentGrace else {
            return false
        }
        return state.withLock { $0.counts[.connected] + $0.counts[.reauthenticated] } == 0
    }

    private func waitForConsent() async {
        guard let readyAt = run.readyAt, state.withLock({ $0.counts.open }) > 0 else { return }
        let remaining = readyAt.duration(since: runner.wallClock.now())
        guard remaining > .zero else { return }
        pause(.consent, for: remaining)
        while !mustStop, let waiting = state.withLock({ $0.pace.waiting(at: runner.time.elapsed) }) {
            await runner.time.sleep(for: min(waiting.remaining, BulkSession.slice))
            report()
        }
        // It was no trouble: the service's patience begins now.
        state.withLock { $0.pace.settle() }
    }

    /// How long a wish to stop may go unnoticed.
    static let slice = Duration.milliseconds(250)

    var mustStop: Bool { runner.stop.hasBegun || state.withLock { $0.end != nil } }

    func conclude(_ end: BulkEnd) {
        state.withLock { $0.end = $0.end ?? end }
    }

    func pause(_ reason: BulkProgress.Reason, for length: Duration?) {
        let jitter = Double(runner.random.bytes(1).first ?? 0) / 256
        let now = runner.time.elapsed
        state.withLock { $0.pace.pause(reason, for: length, jitter: jitter, at: now) }
        report()
    }

    /// Waits for a request's turn.
    ///
    /// - Returns: false if nothing more is to be sent.
    func turn() async -> Bool {
        while !mustStop {
            let now = runner.time.elapsed
            let slot = state.withLock { $0.pace.slot(at: now) }
            while runner.time.elapsed < slot {
                guard !mustStop else { return false }
                await runner.time.sleep(for: min(slot - runner.time.elapsed, BulkSession.slice))
                if state.withLock({ $0.pace.waiting(at: runner.time.elapsed) != nil }) { report() }
            }
            // A pause that began meanwhile takes the turn away.
            let isPaused = state.withLock { $0.pace.waiting(at: runner.time.elapsed) != nil }
            if !isPaused { return !mustStop }
        }
        return false
    }

    private func note(taken count: Int) {
        state.withLock { state in
            state.counts[.pending] -= count
            state.counts[.sent] += count
        }
        report()
    }

    func report() {
        let now = runner.time.elapsed
        let progress = state.withLock { BulkProgress(counts: $0.counts, waiting: $0.pace.waiting(at: now)) }
        runner.report(progress)
    }
}
