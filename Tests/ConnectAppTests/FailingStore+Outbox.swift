import GrantStore
import Timekeeping

extension FailingStore {
    func tell(_ news: OutboxNews, to targets: [String]?) async throws(StoreError) -> OutboxEvent? {
        try await inner.tell(news, to: targets)
    }

    func takeDue(
        for target: String,
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [OutboxEntry] {
        try await inner.takeDue(for: target, limit: limit, lease: lease, at: now)
    }

    func settle(
        _ event: EventID,
        for target: String,
        as standing: OutboxDelivery.Standing,
        result: String,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        try await inner.settle(event, for: target, as: standing, result: result, heldBy: instance)
    }

    func nextDue(for target: String) async throws(StoreError) -> Timestamp? { try await inner.nextDue(for: target) }

    func events(matching filter: OutboxFilter) async throws(StoreError) -> [OutboxEntry] {
        try await inner.events(matching: filter)
    }

    func event(_ id: EventID) async throws(StoreError) -> OutboxEntry? { try await inner.event(id) }

    func replay(_ selection: ReplaySelection) async throws(StoreError) -> Int { try await inner.replay(selection) }

    func purgeOutbox(
        deliveredBefore delivered: Timestamp,
        failedBefore failed: Timestamp
    ) async throws(StoreError) -> Int {
        try await inner.purgeOutbox(deliveredBefore: delivered, failedBefore: failed)
    }

    func outboxBacklog() async throws(StoreError) -> [String: OutboxBacklog] { try await inner.outboxBacklog() }
}
