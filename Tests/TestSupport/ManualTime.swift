import Synchronization
package import Timekeeping

/// A wall clock that a test moves by hand.
package final class ManualWallClock: Sendable {
    private let moment: Mutex<Timestamp>

    package init(_ start: Timestamp = Timestamp(secondsSince1970: 1_787_302_200)) {
        moment = Mutex(start)
    }

    package var clock: WallClock {
        WallClock { self.moment.withLock { $0 } }
    }

    package var now: Timestamp { moment.withLock { $0 } }

    package func advance(by duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}

/// A monotonic clock that a test moves by hand; sleepers wake when it reaches their deadline.
package final class ManualClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - offset }
        package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        var number: Int
        var deadline: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var number = 0
        var sleepers: [Sleeper] = []
        var arrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .zero }

    package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (result, arrivals) = state.withLock {
                    state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
                    if state.cancelled.remove(number) != nil { return (.failure(CancellationError()), []) }
                    if deadline <= state.now { return (.success(()), []) }
                    state.sleepers.append(Sleeper(number: number, deadline: deadline, continuation: continuation))
                    let arrived = state.arrivals.filter { $0.count <= state.sleepers.count }.map(\.continuation)
                    state.arrivals.removeAll { $0.count <= state.sleepers.count }
                    return (nil, arrived)
                }
                if let result { continuation.resume(with: result) }
                for arrival in arrivals { arrival.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.insert(number)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time and wakes everybody whose deadline has come.
    package func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Returns once at least so many tasks sleep: a test then knows that advancing will reach them.
    package func sleepers(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let enough = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.arrivals.append((count, continuation))
                return false
            }
            if enough { continuation.resume() }
        }
    }
}
