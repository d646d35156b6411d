import GrantStore
import Grants
import Timekeeping

extension GrantsCommand.Create {
    /// When the last consent that an administrator reported for a credential will have spread; nil if none is still unproven.
    func spreadingConsent(
        to credential: CredentialID,
        _ store: FileGrantStore
    ) async throws(CommandFailure) -> Timestamp? {
        let consents = try await stored { () async throws(StoreError) in
            try await store.consents(after: nil, limit: 1000)
        }
        return consents.filter { $0.credential == credential && $0.standing == .reported }.map(\.readyAt).max()
    }

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
