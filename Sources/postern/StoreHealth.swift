import GrantStore
import Synchronization

/// Whether the file store takes writes, without a write for each question.
///
/// Only a write tells: a full disk and a file system that has become read-only still answer every read. So one is tried when
/// somebody asks and the last answer has grown old, one for all who ask meanwhile. Nobody asks, nothing is written.
final class StoreHealth<C: Clock>: Sendable where C.Duration == Duration, C.Instant: Sendable {
    enum Verdict: Hashable, Sendable {
        case writable
        case failed(StoreError)
        /// No answer within ``StoreHealth/patience``: a disk that hangs.
        case silent
    }

    /// How long an answer is believed. A failure is looked at again sooner, so that a mended disk is not kept out of service.
    static var successAge: Duration { .seconds(5) }
    static var failureAge: Duration { .seconds(1) }
    static var patience: Duration { .seconds(2) }

    private struct State {
        var last: (verdict: Verdict, at: C.Instant)?
        var isTrying = false
        var number = 0
        var waiting: [Int: CheckedContinuation<Verdict, Never>] = [:]

        func fresh(at now: C.Instant) -> Verdict? {
            guard let last else { return nil }
            let age = last.verdict == .writable ? StoreHealth.successAge : StoreHealth.failureAge
            return last.at.duration(to: now) < age ? last.verdict : nil
        }
    }

    private let state = Mutex(State())
    private let clock: C
    private let tries: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let attempt: @Sendable () async throws(StoreError) -> Void

    /// - Parameter attempt: tries a write, and throws what kept it from the disk.
    init(clock: C, attempt: @escaping @Sendable () async throws(StoreError) -> Void) {
        self.clock = clock
        self.attempt = attempt
        (tries, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Tries when asked to, until the task is cancelled. Without it ``verdict()`` is `.silent`.
    func run() async {
        for await _ in tries {
            let verdict: Verdict
            do throws(StoreError) {
                try await attempt()
                verdict = .writable
            } catch {
                verdict = .failed(error)
            }
            let waiting = state.withLock { state in
                state.last = (verdict, clock.now)
                state.isTrying = false
                defer { state.waiting = [:] }
                return state.waiting
            }
            for continuation in waiting.values { continuation.resume(returning: verdict) }
        }
    }

    /// The last verdict if it is fresh, else a new one, within ``patience``.
    func verdict() async -> Verdict {
        let now = clock.now
        if let fresh = state.withLock({ $0.fresh(at: now) }) { return fresh }
        return await withTaskGroup { group in
            group.addTask { await self.next() }
            group.addTask {
                // Ends early, by cancellation, when the other has its answer; the group then wants no second one.
                try? await self.clock.sleep(for: Self.patience)
                return .silent
            }
            let first = await group.next() ?? .silent
            group.cancelAll()
            return first
        }
    }

    /// The verdict of the try under way, or of one that this begins; `.silent` when cancelled.
    private func next() async -> Verdict {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (known, rings) = state.withLock { state -> (Verdict?, Bool) in
                    // A cancellation that came first has found nobody to wake.
                    if Task.isCancelled { return (.silent, false) }
                    // The answer to another one's question may have come meanwhile.
                    if let fresh = state.fresh(at: clock.now) { return (fresh, false) }
                    state.waiting[number] = continuation
                    defer { state.isTrying = true }
                    return (nil, !state.isTrying)
                }
                if let known { continuation.resume(returning: known) }
                if rings { bell.yield() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: .silent)
        }
    }
}
