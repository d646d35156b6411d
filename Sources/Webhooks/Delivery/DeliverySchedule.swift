package import Cryptography
package import Timekeeping

/// When a delivery is attempted again (pure: moments come from the caller).
///
/// Attempts follow each other after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, and then every 4 h, each moved by up to a tenth so
/// that what failed together does not come back together. The last is 24 hours after the first; then the delivery has failed.
package struct DeliverySchedule: Sendable {
    /// How long a delivery is attempted, from the beginning of its first attempt.
    package static let patience = Duration.seconds(24 * 3600)
    /// What a whole attempt may take, connecting included.
    package static let timeLimit = Duration.seconds(15)
    /// Longer than an attempt and the writing down of its end: who is silent for so long is dead.
    package static let lease = Duration.seconds(30)

    private static let delays = [5, 30, 120, 600, 1800, 3600, 7200, 14_400].map(Duration.seconds)

    private let random: RandomSource

    package init(random: RandomSource) {
        self.random = random
    }

    /// - Parameters:
    ///   - attempts: how many were begun; not 0.
    ///   - first: when the first of them began.
    ///   - retryAfter: how long the target asked for; it is never asked sooner, but once more at the end.
    /// - Returns: nil when that was the last attempt.
    package func next(
        afterAttempt attempts: Int,
        begunAt first: Timestamp,
        at now: Timestamp,
        retryAfter: Duration? = nil
    ) -> Timestamp? {
        let end = first + Self.patience
        // Nearer to the end than this, another attempt would say nothing new.
        guard now < end - .seconds(60) else { return nil }
        let delay = Self.delays[min(max(attempts, 1), Self.delays.count) - 1]
        return min(now + max(moved(delay), retryAfter ?? .zero), end)
    }

    /// Nine to eleven tenths of it.
    private func moved(_ delay: Duration) -> Duration {
        let drawn = random.bytes(2)
        let share = Int64(drawn[0]) << 8 | Int64(drawn[1])
        return .microseconds(delay.wholeMicroseconds * 9 / 10 + delay.wholeMicroseconds * share / 65_535 / 5)
    }
}
