import Grants
import Timekeeping

extension Connection {
    func leave(
        _ id: GrantID,
        _ leaver: Leaver,
        reason: String,
        by actor: Actor?,
        reference: String?,
        telling outbox: OutboxPolicy,
        at now: Timestamp
    ) throws(SQLiteFailure) -> Departure {
        let known = try grant(id)
        let (answer, change, gone) = DepartureRules.leaving(known, leaver, at: now)
        guard let known, let change else { return answer }
        for owner in gone {
            try run("DELETE FROM ownership WHERE grant_id = ? AND owner = ?", .text(id.text), .text(owner.text))
        }
        try save(change)
        try tell(outbox, at: now) { OutboxNews.leaving(known, gone, nowAs: change) }
        // Somebody left, even where nobody in particular had it.
        for owner in gone.isEmpty ? [nil] : gone.map(Optional.some) {
            try appendToAudit(
                .grantLeft,
                grant: id,
                owner: owner,
                reference: reference,
                detail: reason,
                actor: actor,
                at: now
            )
        }
        return answer
    }

    func forget(
        _ id: GrantID,
        reason: String,
        reference: String?,
        telling outbox: OutboxPolicy,
        at now: Timestamp
    ) throws(SQLiteFailure) -> StoredGrant? {
        guard let known = try grant(id) else { return nil }
        try run("DELETE FROM ownership WHERE grant_id = ?", .text(id.text))
        try run("DELETE FROM grants WHERE id = ?", .text(id.text))
        for owner in known.owners.map(\.owner) {
            try appendToAudit(.grantLeft, grant: id, owner: owner, reference: reference, detail: reason, at: now)
        }
        try appendToAudit(.grantRevoked, grant: id, owner: nil, reference: reference, detail: reason, at: now)
        try tell(outbox, at: now) { OutboxNews.forgetting(known) }
        return known
    }

    func deletionsDue(at moment: Timestamp, limit: Int) throws(SQLiteFailure) -> [StoredGrant] {
        let ids = try rows(
            """
            SELECT id FROM grants WHERE deletion_due_at IS NOT NULL AND deletion_due_at <= ?
            ORDER BY deletion_due_at, id LIMIT ?
            """,
            .time(moment),
            .integer(Int64(limit))
        ) { (row) throws(SQLiteFailure) in
            guard let id = GrantID(try row.text()) else { throw .unreadableValue }
            return id
        }
        var grants: [StoredGrant] = []
        for id in ids { if let grant = try grant(id) { grants.append(grant) } }
        return grants
    }

    func postponeDeletion(of id: GrantID, until moment: Timestamp) throws(SQLiteFailure) {
        try run(
            "UPDATE grants SET deletion_due_at = ? WHERE id = ? AND deletion_requested_at IS NOT NULL",
            .time(moment),
            .text(id.text)
        )
    }
}
