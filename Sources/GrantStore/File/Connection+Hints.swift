import Grants
import Timekeeping

extension Connection {
    func noteHint(_ grant: GrantID, at now: Timestamp) throws(SQLiteFailure) -> Bool {
        let known = try row("SELECT 1 FROM grants WHERE id = ?", .text(grant.text)) {
            (row) throws(SQLiteFailure) in try row.integer()
        }
        guard known != nil else { return false }
        // Whoever looks already is not joined by a second one: what he settles is due at once.
        try run(
            """
            INSERT INTO grant_hint (grant_id, number, due_at, attempts) VALUES (?, 1, ?, 0)
            ON CONFLICT (grant_id) DO UPDATE SET number = number + 1, attempts = 0,
                due_at = CASE WHEN lease_instance IS NULL THEN excluded.due_at ELSE due_at END
            """,
            .text(grant.text),
            .time(now)
        )
        return true
    }

    func takeHints(limit: Int, lease: Lease, at now: Timestamp) throws(SQLiteFailure) -> [GrantHint] {
        var hints = try rows(
            "SELECT grant_id, number, attempts FROM grant_hint WHERE due_at <= ? ORDER BY due_at, grant_id LIMIT ?",
            .time(now),
            .integer(Int64(limit))
        ) { (row) throws(SQLiteFailure) in
            guard let grant = GrantID(try row.text()) else { throw .unreadableValue }
            return GrantHint(grant: grant, number: try row.integer(), attempts: Int(try row.integer()))
        }
        for index in hints.indices {
            hints[index].attempts += 1
            try run(
                "UPDATE grant_hint SET due_at = ?, lease_instance = ?, attempts = attempts + 1 WHERE grant_id = ?",
                .time(lease.expiresAt),
                .text(lease.instance),
                .text(hints[index].grant.text)
            )
        }
        return hints
    }

    func settleHint(
        _ hint: GrantHint,
        retryAt moment: Timestamp?,
        heldBy instance: String,
        at now: Timestamp
    ) throws(SQLiteFailure) -> Bool {
        let (grant, holder) = (SQLValue.text(hint.grant.text), SQLValue.text(instance))
        // Noted again meanwhile: what was seen may be older than what was said.
        let renewed = try run(
            "UPDATE grant_hint SET due_at = ?, lease_instance = NULL WHERE grant_id = ? AND lease_instance = ? AND number <> ?",
            .time(now),
            grant,
            holder,
            .integer(hint.number)
        )
        guard renewed == 0 else { return true }
        guard let moment else {
            return try run("DELETE FROM grant_hint WHERE grant_id = ? AND lease_instance = ?", grant, holder) > 0
        }
        return try run(
            "UPDATE grant_hint SET due_at = ?, lease_instance = NULL WHERE grant_id = ? AND lease_instance = ?",
            .time(moment),
            grant,
            holder
        ) > 0
    }

    func nextHintDue() throws(SQLiteFailure) -> Timestamp? {
        try row("SELECT due_at FROM grant_hint ORDER BY due_at LIMIT 1") { (row) throws(SQLiteFailure) in
            try row.time()
        }
    }
}
