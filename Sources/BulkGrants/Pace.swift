/// When the next request may leave: one every so often, none during a pause. Pure; times are durations since some beginning.
struct Pace: Sendable {
    private let interval: Duration
    private var next = Duration.zero
    private(set) var pausedUntil = Duration.zero
    private(set) var reason: BulkProgress.Reason?
    /// Pauses since the last answer that was one.
    private var pauses = 0
    private var troubleSince: Duration?

    init(requestsPerSecond: Int) {
        interval = .seconds(1) / max(requestsPerSecond, 1)
    }

    /// The moment of one request; each moment is given out once.
    mutating func slot(at now: Duration) -> Duration {
        // A little of what was missed may be caught up with: timers are late, and the pace would never be reached.
        let slot = max(next, now - interval * 2, pausedUntil)
        next = slot + interval
        return slot
    }

    /// Nothing leaves for a while. Pauses that come while one lasts are answers to older requests, and count once.
    ///
    /// - Parameters:
    ///   - length: as the service asked for; nil doubles from one second to thirty.
    ///   - jitter: 0 to 1, added as up to a quarter.
    mutating func pause(_ reason: BulkProgress.Reason, for length: Duration?, jitter: Double, at now: Duration) {
        troubleSince = troubleSince ?? now
        self.reason = reason
        if let length {
            pausedUntil = max(pausedUntil, now + length)
        } else if now >= pausedUntil {
            let seconds = min(30, 1 << min(pauses, 5))
            pauses += 1
            pausedUntil = now + .seconds(seconds) * (1 + jitter / 4)
        }
        next = max(next, pausedUntil)
    }

    /// The service has answered as it should, be it with a refusal.
    mutating func settle() {
        pauses = 0
        troubleSince = nil
    }

    /// How long there has been nothing but trouble.
    func trouble(at now: Duration) -> Duration {
        troubleSince.map { now - $0 } ?? .zero
    }

    /// - Returns: nil while nothing keeps requests from leaving.
    func waiting(at now: Duration) -> BulkProgress.Waiting? {
        guard let reason, now < pausedUntil else { return nil }
        return BulkProgress.Waiting(reason: reason, remaining: pausedUntil - now)
    }
}
