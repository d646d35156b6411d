import Testing

@testable import BulkGrants

@Suite("The pace of requests")
struct PaceTests {
    @Test func `gives each request a moment of its own, evenly`() {
        var pace = Pace(requestsPerSecond: 4)
        let slots = (0..<5).map { _ in pace.slot(at: .seconds(10)) }
        #expect(slots == [9.5, 9.75, 10, 10.25, 10.5].map { Duration.seconds($0) })
    }

    @Test func `never lets more through in a second than allowed and the little it may catch up`() {
        var pace = Pace(requestsPerSecond: 40)
        var now = Duration.zero
        var sent: [Duration] = []
        for number in 0..<1000 {
            let slot = max(pace.slot(at: now), now)
            sent.append(slot)
            now = slot + .milliseconds(number % 7 == 0 ? 90 : 1)
        }
        for first in sent { #expect(sent.count { first <= $0 && $0 < first + .seconds(1) } <= 43) }
    }

    @Test func `doubles its pauses up to thirty seconds, and begins anew after an answer`() {
        var pace = Pace(requestsPerSecond: 40)
        var now = Duration.zero
        var lengths: [Duration] = []
        for _ in 0..<7 {
            pace.pause(.pace, for: nil, jitter: 0, at: now)
            lengths.append(pace.pausedUntil - now)
            now = pace.pausedUntil
        }
        #expect(lengths == [1, 2, 4, 8, 16, 30, 30].map { Duration.seconds($0) })
        #expect(pace.trouble(at: now) == now)
        pace.settle()
        #expect(pace.trouble(at: now) == .zero)
        pace.pause(.pace, for: nil, jitter: 1, at: now)
        #expect(pace.pausedUntil - now == .seconds(1.25))
    }

    @Test func `pauses once for a crowd that is refused at once`() {
        var pace = Pace(requestsPerSecond: 40)
        for _ in 0..<16 { pace.pause(.pace, for: nil, jitter: 0, at: .zero) }
        #expect(pace.pausedUntil == .seconds(1))
        pace.pause(.provider, for: .seconds(7), jitter: 0, at: .zero)
        pace.pause(.provider, for: .seconds(3), jitter: 0, at: .zero)
        #expect(pace.pausedUntil == .seconds(7))
        #expect(pace.slot(at: .zero) == .seconds(7))
        #expect(pace.waiting(at: .seconds(2)) == .init(reason: .provider, remaining: .seconds(5)))
        #expect(pace.waiting(at: .seconds(7)) == nil)
    }
}
