package import HTTPSemantics
import HTTPTypes
import Synchronization

/// Keeps each client network to a rate, on a clock that it is given.
///
/// The network is an IPv4 address or an IPv6 /64: whoever is given one of these has all of it.
package final class RateLimit: Sendable {
    /// Networks with a bucket of their own: together at most some 2 MB, and only under attack.
    private static let capacity = 16_384

    private let buckets: Mutex<TokenBuckets<NetworkAddress>>
    private let now: @Sendable () -> Duration
    private let isExempt: @Sendable (NetworkAddress) -> Bool

    /// - Parameters:
    ///   - now: how long ago some moment was; never goes back.
    ///   - isExempt: true for those through whom everybody comes, such as a configured proxy.
    package init(
        _ rate: Rate,
        now: @escaping @Sendable () -> Duration,
        isExempt: @escaping @Sendable (NetworkAddress) -> Bool = { _ in false }
    ) {
        buckets = Mutex(TokenBuckets(rate, capacity: Self.capacity))
        self.now = now
        self.isExempt = isExempt
    }

    /// Counts one more.
    ///
    /// - Returns: nil if the rate allows it; else how long until it does, and nothing was counted.
    package func take(by client: NetworkAddress) -> Duration? {
        guard !isExempt(client) else { return nil }
        // The clock is read under the lock: a moment must not come before one that another thread has brought already.
        return buckets.withLock { $0.take(client.subscriber, at: now()) }
    }

    /// How long a client has to wait by what was counted before, for a rate that counts only failures: ask this first, and
    /// ``take(by:)`` once it has failed.
    package func wait(for client: NetworkAddress) -> Duration? {
        guard !isExempt(client) else { return nil }
        return buckets.withLock { $0.wait(for: client.subscriber, at: now()) }
    }
}

extension Response {
    /// Says when to come again, in whole seconds, rounded up (RFC 9110 §10.2.3).
    package mutating func addRetryAfter(_ wait: Duration) {
        head.headerFields[.retryAfter] = String(wholeSeconds(wait))
    }
}

/// At least 1, and never less than the time that is left.
package func wholeSeconds(_ wait: Duration) -> Int {
    let (seconds, attoseconds) = wait.components
    return max(Int(seconds) + (attoseconds > 0 ? 1 : 0), 1)
}
