import HTTPSemantics
import HTTPTypes
import Synchronization
import TestSupport
import Testing

@testable import Web

@Suite("Token buckets")
struct TokenBucketsTests {
    /// One token a second, three at once.
    private static let slow = Rate(perMinute: 60, burst: 3)

    /// Takes until there is none, and says how many that were.
    private func drain(_ buckets: inout TokenBuckets<Int>, _ key: Int, at now: Duration) -> Int {
        var count = 0
        while buckets.take(key, at: now) == nil { count += 1 }
        return count
    }

    @Test func `so many at once, and then one each time one has come back`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        #expect(drain(&buckets, 1, at: .zero) == 3)
        #expect(buckets.take(1, at: .milliseconds(999)) == .milliseconds(1))
        #expect(buckets.take(1, at: .seconds(1)) == nil)
        #expect(buckets.take(1, at: .seconds(1)) == .seconds(1))
    }

    @Test func `being refused costs nothing, however often`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        #expect(drain(&buckets, 1, at: .zero) == 3)
        for _ in 0..<1000 { #expect(buckets.take(1, at: .milliseconds(500)) == .milliseconds(500)) }
        #expect(buckets.take(1, at: .seconds(1)) == nil)
    }

    @Test func `a bucket never holds more than its burst`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        #expect(drain(&buckets, 1, at: .zero) == 3)
        #expect(drain(&buckets, 1, at: .seconds(2)) == 2)
        #expect(drain(&buckets, 1, at: .seconds(86_400 * 365)) == 3)
    }

    @Test func `one key's tokens are no other's`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        for key in 0..<8 { #expect(drain(&buckets, key, at: .zero) == 3) }
    }

    @Test func `a bucket that is emptied fills as one that was used up`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        for start in [0, 1000] {
            buckets.empty(1, at: .seconds(start))
            buckets.empty(1, at: .seconds(start))
            #expect(buckets.take(1, at: .seconds(start)) == .seconds(1))
            #expect(drain(&buckets, 1, at: .seconds(start + 2)) == 2)
        }
        #expect(drain(&buckets, 2, at: .seconds(1000)) == 3)
    }

    @Test func `looking takes nothing`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 8)
        for _ in 0..<10 { #expect(buckets.wait(for: 1, at: .zero) == nil) }
        #expect(drain(&buckets, 1, at: .zero) == 3)
        #expect(buckets.wait(for: 1, at: .milliseconds(400)) == .milliseconds(600))
        #expect(buckets.wait(for: 1, at: .seconds(1)) == nil)
    }

    @Test func `who has used up his own gains nothing by the addresses of others`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 16, sharedBuckets: 4)
        #expect(drain(&buckets, 0, at: .zero) == 3)
        for other in 1..<100_000 { _ = buckets.take(other, at: .zero) }
        #expect(buckets.take(0, at: .zero) == .seconds(1))
        #expect(buckets.take(0, at: .milliseconds(999)) != nil)
    }

    @Test func `memory stays within its bounds, whoever comes`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 16, sharedBuckets: 4)
        for key in 0..<100_000 {
            _ = buckets.take(key, at: .microseconds(key * 100))
            #expect(buckets.count <= 32)
        }
    }

    @Test func `once the crowd is gone everybody has a bucket of his own again`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 4, sharedBuckets: 1)
        for key in 0..<1000 { _ = buckets.take(key, at: .zero) }
        #expect(buckets.take(2000, at: .zero) != nil)
        for key in 2000..<2004 { #expect(drain(&buckets, key, at: .seconds(6)) == 3) }
    }

    @Test func `newcomers in a crowd share, and still get through`() {
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 4, sharedBuckets: 1)
        for key in 0..<4 { _ = buckets.take(key, at: .zero) }
        var served = 0
        for key in 10..<20 where buckets.take(key, at: .zero) == nil { served += 1 }
        #expect(served == 3)
    }

    /// A model with one bucket for each key for ever.
    private struct Unbounded {
        var full: [Int: Int64] = [:]

        mutating func take(_ key: Int, at now: Int64) -> Bool {
            let next = max(full[key] ?? 0, now) + 1000
            guard next <= now + 3000 else { return false }
            full[key] = next
            return true
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `nobody ever gets more than with a bucket of his own for ever`(_ seed: UInt64) {
        var random = Numbers(state: seed)
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 5, sharedBuckets: 2)
        // Fed with what was let through: were it ever more than allowed, the model would say no.
        var model = Unbounded()
        var now: Int64 = 0
        for _ in 0..<5000 {
            now += Int64(random.next() % 400)
            let key = Int(random.next() % 23)
            guard buckets.take(key, at: .milliseconds(now)) == nil else { continue }
            let isAllowed = model.take(key, at: now)
            #expect(isAllowed)
        }
    }

    @Test func `with room for all it is just like a bucket of one's own for ever`() {
        var random = Numbers(state: 7)
        var buckets = TokenBuckets<Int>(Self.slow, capacity: 100)
        var model = Unbounded()
        var now: Int64 = 0
        for _ in 0..<20_000 {
            now += Int64(random.next() % 300)
            let key = Int(random.next() % 23)
            let isServed = buckets.take(key, at: .milliseconds(now)) == nil
            let isAllowed = model.take(key, at: now)
            #expect(isServed == isAllowed)
        }
    }

    /// SplitMix64.
    private struct Numbers {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}

@Suite("Rates of client networks")
struct RateLimitTests {
    private static func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text)) }

    /// On a clock that stands still.
    private func limit(exempt: NetworkAddress? = nil) -> RateLimit {
        RateLimit(Rate(perMinute: 1, burst: 2)) {
            .zero
        } isExempt: {
            $0 == exempt
        }
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.8"), ("203.0.113.7", "2001:db8::1"), ("2001:db8:0:1::1", "2001:db8:0:2::1"),
    ])
    func `two networks do not disturb each other`(_ one: String, _ other: String) throws {
        let limit = limit()
        let (one, other) = (try Self.address(one), try Self.address(other))
        for _ in 0..<2 { #expect(limit.take(by: one) == nil) }
        #expect(limit.take(by: one) == .seconds(60))
        #expect(limit.take(by: other) == nil)
    }

    @Test(arguments: [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"), ("203.0.113.7", "::ffff:203.0.113.7"),
    ])
    func `all addresses of one network are one client`(_ one: String, _ other: String) throws {
        let limit = limit()
        #expect(limit.take(by: try Self.address(one)) == nil)
        #expect(limit.take(by: try Self.address(other)) == nil)
        #expect(limit.take(by: try Self.address(one)) != nil)
        #expect(limit.wait(for: try Self.address(other)) == .seconds(60))
    }

    @Test func `those through whom everybody comes are not counted`() throws {
        let proxy = try Self.address("10.0.0.1")
        let limit = limit(exempt: proxy)
        for _ in 0..<100 { #expect(limit.take(by: proxy) == nil) }
        #expect(limit.wait(for: proxy) == nil)
    }

    @Test func `failures alone can be counted`() throws {
        let (limit, client) = (limit(), try Self.address("203.0.113.7"))
        for _ in 0..<2 {
            #expect(limit.wait(for: client) == nil)
            #expect(limit.take(by: client) == nil)
        }
        #expect(limit.wait(for: client) == .seconds(60))
    }

    @Test(arguments: [
        (Duration.nanoseconds(1), "1"), (.milliseconds(999), "1"), (.seconds(1), "1"), (.milliseconds(1001), "2"),
        (.seconds(59.5), "60"), (.zero, "1"),
    ])
    func `Retry-After is in whole seconds and never too early`(_ wait: Duration, _ value: String) {
        var response = Response(status: .tooManyRequests)
        response.addRetryAfter(wait)
        #expect(response.head.headerFields[.retryAfter] == value)
    }
}
