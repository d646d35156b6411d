package import Cryptography
package import GrantStore
package import Nylas
import Synchronization
package import Timekeeping

/// The server's work on bulk runs: one after the other, those that are ready first, also after a restart.
///
/// A command that works on runs of the same store has the right to alone (``BulkStore/holdBulkWork()``): then this one waits.
package final class BulkService: Sendable {
    /// What an operator may want to know.
    package enum Event: Hashable, Sendable {
        case began(BulkRunID)
        case ended(BulkRunID, BulkEnd, BulkCounts)
    }

    private struct State {
        var isDraining = false
        /// Something has changed since the store was last asked.
        var hasNews = true
        var current: Current?
    }

    private struct Current {
        let run: BulkRunID
        let stop: BulkStop
        var progress: BulkProgress?
        var rate = BulkRate()
        var perSecond: Double?
    }

    package let store: any GrantStore & BulkStore
    let settings: BulkSettings
    let wallClock: WallClock
    private let client: NylasClient
    private let time: BulkTime
    private let random: RandomSource
    private let note: @Sendable (Event) -> Void
    private let state = Mutex(State())
    private let bell = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    package init(
        store: any GrantStore & BulkStore,
        client: NylasClient,
        settings: BulkSettings = BulkSettings(),
        wallClock: WallClock,
        time: BulkTime,
        random: RandomSource,
        note: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.store = store
        self.client = client
        self.settings = settings
        self.wallClock = wallClock
        self.time = time
        self.random = random
        self.note = note
        // What an earlier process has left.
        bell.continuation.yield()
    }

    /// Works until ``drain()``, and returns once what was under way is saved.
    package func run() async {
        for await _ in bell.stream {
            while await workOnNext() {}
            if state.withLock({ $0.isDraining }) { return }
        }
    }

    /// Something is to be done, or no longer.
    package func ring() {
        state.withLock { $0.hasNews = true }
        bell.continuation.yield()
    }

    /// Sends nothing more.
    package func drain() {
        state.withLock { state in
            state.isDraining = true
            state.current?.stop.begin()
        }
        bell.continuation.yield()
    }

    /// Cancels a run: what is under way is still answered and saved.
    ///
    /// - Returns: the run as it is now; nil if it is unknown.
    package func cancel(_ run: BulkRunID) async throws(StoreError) -> BulkRun? {
        let cancelled = try await store.cancel(run)
        state.withLock { state in
            if state.current?.run == run { state.current?.stop.begin() }
        }
        ring()
        return cancelled
    }

    /// Gives a run to the server, whoever has begun it.
    package func resume(_ run: BulkRunID) async throws(StoreError) {
        try await store.setServed(true, because: nil, of: run)
        ring()
    }

    // MARK: the work

    /// - Returns: false if there is nothing to do until the next ring.
    private func workOnNext() async -> Bool {
        let isDraining = state.withLock { state in
            state.hasNews = false
            return state.isDraining
        }
        guard !isDraining else { return false }
        let open: [BulkRun]
        do throws(StoreError) {
            open = try await store.servedRuns()
        } catch {
            await doze(for: Self.storePause)
            return true
        }
        guard !open.isEmpty else { return false }
        let now = wallClock.now()
        guard let run = open.first(where: { $0.isReady(at: now) }) else {
            let ready = open.compactMap(\.readyAt).min() ?? now
            await doze(for: min(ready.duration(since: now), .seconds(60)))
            return true
        }
        await work(on: run)
        return true
    }

    private func work(on run: BulkRun) async {
        let stop = BulkStop()
        let isDraining = state.withLock { state in
            state.current = Current(run: run.id, stop: stop)
            return state.isDraining
        }
        guard !isDraining else { return }
        note(.began(run.id))
        let runner = BulkRunner(
            store: store,
            client: client,
            settings: settings,
            wallClock: wallClock,
            time: time,
            random: random,
            stop: stop,
            report: { self.report($0) }
        )
        let end = await runner.work(on: run.id)
        let counts = state.withLock { state in
            defer { state.current = nil }
            return state.current?.progress?.counts ?? BulkCounts()
        }
        if end != .heldElsewhere { note(.ended(run.id, end, counts)) }
        switch end {
        // Stopped by a drain, it is gone on with after the restart; by a cancellation, it is looked at once more.
        case .finished, .stopped, .unknownRun: break
        case .heldElsewhere: await doze(for: Self.holdPause)
        case .store: await doze(for: Self.storePause)
        case .unauthorized, .unreachable, .throttled:
            do throws(StoreError) {
                try await store.setServed(false, because: end.reason, of: run.id)
            } catch {
                await doze(for: Self.storePause)
            }
        }
    }

    private static let holdPause = Duration.seconds(5)
    private static let storePause = Duration.seconds(30)

    /// Waits, unless there is news.
    private func doze(for length: Duration) async {
        let end = time.elapsed + length
        while time.elapsed < end, !Task.isCancelled, !state.withLock({ $0.isDraining || $0.hasNews }) {
            await time.sleep(for: min(end - time.elapsed, BulkSession.slice))
        }
    }

    private func report(_ progress: BulkProgress) {
        let now = time.elapsed
        state.withLock { state in
            guard var current = state.current else { return }
            current.progress = progress
            current.perSecond = current.rate.note(progress.counts.total - progress.counts.open, at: now)
            state.current = current
        }
    }

    /// Where the work on a run is right now; nil if the server is not at it.
    func work(on run: BulkRunID) -> (progress: BulkProgress?, perSecond: Double?)? {
        state.withLock { state in
            state.current.flatMap { $0.run == run ? ($0.progress, $0.perSecond) : nil }
        }
    }
}

extension BulkEnd {
    /// Whether nobody needs to do anything about it.
    package var isAsItShould: Bool { self == .finished || self == .stopped }

    /// Why the server stopped, as it is kept and logged.
    package var reason: String {
        switch self {
        case .finished: "finished"
        case .stopped: "stopped"
        case .unknownRun: "unknown_run"
        case .heldElsewhere: "held_elsewhere"
        case .unauthorized: "unauthorized"
        case .unreachable: "unreachable"
        case .throttled: "throttled"
        case .store: "store"
        }
    }
}

extension BulkRun {
    /// Whether there is nothing to wait for: an ending needs no consent.
    func isReady(at now: Timestamp) -> Bool {
        cancelledAt != nil || readyAt.map { $0 <= now } ?? true
    }
}
