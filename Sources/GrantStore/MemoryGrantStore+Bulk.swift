import Grants
import Synchronization
package import Timekeeping

extension MemoryGrantStore: BulkStore {
    /// What the store remembers of bulk runs.
    struct Bulk {
        var runs: [BulkRunID: BulkRun] = [:]
        var rows: [BulkRunID: [Int: BulkRow]] = [:]
        weak var holder: Hold?

        func sorted(_ run: BulkRunID) -> [BulkRow] { (rows[run] ?? [:]).values.sorted { $0.line < $1.line } }

        func counts(of run: BulkRunID) -> BulkCounts {
            var counts = BulkCounts()
            for row in (rows[run] ?? [:]).values { counts[row.standing] += 1 }
            return counts
        }
    }

    final class Hold: BulkHold {}

    package func begin(_ run: BulkRun, rows: [BulkRow]) async throws(StoreError) -> BulkRun? {
        change { contents in
            let unfinished = contents.bulk.runs.values.first {
                $0.finishedAt == nil && $0.credentialID == run.credentialID
            }
            guard unfinished == nil else { return unfinished }
            contents.bulk.runs[run.id] = run
            contents.bulk.rows[run.id] = Dictionary(rows.map { ($0.line, $0) }) { first, _ in first }
            return nil
        }
    }

    package func bulkRun(_ id: BulkRunID) async throws(StoreError) -> BulkRun? {
        look { $0.bulk.runs[id] }
    }

    package func bulkRuns(after run: BulkRunID?, limit: Int) async throws(StoreError) -> [BulkRun] {
        look { contents in
            let newest = contents.bulk.runs.values.sorted {
                $0.createdAt == $1.createdAt ? $0.id.text < $1.id.text : $0.createdAt > $1.createdAt
            }
            let start = run.map { run in newest.firstIndex { $0.id == run }.map { $0 + 1 } ?? newest.count } ?? 0
            return Array(newest[start...].prefix(min(max(limit, 1), 1000)))
        }
    }

    package func servedRuns() async throws(StoreError) -> [BulkRun] {
        look { contents in
            contents.bulk.runs.values.filter { $0.isServed && $0.finishedAt == nil }.sorted {
                $0.createdAt == $1.createdAt ? $0.id.text < $1.id.text : $0.createdAt < $1.createdAt
            }
        }
    }

    package func setServed(
        _ isServed: Bool,
        because reason: String?,
        of run: BulkRunID
    ) async throws(StoreError) {
        change { contents in
            guard let known = contents.bulk.runs[run], known.finishedAt == nil else { return }
            contents.bulk.runs[run]?.isServed = isServed
            contents.bulk.runs[run]?.stopReason = isServed ? nil : reason
        }
    }

    package func cancel(_ run: BulkRunID) async throws(StoreError) -> BulkRun? {
        let now = wallClock.now()
        return change { contents in
            guard var known = contents.bulk.runs[run] else { return nil }
            guard known.finishedAt == nil, known.cancelledAt == nil else { return known }
            for row in contents.bulk.sorted(run) where row.standing == .pending {
                contents.bulk.rows[run]?[row.line]?.standing = .failed
                contents.bulk.rows[run]?[row.line]?.reason = BulkRules.cancelled
            }
            known.cancelledAt = now
            known.isServed = true
            known.stopReason = nil
            if contents.bulk.counts(of: run).open == 0 { known.finishedAt = now }
            contents.bulk.runs[run] = known
            return known
        }
    }

    package func counts(of run: BulkRunID) async throws(StoreError) -> BulkCounts {
        look { $0.bulk.counts(of: run) }
    }

    package func rows(
        of run: BulkRunID,
        standing: BulkRow.Standing?,
        after line: Int,
        limit: Int
    ) async throws(StoreError) -> [BulkRow] {
        look { contents in
            let found = contents.bulk.sorted(run).filter { row in
                row.line > line && (standing == nil || row.standing == standing)
            }
            return Array(found.prefix(min(max(limit, 1), 1000)))
        }
    }

