import Testing

@testable import Sockets

@Suite("Deadlines")
struct DeadlineTests {
    private let start = Deadline.now

    @Test(
        arguments: [
            .zero, .nanoseconds(1), .milliseconds(20), .seconds(86_400 * 365), .nanoseconds(-1), .seconds(-60),
        ] as [Duration]
    )
    func `a duration later is that duration away`(duration: Duration) {
        #expect(start.duration(to: start + duration) == duration)
        #expect((start + duration).duration(to: start) == .zero - duration)
        #expect(start + duration - duration == start)
        #expect((start < start + duration) == (duration > .zero))
    }

    @Test func `what is finer than a nanosecond is cut off`() {
        #expect(start + Duration(attoseconds: 1_999_999_999) == start + .nanoseconds(1))
    }

    @Test func `the end of time is a deadline like another`() {
        let last = start + .seconds(Int64.max)
        #expect(last + .seconds(1) == last && last > start + .seconds(86_400 * 365 * 100))
        let first = start - .seconds(Int64.max) - .seconds(Int64.max)
        #expect(first - .seconds(1) == first && first < start)
        #expect(first.duration(to: last) > start.duration(to: last))
    }

    @Test(
        arguments: [
            (.zero, 0), (.seconds(-1), 0), (.nanoseconds(1), 1), (.microseconds(999), 1), (.milliseconds(1), 2),
            (.milliseconds(250), 251), (.seconds(3600), 3_600_001), (.seconds(Int64.max), 3_600_001),
        ] as [(Duration, Int32)]
    )
    func `a loop sleeps until the deadline has passed, and never much longer than an hour`(
        rest: Duration,
        milliseconds: Int32
    ) {
        #expect(start.millisecondsToSleep(until: start + rest) == milliseconds)
    }
}
