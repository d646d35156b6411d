import GrantStore
import Grants

extension GrantsCommand.Create {
    /// A mailbox that was connected proves the administrator's consent.
    func proveConsent(by run: BulkRun, _ store: FileGrantStore) async throws(CommandFailure) {
        guard run.provider == .microsoft else { return }
        try await stored { () async throws(StoreError) in
            let rows = try await store.rows(of: run.id, standing: .connected, after: 0, limit: 1)
            guard let grant = rows.first?.grantID else { return }
            _ = try await store.verifyConsent(of: run.credentialID, by: grant, reference: "bulk run \(run.id)")
        }
    }
}
