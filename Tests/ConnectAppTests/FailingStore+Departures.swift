import GrantStore
import Grants
import Timekeeping

extension FailingStore {
    func leave(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: String,
        by actor: Actor?,
        reference: String?
    ) async throws(StoreError) -> Departure {
        try check(\.leave)
        return try await inner.leave(grant, leaver, reason: reason, by: actor, reference: reference)
    }

    func forget(
        _ grant: GrantID,
        reason: String,
        reference: String?
    ) async throws(StoreError) -> StoredGrant? {
        try check(\.forget)
        return try await inner.forget(grant, reason: reason, reference: reference)
    }

    func recordRevocation(of grant: GrantID, reason: String) async throws(StoreError) {
        try await inner.recordRevocation(of: grant, reason: reason)
    }

    func deletionsDue(at moment: Timestamp, limit: Int) async throws(StoreError) -> [StoredGrant] {
        try await inner.deletionsDue(at: moment, limit: limit)
    }

    func postponeDeletion(of grant: GrantID, until moment: Timestamp) async throws(StoreError) {
        try await inner.postponeDeletion(of: grant, until: moment)
    }
}
