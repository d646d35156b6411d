package import Timekeeping

extension FileGrantStore {
    package func tell(_ news: OutboxNews, to targets: [String]?) async throws(StoreError) -> OutboxEvent? {
        let recipients = outbox.recipients(among: targets)
        guard !recipients.isEmpty else { return nil }
        let (now, id) = (wallClock.now(), outbox.makeID())
        return try await write { (connection) throws(SQLiteFailure) in
            try connection.append(news, for: recipients, id: id, at: now)
        }
    }

    package func takeDue(
        for target: String,
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [OutboxEntry] {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.takeDue(for: target, limit: limit, lease: lease, at: now)
        }
    }

    package func settle(
        _ event: EventID,
        for target: String,
        as standing: OutboxDelivery.Standing,
        result: String,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.settle(event, for: target, as: standing, result: result, heldBy: instance)
        }
    }

    package func nextDue(for target: String) async throws(StoreError) -> Timestamp? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.nextDue(for: target) }
    }

    package func events(matching filter: OutboxFilter) async throws(StoreError) -> [OutboxEntry] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in try connection.events(matching: filter) }
        }
    }

    package func event(_ id: EventID) async throws(StoreError) -> OutboxEntry? {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in
                guard let event = try connection.event(.text(id.text), by: "id") else { return nil }
                return OutboxEntry(event: event, deliveries: try connection.deliveries(of: event.number))
            }
        }
    }

    package func replay(_ selection: ReplaySelection) async throws(StoreError) -> Int {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in try connection.replay(selection, at: now) }
    }

    package func purgeOutbox(
        deliveredBefore delivered: Timestamp,
        failedBefore failed: Timestamp
    ) async throws(StoreError) -> Int {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.deleteDeliveries(deliveredBefore: delivered, failedBefore: failed)
        }
    }

    package func outboxBacklog() async throws(StoreError) -> [String: OutboxBacklog] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in try connection.outboxBacklog() }
        }
    }
}
