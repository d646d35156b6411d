import Grants
import Timekeeping

extension Connection {
    func grant(_ id: GrantID) throws(SQLiteFailure) -> StoredGrant? {
        let found = try row("SELECT \(grantColumns) FROM grants WHERE id = ?", .text(id.text), read: grant(in:))
        guard var found else { return nil }
        found.owners = try owners(of: id)
        return found
    }

    /// Visits every grant in the order they are listed, until the visitor has had enough; keeps none of them.
    ///
    /// - Returns: whether it came to the end.
    func visitGrants(_ visit: (StoredGrant, Bool) -> Bool) throws(SQLiteFailure) -> Bool {
        var (isFirst, goesOn) = (true, true)
        try forEachRow("SELECT \(grantColumns) FROM grants ORDER BY saved_at DESC, id", []) {
            (row) throws(SQLiteFailure) in
            guard goesOn else { return }
            var grant = try grant(in: &row)
            grant.owners = try owners(of: grant.id)
            goesOn = visit(grant, isFirst)
            isFirst = false
        }
        return goesOn
    }

    /// Writes a grant in place of what was there, and the owners that are new.
    func save(_ grant: StoredGrant) throws(SQLiteFailure) {
        try run(
            """
            INSERT INTO grants (\(grantColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, address = excluded.address,
                scopes = excluded.scopes, status = excluded.status, created_at = excluded.created_at,
                updated_at = excluded.updated_at, changed_at = excluded.changed_at,
                deletion_requested_at = excluded.deletion_requested_at,
                deletion_due_at = CASE WHEN excluded.deletion_requested_at IS NULL THEN NULL
                    ELSE coalesce(deletion_due_at, excluded.deletion_requested_at) END
            """,
            .text(grant.id.text),
            .text(grant.providerName),
            .text(grant.address),
            StoredJSON.text(grant.scopes),
            .text(grant.status.rawValue),
            .time(grant.createdAt),
            .time(grant.updatedAt),
            .time(grant.savedAt),
            .time(grant.changedAt),
            grant.deletionRequestedAt.map { .time($0) } ?? .null
        )
        for ownership in grant.owners {
            try run(
                """
                INSERT INTO ownership (grant_id, owner, since, link_id, tags) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (grant_id, owner) DO NOTHING
                """,
                .text(grant.id.text),
                .text(ownership.owner.text),
                .time(ownership.since),
                .text(ownership.linkID?.text),
                StoredJSON.text(ownership.tags)
            )
        }
    }

    func owners(of id: GrantID) throws(SQLiteFailure) -> [Ownership] {
        try rows(
            "SELECT owner, since, link_id, tags FROM ownership WHERE grant_id = ? ORDER BY number",
            .text(id.text)
        ) { (row) throws(SQLiteFailure) in
            guard let owner = OwnerID(try row.text()) else { throw .unreadableValue }
            return Ownership(
                owner: owner,
                since: try row.time(),
                linkID: try row.optional(LinkID.init),
                tags: try row.map()
            )
        }
    }

    func grant(in row: inout Row) throws(SQLiteFailure) -> StoredGrant {
        guard let id = GrantID(try row.text()) else { throw .unreadableValue }
        let providerName = try row.text()
        let address = try row.optionalText()
        let scopes = try row.list()
        guard let status = StoredGrant.Status(rawValue: try row.text()) else { throw .unreadableValue }
        return StoredGrant(
            id: id,
            providerName: providerName,
            address: address,
            scopes: scopes,
            status: status,
            createdAt: try row.time(),
            updatedAt: try row.time(),
            savedAt: try row.time(),
            changedAt: try row.time(),
            deletionRequestedAt: try row.optionalTime()
        )
    }
}

let grantColumns = """
    id, provider, address, scopes, status, created_at, updated_at, saved_at, changed_at, deletion_requested_at
    """
