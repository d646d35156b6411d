/// A clock that no change of the machine's time moves, reduced to the two things that flows need of one.
struct MonotonicTime: Sendable {
    private let read: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    init<C: Clock<Duration>>(_ clock: C) {
        let start = clock.now
        read = { start.duration(to: clock.now) }
        wait = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }

    /// How long ago this was made.
    var elapsed: Duration { read() }

    /// - Returns: false if the task was cancelled meanwhile.
    func sleep(for duration: Duration) async -> Bool {
        do {
            try await wait(duration)
            return true
        } catch {
            return false
        }
    }
}