    package func take(_ count: Int, of run: BulkRunID) async throws(StoreError) -> [BulkRow] {
        let now = wallClock.now()
        return change { contents in
            let pending = contents.bulk.sorted(run).filter { $0.standing == .pending }
            let first = pending.sorted { ($0.attempts, $0.line) < ($1.attempts, $1.line) }.prefix(count)
            return first.map { row in
                var row = row
                row.standing = .sent
                row.sentAt = now
                contents.bulk.rows[run]?[row.line] = row
                return row
            }
        }
    }

    package func answer(
        _ line: Int,
        of run: BulkRunID,
        with answer: BulkAnswer
    ) async throws(StoreError) -> BulkRow.Standing? {
        let now = wallClock.now()
        return change { contents in
            guard let row = contents.bulk.rows[run]?[line] else { return nil }
            var known: StoredGrant?
            if case .grant(let grant, _) = answer { known = contents.grants[grant.id] }
            let isCancelled = contents.bulk.runs[run]?.cancelledAt != nil
            guard
                let changed = BulkRules.answering(
                    row,
                    with: answer,
                    isKnownHere: known != nil,
                    isCancelled: isCancelled
                )
            else { return nil }
            contents.bulk.rows[run]?[line] = changed
            if case .grant(let grant, _) = answer {
                let kept = BulkRules.grant(grant, of: row)
                contents.deletionsDue[grant.id] = nil
                let saved = kept.saved(over: known, owner: row.owner, tags: row.tags, isConnected: true, at: now)
                contents.grants[grant.id] = saved
                contents.outbox.tell(outbox, at: now) { BulkRules.news(changed, saved) }
                let consents = contents.consents.values.filter {
                    $0.credential == contents.bulk.runs[run]?.credentialID
                }
                if let consent = ConsentRules.proven(among: consents),
                    let settled = ConsentRules.settling(consent, as: .verified(grant.id), at: now)
                {
                    contents.consents[consent.id] = settled
                    contents.outbox.tell(outbox, at: now) { OutboxNews.settling(settled) }
                }
            }
            return changed.standing
        }
    }

    package func finish(_ run: BulkRunID) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return change { contents in
            guard contents.bulk.counts(of: run).open == 0, let known = contents.bulk.runs[run] else { return false }
            contents.bulk.runs[run]?.finishedAt = known.finishedAt ?? now
            return true
        }
    }

    package func setReady(_ moment: Timestamp?, of run: BulkRunID) async throws(StoreError) {
        change { $0.bulk.runs[run]?.readyAt = moment }
    }

    package func holdBulkWork() async throws(StoreError) -> (any BulkHold)? {
        change { contents in
            guard contents.bulk.holder == nil else { return nil }
            let hold = Hold()
            contents.bulk.holder = hold
            return hold
        }
    }

    package func importGrants(
        _ grants: [ImportedGrant],
        isTold: Bool
    ) async throws(StoreError) -> ImportCounts {
        let now = wallClock.now()
        return change { contents in
            var counts = ImportCounts()
            for imported in grants {
                let known = contents.grants[imported.grant.id]
                let saved = imported.grant.saved(over: known, owner: imported.owner, isConnected: false, at: now)
                guard known.map({ !saved.isSame(as: $0) }) ?? true else {
                    counts.unchanged += 1
                    continue
                }
                counts.added += known == nil ? 1 : 0
                counts.changed += known == nil ? 0 : 1
                contents.grants[saved.id] = saved
                contents.outbox.tell(outbox, at: now) {
                    BulkRules.newsOfImport(known, saved, owner: imported.owner, isTold: isTold)
                }
                if saved.deletionRequestedAt == nil { contents.deletionsDue[saved.id] = nil }
            }
            return counts
        }
    }
}
