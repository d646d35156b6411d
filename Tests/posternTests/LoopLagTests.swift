import Metrics
import Synchronization
import TestSupport
import Testing

@testable import postern

@Suite("Event-loop lag", .timeLimit(.minutes(2)))
struct LoopLagTests {
    /// A monotonic time that a test moves.
    private final class Time: Sendable {
        private let instant = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { instant.withLock { $0 } }
        func advance(by duration: Duration) { instant.withLock { $0 += duration } }
    }

    private func lines(_ lag: LoopLag) -> [Substring] {
        var exposition = Exposition(.openMetrics)
        lag.write(to: &exposition)
        return String(decoding: exposition.finished(), as: UTF8.self).split(separator: "\n")
    }

    @Test func `a loop that is late is measured, the others are not`() async {
        let (time, clock) = (Time(), ManualClock())
        let lag = LoopLag(loops: 2, now: { time.now })
        let running = Task {
            await lag.run(clock: clock) { number in
                if number == 1 { time.advance(by: .milliseconds(50)) }
                lag.turnCame(number)
            }
        }
        for _ in 0..<3 {
            await clock.sleepers(atLeast: 2)
            clock.advance(by: LoopLag.interval)
        }
        await clock.sleepers(atLeast: 2)
        running.cancel()
        await running.value
        let lines = lines(lag)
        #expect(lines.contains("postern_event_loop_lag_seconds_count{loop=\"0\"} 3"))
        #expect(lines.contains("postern_event_loop_lag_seconds_bucket{loop=\"1\",le=\"0.01\"} 0"))
        #expect(lines.contains("postern_event_loop_lag_seconds_bucket{loop=\"1\",le=\"0.1\"} 3"))
        #expect(lines.contains("postern_event_loop_lag_current_seconds{loop=\"1\"} 0.05"))
    }

    @Test func `a loop that is stuck shows while it is`() async {
        let (time, clock) = (Time(), ManualClock())
        let lag = LoopLag(loops: 1, now: { time.now })
        let (turns, turn) = AsyncStream<Void>.makeStream()
        let (asks, asked) = AsyncStream<Void>.makeStream()
        let running = Task {
            await lag.run(clock: clock) { number in
                asked.yield()
                for await _ in turns { break }
                lag.turnCame(number)
            }
        }
        await clock.sleepers(atLeast: 1)
        clock.advance(by: LoopLag.interval)
        for await _ in asks { break }
        time.advance(by: .seconds(3))
        #expect(lines(lag).contains("postern_event_loop_lag_current_seconds{loop=\"0\"} 3.0"))
        #expect(lines(lag).contains("postern_event_loop_lag_seconds_count{loop=\"0\"} 0"))
        turn.yield()
        await clock.sleepers(atLeast: 1)
        running.cancel()
        await running.value
        #expect(lines(lag).contains("postern_event_loop_lag_seconds_bucket{loop=\"0\",le=\"1.0\"} 0"))
        #expect(lines(lag).contains("postern_event_loop_lag_seconds_count{loop=\"0\"} 1"))
    }
}
