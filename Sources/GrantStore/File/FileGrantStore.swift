package import Grants
package import Timekeeping

/// The file store: one SQLite database, `postern.db`, in a directory of its own.
///
/// Several processes may have it open. It needs a local file system: SQLite's shared memory does not work over a network.
package final class FileGrantStore: GrantStore {
    package enum Access: Sendable {
        /// Makes the directory and the file where they are missing, and migrates the file.
        case readWrite
        /// Changes nothing in the database: for commands that look while the server runs. Writes throw `.readOnly`.
        case readOnly
    }

    package static let fileName = "postern.db"

    /// What should be said when the store is opened.
    package let warnings: [StoreWarning]
    let writer: Writer?
    let reader: Lane
    let wallClock: WallClock
    let outbox: OutboxPolicy
    let directory: String

    /// Opens the store; this blocks its thread while it waits for the disk.
    ///
    /// - Parameter outbox: who is told of what this process changes.
    /// - Parameter patience: how long a write waits for another process that writes, before it throws `.locked`.
    /// - Parameter maximumBytes: a size the database file can't outgrow: writes then throw `.diskFull`.
    /// - Parameter noteRead: told how long each read took, waiting included; called on the reader's thread.
    package init(
        directory: String,
        access: Access = .readWrite,
        wallClock: WallClock = .system,
        outbox: OutboxPolicy = .silent,
        patience: Duration = .seconds(5),
        maximumBytes: Int? = nil,
        noteRead: (@Sendable (Duration) -> Void)? = nil
    ) throws(StoreError) {
        self.wallClock = wallClock
        self.outbox = outbox
        self.directory = directory
        let path = directory + "/" + Self.fileName
        switch access {
        case .readWrite:
            let locked = try StoreDirectory(directory)
            try locked.makeFile(Self.fileName)
            writer = Writer(try Self.openForWriting(path, patience: patience, maximumBytes: maximumBytes))
            warnings = locked.warnings(Self.fileName)
        case .readOnly:
            writer = nil
            warnings = []
        }
        reader = Lane("postern.store.reader", try Self.openForReading(path, patience: patience), note: noteRead)
    }

    /// Ends what waits, folds the log into the file and closes it. Calls that come later throw `.closed`.
    package func close() async {
        await reader.close()
        await writer?.close()
    }

    package func claim(_ claim: FlowClaim, lease: Lease) async throws(StoreError) -> ClaimResult {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            let (result, change) = FlowRules.claiming(try connection.flow(claim.flow)?.standing, lease: lease)
            guard let change else { return result }
            guard ConfirmationRules.mayClaim(claim.binding, try connection.confirmation(of: claim.flow)) else {
                return .notConfirmed
            }
            if let link = claim.link {
                let answer = try connection.answer(reserving: link, for: claim.flow, at: now)
                if let refusal = ClaimResult(answer) { return refusal }
                try connection.save(.reserved(claim.flow), of: link)
            }
            try connection.save(FlowRecord(claim: claim, standing: change))
            return result
        }
    }

    package func record(
        _ outcome: FlowOutcome,
        for claim: FlowClaim
    ) async throws(StoreError) -> FlowRecord.Standing {
        try await write { (connection) throws(SQLiteFailure) in
            let before = try connection.flow(claim.flow)?.standing
            guard let change = FlowRules.recording(outcome, over: before) else { return before ?? .answered(outcome) }
            try connection.save(FlowRecord(claim: claim, standing: change))
            return change
        }
    }

    package func answer(
        _ flow: FlowID,
        with outcome: FlowOutcome,
        saving grant: StoredGrant?,
        heldBy instance: String
    ) async throws(StoreError) -> FlowRecord.Standing {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            guard let record = try connection.flow(flow) else { return .answered(FlowRules.forgotten(outcome)) }
            guard FlowRules.mayAnswer(record.standing, instance: instance) else { return record.standing }
            if grant != nil, let link = record.claim.link {
                guard LinkRules.maySave(try connection.use(of: link.id), for: flow) else {
                    let tooLate = FlowRecord.Standing.answered(LinkRules.tooLate(outcome))
                    try connection.save(FlowRecord(claim: record.claim, standing: tooLate))
                    return tooLate
                }
                try connection.save(.used(flow), of: link)
            }
            try connection.save(FlowRecord(claim: record.claim, standing: .answered(outcome)))
            if let grant {
                let saved = grant.saved(over: try connection.grant(grant.id), by: record.claim, at: now)
                try connection.save(saved)
                try connection.tell(outbox, at: now) { OutboxNews.answering(outcome, saved, by: record.claim) }
                try connection.appendToAudit(
                    .grantSaved,
                    grant: grant.id,
                    owner: record.claim.owner,
                    reference: outcome.reference,
                    detail: outcome.verdict.rawValue,
                    at: now
                )
            }
            return .answered(outcome)
        }
    }

    package func record(of flow: FlowID) async throws(StoreError) -> FlowRecord? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.flow(flow) }
    }

    package func openClaims() async throws(StoreError) -> [FlowRecord] {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.openFlows() }
    }

    package func takeOver(_ flow: FlowID, lease: Lease, at now: Timestamp) async throws(StoreError) -> Bool {
        try await write { (connection) throws(SQLiteFailure) in
            guard let record = try connection.flow(flow),
                FlowRules.mayTakeOver(record.standing, instance: lease.instance, at: now)
            else { return false }
            try connection.save(FlowRecord(claim: record.claim, standing: .open(lease)))
            return true
        }
    }

    package func purgeFlows(answeredBefore moment: Timestamp) async throws(StoreError) -> Int {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.deleteHostWords(before: moment)
            let count = try connection.deleteFlows(answeredBefore: moment)
            if count > 0 { try connection.deleteConsentFlows() }
            return count
        }
    }

    package func grant(_ id: GrantID) async throws(StoreError) -> StoredGrant? {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in try connection.grant(id) }
        }
    }

    package func grants(matching filter: GrantFilter) async throws(StoreError) -> [StoredGrant] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in try connection.grants(matching: filter) }
        }
    }

    /// Shows every grant as it is at one moment, the newest first; memory does not grow with the store.
    ///
    /// - Parameter visit: called on the store's own thread, with true for the first; false ends it.
    /// - Returns: whether it came to the end.
    package func visitGrants(
        _ visit: @escaping @Sendable (StoredGrant, Bool) -> Bool
    ) async throws(StoreError) -> Bool {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in try connection.visitGrants(visit) }
        }
    }

    package func refresh(_ grant: StoredGrant, reason: String) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            guard let known = try connection.grant(grant.id) else { return false }
            let saved = grant.saved(over: known, by: nil, at: now)
            try connection.save(saved)
            try connection.tell(outbox, at: now) { OutboxNews.refreshing(known, to: saved) }
            try connection.appendToAudit(
                .grantRefreshed,
                grant: grant.id,
                owner: nil,
                reference: nil,
                detail: reason,
                at: now
            )
            return true
        }
    }

    package func checkWritable() async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            _ = try connection.run("UPDATE meta SET value = value + 1 WHERE name = 'writes_tried'")
        }
    }

    /// What the writer has done and has still to do; nothing for a store that is only read.
    package var work: StoreWork {
        StoreWork(commits: writer?.commits ?? 0, waiting: writer?.waiting ?? 0)
    }

    /// The audit trail in its order, from behind an entry on.
    ///
    /// - Parameter limit: 1 to 1000.
    package func auditTrail(after number: Int64 = 0, limit: Int = 100) async throws(StoreError) -> [AuditEntry] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.auditTrail(after: number, limit: min(max(limit, 1), 1000))
        }
    }

    /// Recomputes every hash of the audit trail.
    package func verifyAuditChain() async throws(StoreError) -> AuditVerification {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.verifyAuditChain() }
    }

    /// Reads the whole file and throws `.corrupt` if anything in it is damaged.
    package func checkIntegrity() async throws(StoreError) {
        try await reader.run { (connection) throws(SQLiteFailure) in
            let verdicts = try connection.rows("PRAGMA integrity_check(1)") { (row) throws(SQLiteFailure) in
                try row.text()
            }
            guard verdicts == ["ok"] else { throw .unreadableValue }
        }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(SQLiteFailure) -> Value
    ) async throws(StoreError) -> Value {
        guard let writer else { throw .readOnly }
        guard !outbox.isSilent else { return try await writer.write(body) }
        let (value, hasNews) = try await writer.write { (connection) throws(SQLiteFailure) in
            connection.hasNews = false
            let value = try body(connection)
            return (value, connection.hasNews)
        }
        if hasNews { outbox.whenTold() }
        return value
    }
}
