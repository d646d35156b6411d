import Metrics
import Sockets
import Synchronization

/// How long a job waits for its turn on each event loop: what a connection waits before anything is done for it.
///
/// Once a second a job that does nothing but look at the clock is put into each loop's queue, and tells how long it lay
/// there. That is two wake-ups a second for each loop; measuring every job instead would cost each of them two looks at the
/// clock.
final class LoopLag: Sendable {
    static let interval = Duration.seconds(1)
    static let bounds: [Duration] = [.milliseconds(1), .milliseconds(10), .milliseconds(100), .seconds(1)]

    private struct Sample {
        var last = Duration.zero
        /// When the sample that still waits was put into the queue.
        var asked: ContinuousClock.Instant?
    }

    private let histogram: DurationHistogram
    private let samples: Mutex<[Sample]>
    private let now: @Sendable () -> ContinuousClock.Instant

    init(loops: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        histogram = DurationHistogram(bounds: Self.bounds, rows: loops)
        samples = Mutex(Array(repeating: Sample(), count: loops))
        self.now = now
    }

    /// Samples until the task is cancelled.
    func run(on loops: [EventLoop], clock: any Clock<Duration>) async {
        await run(clock: clock) { number in
            await withTaskGroup { group in
                group.addTask(name: "lag", executorPreference: loops[number]) { self.turnCame(number) }
            }
        }
    }

    /// - Parameter turn: has ``turnCame(_:)`` called on the loop of this number.
    func run(clock: any Clock<Duration>, turn: @escaping @Sendable (Int) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for number in 0..<histogram.rows {
                group.addTask {
                    while (try? await clock.sleep(for: Self.interval)) != nil {
                        self.samples.withLock { $0[number].asked = self.now() }
                        await turn(number)
                    }
                }
            }
        }
    }

    func turnCame(_ number: Int) {
        let now = now()
        let lag = samples.withLock { samples -> Duration? in
            guard let asked = samples[number].asked.take() else { return nil }
            samples[number].last = asked.duration(to: now)
            return samples[number].last
        }
        if let lag { histogram.record(lag, row: number) }
    }

    func write(to exposition: inout Exposition) {
        exposition.write(Metric.loopLag) { writer in
            for number in 0..<histogram.rows { writer.add(histogram, row: number, String(number)) }
        }
        let now = now()
        let current = samples.withLock { $0.map { max($0.last, $0.asked?.duration(to: now) ?? .zero) } }
        exposition.write(Metric.loopLagNow) { writer in
            for (number, lag) in current.enumerated() { writer.add(lag / .seconds(1), String(number)) }
        }
    }
}
