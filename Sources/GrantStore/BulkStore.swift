import Grants
package import Timekeeping

/// Where bulk runs and their rows are kept: the same contract as ``GrantStore``'s, each call atomic and on stable storage when
/// it returns. A store of its own, since the flows of people need nothing of it.
package protocol BulkStore: Sendable {
    /// Saves a run with all its rows, unless one with the same credential is not finished.
    ///
    /// - Returns: that one, and nothing is saved; nil if the run has begun.
    func begin(_ run: BulkRun, rows: [BulkRow]) async throws(StoreError) -> BulkRun?

    func bulkRun(_ id: BulkRunID) async throws(StoreError) -> BulkRun?

    /// The newest first.
    ///
    /// - Parameters:
    ///   - run: continues behind this one; nothing is behind one that is unknown.
    ///   - limit: 1 to 1000.
    func bulkRuns(after run: BulkRunID?, limit: Int) async throws(StoreError) -> [BulkRun]

    /// What the server is to work on: served and not finished, the oldest first.
    func servedRuns() async throws(StoreError) -> [BulkRun]

    /// Gives a run to the server, or takes it away with a reason; a finished one stays as it is.
    func setServed(_ isServed: Bool, because reason: String?, of run: BulkRunID) async throws(StoreError)

    /// Sends nothing more of a run: what is pending fails as `cancelled`. What was sent is still to be answered, by the server; a run of
    /// which nothing was is finished. One that is finished or cancelled stays as it is.
    ///
    /// - Returns: the run as it is now; nil if it is unknown.
    func cancel(_ run: BulkRunID) async throws(StoreError) -> BulkRun?

    func counts(of run: BulkRunID) async throws(StoreError) -> BulkCounts

    /// Rows by line.
    ///
    /// - Parameters:
    ///   - standing: nil for all.
    ///   - line: continues behind this line.
    ///   - limit: 1 to 1000.
    func rows(
        of run: BulkRunID,
        standing: BulkRow.Standing?,
        after line: Int,
        limit: Int
    ) async throws(StoreError) -> [BulkRow]

    /// Marks rows as sent, before they are: those with the fewest attempts first, then by line.
    ///
    /// - Returns: them, as they now are; fewer than `count` only if no more are pending.
    func take(_ count: Int, of run: BulkRunID) async throws(StoreError) -> [BulkRow]

    /// Ends (or puts off) a row that was sent, saving its grant and owner in the same transaction, with the audit entry.
    ///
    /// - Returns: where the row stands now; nil, and nothing is changed, unless it stood as sent.
    func answer(
        _ line: Int,
        of run: BulkRunID,
        with answer: BulkAnswer
    ) async throws(StoreError) -> BulkRow.Standing?

    /// Marks the run as finished, unless rows are open.
    ///
    /// - Returns: whether it is finished now.
    func finish(_ run: BulkRunID) async throws(StoreError) -> Bool

    /// Moves the moment before which nothing is sent.
    func setReady(_ moment: Timestamp?, of run: BulkRunID) async throws(StoreError)

    /// Takes the right to work on runs.
    ///
    /// - Returns: nil while somebody else has it.
    func holdBulkWork() async throws(StoreError) -> (any BulkHold)?

    /// Adds grants, or brings known ones up to date, each with its audit entry where something changes.
    ///
    /// - Parameter isTold: whether `grant.connected` is told of those that work and are new here, or have an owner who is.
    func importGrants(_ grants: [ImportedGrant], isTold: Bool) async throws(StoreError) -> ImportCounts
}

/// Which change an answer makes to a row: pure, so that every store does the same.
package enum BulkRules {
    /// - Returns: nil if the row was not sent, and so can't be answered.
    package static func answering(
        _ row: BulkRow,
        with answer: BulkAnswer,
        isKnownHere: Bool,
        isCancelled: Bool = false
    ) -> BulkRow? {
        guard row.standing == .sent else { return nil }
        var row = row
        switch answer {
        // What would be sent again is not: the run is cancelled.
        case .again where isCancelled:
            row.standing = .failed
            row.reason = cancelled
        case .grant(let grant, let wasKnown):
            row.standing = wasKnown || isKnownHere ? .reauthenticated : .connected
            row.grantID = grant.id
            row.reason = nil
        case .failed(let reason):
            row.standing = .failed
            row.reason = reason
        case .unknown(let reason):
            row.attempts += 1
            row.reason = reason
        case .again(let reason, let isAttempt):
            row.standing = .pending
            row.attempts += isAttempt ? 1 : 0
            row.reason = reason ?? row.reason
        }
        return row
    }

    /// Why a row failed that was not sent any more.
    package static let cancelled = "cancelled"

    /// What an import means for the host app: what is new was there, so it is told only where that is wished.
    static func newsOfImport(
        _ known: StoredGrant?,
        _ saved: StoredGrant,
        owner: OwnerID?,
        isTold: Bool
    ) -> [OutboxNews] {
        let changes = known.map { OutboxNews.refreshing($0, to: saved) } ?? []
        let isNewOwner = owner.map { owner in known?.owners.contains { $0.owner == owner } != true } ?? false
        guard isTold, saved.status == .valid, known == nil || isNewOwner else { return changes }
        return changes + [OutboxNews(.grantConnected, saved, of: saved.owners.first { $0.owner == owner })]
    }

    /// What a row that was connected means for the host app.
    static func news(_ row: BulkRow, _ grant: StoredGrant) -> [OutboxNews] {
        let ownership = grant.owners.first { $0.owner == row.owner }
        return switch row.standing {
        case .connected: [OutboxNews(.grantConnected, grant, of: ownership)]
        case .reauthenticated: [OutboxNews(.grantReconnected, grant, of: ownership)]
        case .pending, .sent, .skipped, .failed: []
        }
    }

    /// The grant of a row as it is to be kept: the answer has no address, so it is the row's.
    package static func grant(_ grant: StoredGrant, of row: BulkRow) -> StoredGrant {
        var grant = grant
        grant.address = grant.address ?? row.address
        return grant
    }
}

extension StoredGrant {
    /// This grant as it is kept over a known one, with one owner more.
    ///
    /// - Parameter isConnected: whether somebody wants it again, so that a deletion that was due is not.
    func saved(
        over known: StoredGrant?,
        owner: OwnerID?,
        tags: [String: String] = [:],
        isConnected: Bool,
        at now: Timestamp
    ) -> StoredGrant {
        var saved = saved(over: known, by: nil, at: now)
        if isConnected || owner != nil { saved.deletionRequestedAt = nil }
        if let owner, !saved.owners.contains(where: { $0.owner == owner }) {
            saved.owners.append(Ownership(owner: owner, since: now, tags: tags))
        }
        return saved
    }

    /// Whether everything but the times of the store is the same.
    func isSame(as other: StoredGrant) -> Bool {
        var other = other
        other.savedAt = savedAt
        other.changedAt = changedAt
        return self == other
    }
}
