import Grants
package import Timekeeping

extension FileGrantStore: BulkStore {
    package func begin(_ run: BulkRun, rows: [BulkRow]) async throws(StoreError) -> BulkRun? {
        try await write { (connection) throws(SQLiteFailure) in
            if let unfinished = try connection.unfinishedRun(of: run.credentialID) { return unfinished }
            try connection.insert(run)
            for row in rows { try connection.insert(row, of: run.id) }
            return nil
        }
    }

    package func bulkRun(_ id: BulkRunID) async throws(StoreError) -> BulkRun? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.bulkRun(id) }
    }

    package func bulkRuns(after run: BulkRunID?, limit: Int) async throws(StoreError) -> [BulkRun] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.bulkRuns(after: run, limit: min(max(limit, 1), 1000))
        }
    }

    package func servedRuns() async throws(StoreError) -> [BulkRun] {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.servedRuns() }
    }

    package func setServed(
        _ isServed: Bool,
        because reason: String?,
        of run: BulkRunID
    ) async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            guard var known = try connection.bulkRun(run), known.finishedAt == nil else { return }
            known.isServed = isServed
            known.stopReason = isServed ? nil : reason
            try connection.update(known)
        }
    }

    package func cancel(_ run: BulkRunID) async throws(StoreError) -> BulkRun? {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            guard var known = try connection.bulkRun(run) else { return nil }
            guard known.finishedAt == nil, known.cancelledAt == nil else { return known }
            try connection.failPendingRows(of: run, because: BulkRules.cancelled)
            known.cancelledAt = now
            known.isServed = true
            known.stopReason = nil
            if try connection.counts(of: run).open == 0 { known.finishedAt = now }
            try connection.update(known)
            return known
        }
    }

    package func counts(of run: BulkRunID) async throws(StoreError) -> BulkCounts {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.counts(of: run) }
    }

    package func rows(
        of run: BulkRunID,
        standing: BulkRow.Standing?,
        after line: Int,
        limit: Int
    ) async throws(StoreError) -> [BulkRow] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.bulkRows(of: run, standing: standing, after: line, limit: min(max(limit, 1), 1000))
        }
    }

    package func take(_ count: Int, of run: BulkRunID) async throws(StoreError) -> [BulkRow] {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            var rows = try connection.pendingRows(of: run, limit: count)
            for index in rows.indices {
                rows[index].standing = .sent
                rows[index].sentAt = now
                try connection.update(rows[index], of: run)
            }
            return rows
        }
    }

    package func answer(
        _ line: Int,
        of run: BulkRunID,
        with answer: BulkAnswer
    ) async throws(StoreError) -> BulkRow.Standing? {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            guard let row = try connection.bulkRow(line, of: run) else { return nil }
            var known: StoredGrant?
            if case .grant(let grant, _) = answer { known = try connection.grant(grant.id) }
            let isCancelled = try connection.bulkRun(run)?.cancelledAt != nil
            guard
                let changed = BulkRules.answering(
                    row,
                    with: answer,
                    isKnownHere: known != nil,
                    isCancelled: isCancelled
                )
            else { return nil }
            try connection.update(changed, of: run)
            if case .grant(let grant, _) = answer {
                let kept = BulkRules.grant(grant, of: row)
                let saved = kept.saved(over: known, owner: row.owner, tags: row.tags, isConnected: true, at: now)
                try connection.save(saved)
                try connection.tell(outbox, at: now) { BulkRules.news(changed, saved) }
                try connection.appendToAudit(
                    .grantSaved,
                    grant: grant.id,
                    owner: row.owner,
                    reference: "bulk run \(run)",
                    detail: changed.standing.rawValue,
                    at: now
                )
                // A grant that works is the proof of its consent, if it can be no other's.
                if let credential = try connection.bulkRun(run)?.credentialID,
                    let consent = ConsentRules.proven(among: try connection.consents(of: credential))
                {
                    _ = try connection.settle(
                        consent,
                        as: .verified(grant.id),
                        reference: "bulk run \(run)",
                        telling: outbox,
                        at: now
                    )
                }
            }
            return changed.standing
        }
    }

    package func finish(_ run: BulkRunID) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            guard try connection.counts(of: run).open == 0, let known = try connection.bulkRun(run) else {
                return false
            }
            guard known.finishedAt == nil else { return true }
            try connection.run("UPDATE bulk_run SET finished_at = ? WHERE id = ?", .time(now), .text(run.text))
            return true
        }
    }

    package func setReady(_ moment: Timestamp?, of run: BulkRunID) async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            _ = try connection.run(
                "UPDATE bulk_run SET ready_at = ? WHERE id = ?",
                moment.map { .time($0) } ?? .null,
                .text(run.text)
            )
        }
    }

    package func holdBulkWork() async throws(StoreError) -> (any BulkHold)? {
        guard writer != nil else { throw .readOnly }
        return try BulkLock.take(in: directory)
    }

    package func importGrants(
        _ grants: [ImportedGrant],
        isTold: Bool
    ) async throws(StoreError) -> ImportCounts {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            var counts = ImportCounts()
            for imported in grants {
                let known = try connection.grant(imported.grant.id)
                let saved = imported.grant.saved(over: known, owner: imported.owner, isConnected: false, at: now)
                guard known.map({ !saved.isSame(as: $0) }) ?? true else {
                    counts.unchanged += 1
                    continue
                }
                counts.added += known == nil ? 1 : 0
                counts.changed += known == nil ? 0 : 1
                try connection.save(saved)
                try connection.tell(outbox, at: now) {
                    BulkRules.newsOfImport(known, saved, owner: imported.owner, isTold: isTold)
                }
                let isNewOwner = !(known?.owners.contains { $0.owner == imported.owner } ?? false)
                try connection.appendToAudit(
                    .grantImported,
                    grant: saved.id,
                    owner: isNewOwner ? imported.owner : nil,
                    reference: nil,
                    detail: known == nil ? "added" : "changed",
                    at: now
                )
            }
            return counts
        }
    }
}
