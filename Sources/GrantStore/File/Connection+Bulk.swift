import Grants
import Timekeeping

extension Connection {
    func insert(_ run: BulkRun) throws(SQLiteFailure) {
        try self.run(
            "INSERT INTO bulk_run (\(runColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(run.id.text),
            .text(run.provider.rawValue),
            .text(run.credentialID.text),
            StoredJSON.text(run.tagNames),
            run.readyAt.map { .time($0) } ?? .null,
            .time(run.createdAt),
            run.finishedAt.map { .time($0) } ?? .null,
            .integer(run.isServed ? 1 : 0),
            run.cancelledAt.map { .time($0) } ?? .null,
            .text(run.stopReason)
        )
    }

    /// Writes what can change of a run.
    func update(_ run: BulkRun) throws(SQLiteFailure) {
        try self.run(
            """
            UPDATE bulk_run SET ready_at = ?, finished_at = ?, is_served = ?, cancelled_at = ?, stop_reason = ? WHERE id = ?
            """,
            run.readyAt.map { .time($0) } ?? .null,
            run.finishedAt.map { .time($0) } ?? .null,
            .integer(run.isServed ? 1 : 0),
            run.cancelledAt.map { .time($0) } ?? .null,
            .text(run.stopReason),
            .text(run.id.text)
        )
    }

    /// The one run of a credential that is not finished.
    func unfinishedRun(of credential: CredentialID) throws(SQLiteFailure) -> BulkRun? {
        try row(
            "SELECT \(runColumns) FROM bulk_run WHERE finished_at IS NULL AND credential_id = ? LIMIT 1",
            .text(credential.text),
            read: storedBulkRun
        )
    }

    /// What is still pending of a run fails.
    func failPendingRows(of run: BulkRunID, because reason: String) throws(SQLiteFailure) {
        try self.run(
            "UPDATE bulk_row SET standing = 'failed', reason = ? WHERE run_id = ? AND standing = 'pending'",
            .text(reason),
            .text(run.text)
        )
    }

    func bulkRun(_ id: BulkRunID) throws(SQLiteFailure) -> BulkRun? {
        try row("SELECT \(runColumns) FROM bulk_run WHERE id = ?", .text(id.text), read: storedBulkRun)
    }

    func bulkRuns(after run: BulkRunID?, limit: Int) throws(SQLiteFailure) -> [BulkRun] {
        guard let run else {
            return try rows(
                "SELECT \(runColumns) FROM bulk_run ORDER BY created_at DESC, id LIMIT ?",
                .integer(Int64(limit)),
                read: storedBulkRun
            )
        }
        return try rows(
            """
            SELECT \(runColumns) FROM bulk_run, (SELECT created_at AS moment, id AS name FROM bulk_run WHERE id = ?)
            WHERE created_at < moment OR (created_at = moment AND id > name) ORDER BY created_at DESC, id LIMIT ?
            """,
            .text(run.text),
            .integer(Int64(limit)),
            read: storedBulkRun
        )
    }

    func servedRuns() throws(SQLiteFailure) -> [BulkRun] {
        try rows(
            """
            SELECT \(runColumns) FROM bulk_run WHERE finished_at IS NULL AND is_served = 1 ORDER BY created_at, id LIMIT 1000
            """,
            read: storedBulkRun
        )
    }

    func counts(of run: BulkRunID) throws(SQLiteFailure) -> BulkCounts {
        var counts = BulkCounts()
        try forEachRow("SELECT standing, count(*) FROM bulk_row WHERE run_id = ? GROUP BY standing", [.text(run.text)])
        {
            (row) throws(SQLiteFailure) in
            guard let standing = BulkRow.Standing(rawValue: try row.text()) else { throw .unreadableValue }
            counts[standing] = Int(clamping: try row.integer())
        }
        return counts
    }

    func insert(_ row: BulkRow, of run: BulkRunID) throws(SQLiteFailure) {
        try self.run(
            "INSERT INTO bulk_row (run_id, \(rowColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(run.text),
            .integer(Int64(row.line)),
            .text(row.address),
            .text(row.owner?.text),
            StoredJSON.text(row.scopes),
            StoredJSON.text(row.tags),
            .text(row.standing.rawValue),
            .integer(Int64(row.attempts)),
            row.sentAt.map { .time($0) } ?? .null,
            .text(row.grantID?.text),
            .text(row.reason)
        )
    }

