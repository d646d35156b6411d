import Grants
import Timekeeping

extension Connection {
    /// Writes events in the transaction that is open. Whoever changes a grant calls this, once for each change.
    ///
    /// - Parameter news: not asked for when nobody is to be told.
    func tell(
        _ policy: OutboxPolicy,
        at moment: Timestamp,
        _ news: () -> [OutboxNews]
    ) throws(SQLiteFailure) {
        guard !policy.isSilent else { return }
        for item in news() { _ = try append(item, for: policy.targets, id: policy.makeID(), at: moment) }
    }

    func append(
        _ news: OutboxNews,
        for targets: [String],
        id: EventID,
        at moment: Timestamp
    ) throws(SQLiteFailure) -> OutboxEvent {
        let number = try row(
            "INSERT INTO outbox_event (id, type, at, grant_id, data) VALUES (?, ?, ?, ?, ?) RETURNING number",
            .text(id.text),
            .text(news.type.rawValue),
            .time(moment),
            .text(news.grantID?.text),
            .text(news.data)
        ) { (row) throws(SQLiteFailure) in try row.integer() }
        guard let number else { throw .unreadableValue }
        for target in targets {
            try run(
                "INSERT INTO outbox_delivery (event, target, state, due_at, attempts) VALUES (?, ?, 'waiting', ?, 0)",
                .integer(number),
                .text(target),
                .time(moment)
            )
        }
        hasNews = true
        return OutboxEvent(
            id: id,
            number: number,
            type: news.type,
            at: moment,
            grantID: news.grantID,
            data: news.data
        )
    }

    func takeDue(
        for target: String,
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) throws(SQLiteFailure) -> [OutboxEntry] {
        let numbers = try rows(
            """
            SELECT event FROM outbox_delivery WHERE target = ? AND state = 'waiting' AND due_at <= ?
            ORDER BY due_at, event LIMIT ?
            """,
            .text(target),
            .time(now),
            .integer(Int64(limit))
        ) { (row) throws(SQLiteFailure) in try row.integer() }
        var taken: [OutboxEntry] = []
        for number in numbers {
            try run(
                """
                UPDATE outbox_delivery SET due_at = ?, lease_instance = ?, attempts = attempts + 1,
                    first_attempt_at = coalesce(first_attempt_at, ?)
                WHERE event = ? AND target = ?
                """,
                .time(lease.expiresAt),
                .text(lease.instance),
                .time(now),
                .integer(number),
                .text(target)
            )
            guard let event = try event(.integer(number), by: "number") else { throw .unreadableValue }
            taken.append(OutboxEntry(event: event, deliveries: try deliveries(of: number, to: target)))
        }
        return taken
    }

    func settle(
        _ event: EventID,
        for target: String,
        as standing: OutboxDelivery.Standing,
        result: String,
        heldBy instance: String
    ) throws(SQLiteFailure) -> Bool {
        let (state, dueAt, endedAt): (OutboxFilter.State, SQLValue, SQLValue) =
            switch standing {
            case .waiting(let until): (.waiting, .time(until), .null)
            case .delivered(let at): (.delivered, .null, .time(at))
            case .failed(let at): (.failed, .null, .time(at))
            }
        return try run(
            """
            UPDATE outbox_delivery
            SET state = ?, due_at = ?, ended_at = ?, last_result = ?, lease_instance = NULL
            WHERE event = (SELECT number FROM outbox_event WHERE id = ?) AND target = ? AND lease_instance = ?
            """,
            .text(state.rawValue),
            dueAt,
            endedAt,
            .text(result),
            .text(event.text),
            .text(target),
            .text(instance)
        ) > 0
    }

    func nextDue(for target: String) throws(SQLiteFailure) -> Timestamp? {
        try row(
            "SELECT due_at FROM outbox_delivery WHERE target = ? AND state = 'waiting' ORDER BY due_at LIMIT 1",
            .text(target)
        ) { (row) throws(SQLiteFailure) in try row.time() }
    }

    func replay(_ selection: ReplaySelection, at now: Timestamp) throws(SQLiteFailure) -> Int {
        let (condition, value): (String, SQLValue) =
            switch selection.events {
            case .one(let id):
                ("state <> 'waiting' AND event IN (SELECT number FROM outbox_event WHERE id = ?)", .text(id.text))
            case .since(let moment, evenDelivered: false):
                ("state = 'failed' AND event IN (SELECT number FROM outbox_event WHERE at >= ?)", .time(moment))
            case .since(let moment, evenDelivered: true):
                ("state <> 'waiting' AND event IN (SELECT number FROM outbox_event WHERE at >= ?)", .time(moment))
            }
        let changed = try run(
            """
            UPDATE outbox_delivery SET state = 'waiting', due_at = ?, ended_at = NULL, attempts = 0,
                first_attempt_at = NULL, last_result = NULL
            WHERE \(condition) AND (? IS NULL OR target = ?)
            """,
            .time(now),
            value,
            .text(selection.target),
            .text(selection.target)
        )
        if changed > 0 { hasNews = true }
        return changed
    }

    func deleteDeliveries(
        deliveredBefore delivered: Timestamp,
        failedBefore failed: Timestamp
    ) throws(SQLiteFailure) -> Int {
        let deleted = try run(
            """
            DELETE FROM outbox_delivery WHERE (state = 'delivered' AND ended_at < ?) OR (state = 'failed' AND ended_at < ?)
                OR (state = 'waiting' AND due_at < ?)
            """,
            .time(delivered),
            .time(failed),
            .time(failed)
        )
        guard deleted > 0 else { return 0 }
        try run("DELETE FROM outbox_event WHERE number NOT IN (SELECT event FROM outbox_delivery)")
        return deleted
    }
}
