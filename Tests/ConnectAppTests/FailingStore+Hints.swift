import GrantStore
import Grants
import Timekeeping

extension FailingStore {
    func noteHint(_ grant: GrantID) async throws(StoreError) -> Bool { try await inner.noteHint(grant) }

    func takeHints(limit: Int, lease: Lease, at now: Timestamp) async throws(StoreError) -> [GrantHint] {
        try await inner.takeHints(limit: limit, lease: lease, at: now)
    }

    func settleHint(
        _ hint: GrantHint,
        retryAt moment: Timestamp?,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        try await inner.settleHint(hint, retryAt: moment, heldBy: instance)
    }

    func nextHintDue() async throws(StoreError) -> Timestamp? { try await inner.nextHintDue() }
}