    func bulkRow(_ line: Int, of run: BulkRunID) throws(SQLiteFailure) -> BulkRow? {
        try row(
            "SELECT \(rowColumns) FROM bulk_row WHERE run_id = ? AND line = ?",
            .text(run.text),
            .integer(Int64(line)),
            read: storedBulkRow
        )
    }

    func bulkRows(
        of run: BulkRunID,
        standing: BulkRow.Standing?,
        after line: Int,
        limit: Int
    ) throws(SQLiteFailure) -> [BulkRow] {
        guard let standing else {
            return try rows(
                "SELECT \(rowColumns) FROM bulk_row WHERE run_id = ? AND line > ? ORDER BY line LIMIT ?",
                .text(run.text),
                .integer(Int64(line)),
                .integer(Int64(limit)),
                read: storedBulkRow
            )
        }
        return try rows(
            """
            SELECT \(rowColumns) FROM bulk_row WHERE run_id = ? AND standing = ? AND line > ? ORDER BY line LIMIT ?
            """,
            .text(run.text),
            .text(standing.rawValue),
            .integer(Int64(line)),
            .integer(Int64(limit)),
            read: storedBulkRow
        )
    }

    func pendingRows(of run: BulkRunID, limit: Int) throws(SQLiteFailure) -> [BulkRow] {
        try rows(
            """
            SELECT \(rowColumns) FROM bulk_row WHERE run_id = ? AND standing = 'pending' ORDER BY attempts, line LIMIT ?
            """,
            .text(run.text),
            .integer(Int64(limit)),
            read: storedBulkRow
        )
    }

    /// Writes what can change of a row.
    func update(_ row: BulkRow, of run: BulkRunID) throws(SQLiteFailure) {
        try self.run(
            """
            UPDATE bulk_row SET standing = ?, attempts = ?, sent_at = ?, grant_id = ?, reason = ?
            WHERE run_id = ? AND line = ?
            """,
            .text(row.standing.rawValue),
            .integer(Int64(row.attempts)),
            row.sentAt.map { .time($0) } ?? .null,
            .text(row.grantID?.text),
            .text(row.reason),
            .text(run.text),
            .integer(Int64(row.line))
        )
    }
}

private let runColumns =
    "id, provider, credential_id, tag_names, ready_at, created_at, finished_at, is_served, cancelled_at, stop_reason"
private let rowColumns = "line, address, owner, scopes, tags, standing, attempts, sent_at, grant_id, reason"

private func storedBulkRun(_ row: inout Row) throws(SQLiteFailure) -> BulkRun {
    guard let id = BulkRunID(try row.text()), let provider = Provider(rawValue: try row.text()),
        let credential = CredentialID(try row.text())
    else { throw .unreadableValue }
    return BulkRun(
        id: id,
        provider: provider,
        credentialID: credential,
        tagNames: try row.list(),
        readyAt: try row.optionalTime(),
        createdAt: try row.time(),
        finishedAt: try row.optionalTime(),
        isServed: try row.integer() == 1,
        cancelledAt: try row.optionalTime(),
        stopReason: try row.optionalText()
    )
}

private func storedBulkRow(_ row: inout Row) throws(SQLiteFailure) -> BulkRow {
    let line = Int(clamping: try row.integer())
    let address = try row.text()
    let owner = try row.optional(OwnerID.init)
    let scopes = try row.list()
    let tags = try row.map()
    guard let standing = BulkRow.Standing(rawValue: try row.text()) else { throw .unreadableValue }
    return BulkRow(
        line: line,
        address: address,
        owner: owner,
        scopes: scopes,
        tags: tags,
        standing: standing,
        attempts: Int(clamping: try row.integer()),
        sentAt: try row.optionalTime(),
        grantID: try row.optional(GrantID.init),
        reason: try row.optionalText()
    )
}
