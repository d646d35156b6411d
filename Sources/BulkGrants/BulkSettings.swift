package import GrantStore
import Synchronization

/// How a run is worked on.
package struct BulkSettings: Sendable {
    /// Nylas's limit is 50 for the application, and people connect beside a run.
    package static let defaultRequestsPerSecond = 40
    package static let nylasRequestsPerSecond = 50
    /// What Nylas asks for between an administrator's consent and the first grant.
    package static let consentDelay = Duration.seconds(300)

    package var requestsPerSecond = BulkSettings.defaultRequestsPerSecond
    /// Requests under way at a time.
    package var concurrency = 16
    /// How often a row is sent whose outcome stayed unknown each time.
    package var attempts = 4
    /// How long nothing but pauses may follow each other before the run is given up for now.
    package var patience = Duration.seconds(900)
    /// How long after the moment of readiness a refusal of the very first rows is taken for a consent that has not spread.
    package var consentGrace = Duration.seconds(600)

    package init() {}
}

/// How the work on a run ended. Whatever it was, the run can be gone on with.
package enum BulkEnd: Hashable, Sendable {
    case finished
    /// As asked for.
    case stopped
    case unknownRun
    /// Another process works on a run of this store.
    case heldElsewhere
    /// Nylas does not take the API key.
    case unauthorized
    /// Nylas could not be reached for the length of the patience.
    case unreachable
    /// Nothing but 429 for the length of the patience.
    case throttled
    case store(StoreError)
}

/// Where a run is, for a person who watches it.
package struct BulkProgress: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// The administrator's consent spreads.
        case consent
        /// 429 of Nylas, or of the mail provider.
        case pace
        case provider
        case unreachable
        /// Many requests in a row failed at Nylas.
        case trouble
        /// Finding out what has become of rows that were sent.
        case looking
    }

    package struct Waiting: Hashable, Sendable {
        package var reason: Reason
        package var remaining: Duration

        package init(reason: Reason, remaining: Duration) {
            self.reason = reason
            self.remaining = remaining
        }
    }

    package var counts: BulkCounts
    package var waiting: Waiting?

    package init(counts: BulkCounts, waiting: Waiting? = nil) {
        self.counts = counts
        self.waiting = waiting
    }
}

/// The wish that a run stop: what is under way is still answered and saved.
package final class BulkStop: Sendable {
    private let isWished = Mutex(false)

    package init() {}

    package func begin() { isWished.withLock { $0 = true } }

    package var hasBegun: Bool { isWished.withLock { $0 } }
}

/// A clock that no change of the machine's time moves, reduced to what a run needs.
package struct BulkTime: Sendable {
    private let read: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    package init<C: Clock<Duration>>(_ clock: C) {
        let start = clock.now
        read = { start.duration(to: clock.now) }
        wait = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }

    var elapsed: Duration { read() }

    /// Cut short where the task is cancelled.
    func sleep(for duration: Duration) async { try? await wait(duration) }
}
