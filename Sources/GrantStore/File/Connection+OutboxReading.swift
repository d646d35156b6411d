import Grants
import Timekeeping

extension Connection {
    func event(_ value: SQLValue, by column: StaticString) throws(SQLiteFailure) -> OutboxEvent? {
        try row("SELECT \(eventColumns) FROM outbox_event WHERE \(column) = ?", value, read: outboxEvent)
    }

    /// - Parameter target: nil for all.
    func deliveries(of event: Int64, to target: String? = nil) throws(SQLiteFailure) -> [OutboxDelivery] {
        try rows(
            """
            SELECT target, state, due_at, ended_at, attempts, first_attempt_at, last_result FROM outbox_delivery
            WHERE event = ? AND (? IS NULL OR target = ?) ORDER BY target
            """,
            .integer(event),
            .text(target),
            .text(target)
        ) { (row) throws(SQLiteFailure) in
            let target = try row.text()
            guard let state = OutboxFilter.State(rawValue: try row.text()) else { throw .unreadableValue }
            let (dueAt, endedAt) = (try row.optionalTime(), try row.optionalTime())
            let standing: OutboxDelivery.Standing? =
                switch state {
                case .waiting: dueAt.map { .waiting(until: $0) }
                case .delivered: endedAt.map { .delivered(at: $0) }
                case .failed: endedAt.map { .failed(at: $0) }
                }
            guard let standing else { throw .unreadableValue }
            return OutboxDelivery(
                target: target,
                standing: standing,
                attempts: Int(try row.integer()),
                firstAttemptAt: try row.optionalTime(),
                lastResult: try row.optionalText()
            )
        }
    }

    func events(matching filter: OutboxFilter) throws(SQLiteFailure) -> [OutboxEntry] {
        var conditions: [String] = []
        var values: [SQLValue] = []
        if filter.state != nil || filter.target != nil {
            conditions.append(
                """
                EXISTS (SELECT 1 FROM outbox_delivery WHERE event = number AND (? IS NULL OR state = ?)
                    AND (? IS NULL OR target = ?))
                """
            )
            values += [filter.state?.rawValue, filter.state?.rawValue, filter.target, filter.target].map { .text($0) }
        }
        if let grant = filter.grant {
            conditions.append("grant_id = ?")
            values.append(.text(grant.text))
        }
        if let since = filter.since {
            conditions.append("at >= ?")
            values.append(.time(since))
        }
        if let before = filter.before {
            conditions.append("number < ?")
            values.append(.integer(before))
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        var entries: [OutboxEntry] = []
        try forEachRow(
            "SELECT \(eventColumns) FROM outbox_event \(condition) ORDER BY number DESC LIMIT ?",
            values + [.integer(Int64(filter.boundedLimit))]
        ) { (row) throws(SQLiteFailure) in
            entries.append(OutboxEntry(event: try outboxEvent(&row), deliveries: []))
        }
        for index in entries.indices {
            entries[index].deliveries = try deliveries(of: entries[index].event.number)
        }
        return entries
    }

    func outboxBacklog() throws(SQLiteFailure) -> [String: OutboxBacklog] {
        var backlog: [String: OutboxBacklog] = [:]
        try forEachRow(
            """
            SELECT target, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'failed'),
                min(CASE state WHEN 'waiting' THEN event END)
            FROM outbox_delivery WHERE state <> 'delivered' GROUP BY target
            """,
            []
        ) { (row) throws(SQLiteFailure) in
            let target = try row.text()
            let (waiting, failed) = (try row.integer(), try row.integer())
            let oldest = try row.optionalInteger()
            backlog[target] = OutboxBacklog(
                waiting: Int(waiting),
                failed: Int(failed),
                oldestWaiting: try oldest.flatMap { number throws(SQLiteFailure) in
                    try event(.integer(number), by: "number")?.at
                }
            )
        }
        return backlog
    }
}

private let eventColumns = "id, number, type, at, grant_id, data"

private func outboxEvent(_ row: inout Row) throws(SQLiteFailure) -> OutboxEvent {
    guard let id = EventID(try row.text()) else { throw .unreadableValue }
    let number = try row.integer()
    guard let type = EventType(rawValue: try row.text()) else { throw .unreadableValue }
    return OutboxEvent(
        id: id,
        number: number,
        type: type,
        at: try row.time(),
        grantID: try row.optional(GrantID.init),
        data: try row.text()
    )
}

extension Row {
    mutating func optionalInteger() throws(SQLiteFailure) -> Int64? {
        if isNull {
            skip(1)
            return nil
        }
        return try integer()
    }
}
