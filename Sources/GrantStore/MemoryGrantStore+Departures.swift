package import Grants
import Synchronization
package import Timekeeping

extension MemoryGrantStore {
    package func leave(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: String,
        by actor: Actor?,
        reference: String?
    ) async throws(StoreError) -> Departure {
        let now = wallClock.now()
        return change { contents in
            let known = contents.grants[grant]
            let (answer, change, gone) = DepartureRules.leaving(known, leaver, at: now)
            if let known, let change {
                contents.outbox.tell(outbox, at: now) { OutboxNews.leaving(known, gone, nowAs: change) }
                contents.grants[grant] = change
                if change.deletionRequestedAt != nil { contents.deletionsDue[grant] = now }
            }
            return answer
        }
    }

    package func forget(
        _ grant: GrantID,
        reason: String,
        reference: String?
    ) async throws(StoreError) -> StoredGrant? {
        let now = wallClock.now()
        return change { contents in
            contents.deletionsDue[grant] = nil
            guard let known = contents.grants.removeValue(forKey: grant) else { return nil }
            contents.outbox.tell(outbox, at: now) { OutboxNews.forgetting(known) }
            return known
        }
    }

    package func recordRevocation(of grant: GrantID, reason: String) async throws(StoreError) {}

    package func deletionsDue(at moment: Timestamp, limit: Int) async throws(StoreError) -> [StoredGrant] {
        contents.withLock { contents in
            let due = contents.deletionsDue.filter { id, due in
                due <= moment && contents.grants[id]?.deletionRequestedAt != nil
            }
            let ordered = due.sorted { left, right in
                left.value == right.value ? left.key.text < right.key.text : left.value < right.value
            }
            return ordered.prefix(min(max(limit, 1), 1000)).compactMap { contents.grants[$0.key] }
        }
    }

    package func postponeDeletion(of grant: GrantID, until moment: Timestamp) async throws(StoreError) {
        contents.withLock { contents in
            guard contents.grants[grant]?.deletionRequestedAt != nil else { return }
            contents.deletionsDue[grant] = moment
        }
    }
}
