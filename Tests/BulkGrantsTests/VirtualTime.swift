import Synchronization
import Timekeeping

/// A clock on which whoever sleeps moves the time on to his waking: pauses cost nothing, and the wall clock goes with it.
final class VirtualTime: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    static let start = Timestamp(secondsSince1970: 1_787_302_200)
    private let moment = Mutex(Instant(offset: .zero))

    var now: Instant { moment.withLock { $0 } }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        moment.withLock { $0 = max($0, deadline) }
        await Task.yield()
    }

    func advance(by duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }

    var wallClock: WallClock { WallClock { Self.start + self.now.offset } }
}
