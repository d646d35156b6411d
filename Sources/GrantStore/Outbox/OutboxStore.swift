package import Grants
package import Timekeeping

/// Where events wait until each target has them: at least once, in no promised order.
///
/// An event is written in the transaction of what it tells, so that neither is ever there without the other. A delivery is
/// attempted under a lease, so that of several processes one attempts it; who dies under a lease leaves it to the others.
package protocol OutboxStore: Sendable {
    /// Writes down an event that stands for no change in the store, for some of the targets of the store's policy.
    ///
    /// - Parameter targets: nil for all; names that the policy does not have are left out.
    /// - Returns: nil, and nothing is written, if no target is left.
    func tell(_ news: OutboxNews, to targets: [String]?) async throws(StoreError) -> OutboxEvent?

    /// Takes deliveries that are due at the moment, the longest due first, and counts an attempt of each.
    ///
    /// Nobody else is given them before the lease runs out.
    func takeDue(
        for target: String,
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [OutboxEntry]

    /// Ends an attempt.
    ///
    /// - Parameter standing: `delivered`, `failed`, or `waiting` until the next attempt.
    /// - Returns: false if the delivery is no longer ours, and was not touched.
    func settle(
        _ event: EventID,
        for target: String,
        as standing: OutboxDelivery.Standing,
        result: String,
        heldBy instance: String
    ) async throws(StoreError) -> Bool

    /// When the next delivery for the target is due or, if somebody attempts it, may be taken; nil if none waits.
    func nextDue(for target: String) async throws(StoreError) -> Timestamp?

    /// Newest first.
    func events(matching filter: OutboxFilter) async throws(StoreError) -> [OutboxEntry]

    func event(_ id: EventID) async throws(StoreError) -> OutboxEntry?

    /// Makes deliveries due at once as if they had never been attempted.
    ///
    /// Those that are waiting are left alone. An event keeps its ID and what it says.
    ///
    /// - Returns: how many deliveries wait again.
    func replay(_ selection: ReplaySelection) async throws(StoreError) -> Int

    /// Forgets deliveries that have ended, and those that nobody has attempted since `failedBefore`, because their target is
    /// gone; with the last delivery of an event, the event.
    ///
    /// - Returns: how many deliveries.
    func purgeOutbox(
        deliveredBefore delivered: Timestamp,
        failedBefore failed: Timestamp
    ) async throws(StoreError) -> Int

    /// How much waits and has failed, by target; a target with neither may be missing.
    func outboxBacklog() async throws(StoreError) -> [String: OutboxBacklog]
}

/// Which events to list; nil means any.
package struct OutboxFilter: Sendable {
    package enum State: String, Sendable, CaseIterable {
        case waiting
        case delivered
        case failed
    }

    /// Events of which at least one delivery (to the target, if that is given) stands so.
    package var state: State?
    package var target: String?
    package var grant: GrantID?
    package var since: Timestamp?
    /// Continues a list behind this event.
    package var before: Int64?
    /// 1 to 1000.
    package var limit: Int

    package init(
        state: State? = nil,
        target: String? = nil,
        grant: GrantID? = nil,
        since: Timestamp? = nil,
        before: Int64? = nil,
        limit: Int = 100
    ) {
        self.state = state
        self.target = target
        self.grant = grant
        self.since = since
        self.before = before
        self.limit = limit
    }

    var boundedLimit: Int { min(max(limit, 1), 1000) }
}

/// Which ended deliveries begin anew.
package struct ReplaySelection: Hashable, Sendable {
    package enum Events: Hashable, Sendable {
        /// One event, however its deliveries have ended.
        case one(EventID)
        /// Events from the moment on whose delivery has failed; on demand the delivered ones too.
        case since(Timestamp, evenDelivered: Bool)
    }

    package var events: Events
    /// nil for all targets.
    package var target: String?

    package init(_ events: Events, target: String? = nil) {
        self.events = events
        self.target = target
    }
}

package struct OutboxBacklog: Hashable, Sendable {
    package var waiting: Int
    package var failed: Int
    /// When the oldest event happened that still waits.
    package var oldestWaiting: Timestamp?

    package init(waiting: Int, failed: Int, oldestWaiting: Timestamp?) {
        self.waiting = waiting
        self.failed = failed
        self.oldestWaiting = oldestWaiting
    }
}
