import GrantStore
import Grants
import Timekeeping

extension FailingStore {
    func report(
        _ consent: TenantConsent,
        of claim: FlowClaim,
        with outcome: FlowOutcome
    ) async throws(StoreError) -> FlowRecord.Standing {
        try check(\.record)
        return try await inner.report(consent, of: claim, with: outcome)
    }

    func consent(_ id: ConsentID) async throws(StoreError) -> TenantConsent? {
        try check(\.look)
        return try await inner.consent(id)
    }

    func consent(reportedBy flow: FlowID) async throws(StoreError) -> TenantConsent? {
        try check(\.look)
        return try await inner.consent(reportedBy: flow)
    }

    func consents(after: ConsentID?, limit: Int) async throws(StoreError) -> [TenantConsent] {
        try await inner.consents(after: after, limit: limit)
    }

    func nextProbeDue() async throws(StoreError) -> Timestamp? { try await inner.nextProbeDue() }

    func takeProbe(dueAt now: Timestamp, next: Timestamp) async throws(StoreError) -> TenantConsent? {
        try check(\.takeOver)
        return try await inner.takeProbe(dueAt: now, next: next)
    }

    func postponeProbe(of id: ConsentID, until moment: Timestamp) async throws(StoreError) {
        try await inner.postponeProbe(of: id, until: moment)
    }

    func settle(
        _ id: ConsentID,
        as standing: TenantConsent.Standing,
        saving grant: StoredGrant?,
        reference: String?
    ) async throws(StoreError) -> TenantConsent? {
        try check(\.answer)
        return try await inner.settle(id, as: standing, saving: grant, reference: reference)
    }

    func verifyConsent(
        of credential: CredentialID,
        by grant: GrantID,
        reference: String?
    ) async throws(StoreError) -> ConsentID? {
        try await inner.verifyConsent(of: credential, by: grant, reference: reference)
    }
}
