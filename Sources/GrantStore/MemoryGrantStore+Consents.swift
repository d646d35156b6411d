package import Grants
import Synchronization
package import Timekeeping

extension MemoryGrantStore {
    package func report(
        _ consent: TenantConsent,
        of claim: FlowClaim,
        with outcome: FlowOutcome
    ) async throws(StoreError) -> FlowRecord.Standing {
        let now = wallClock.now()
        return self.change { contents in
            let before = contents.flows[claim.flow]?.standing
            guard let change = FlowRules.recording(outcome, over: before) else { return before ?? .answered(outcome) }
            contents.flows[claim.flow] = FlowRecord(claim: claim, standing: change)
            contents.consentFlows[claim.flow] = consent.id
            if let new = ConsentRules.reporting(consent, over: contents.consents[consent.id]) {
                contents.consents[consent.id] = new
                contents.outbox.tell(outbox, at: now) { [OutboxNews(.consentReported, new)] }
            }
            return change
        }
    }

    package func consent(_ id: ConsentID) async throws(StoreError) -> TenantConsent? {
        contents.withLock { $0.consents[id] }
    }

    package func consent(reportedBy flow: FlowID) async throws(StoreError) -> TenantConsent? {
        contents.withLock { contents in contents.consentFlows[flow].flatMap { contents.consents[$0] } }
    }

    package func consents(after: ConsentID?, limit: Int) async throws(StoreError) -> [TenantConsent] {
        contents.withLock { contents in
            let listed = contents.consents.values.sorted { left, right in
                left.reportedAt == right.reportedAt
                    ? left.id.text < right.id.text : left.reportedAt > right.reportedAt
            }
            let limit = min(max(limit, 1), 1000)
            guard let after else { return Array(listed.prefix(limit)) }
            return Array(listed.drop { $0.id != after }.dropFirst().prefix(limit))
        }
    }

    package func nextProbeDue() async throws(StoreError) -> Timestamp? {
        contents.withLock { $0.consents.values.compactMap(\.probeDueAt).min() }
    }

    package func takeProbe(dueAt now: Timestamp, next: Timestamp) async throws(StoreError) -> TenantConsent? {
        contents.withLock { contents in
            let due = contents.consents.values.compactMap { consent in
                consent.probeDueAt.flatMap { $0 <= now ? ($0, consent.id) : nil }
            }
            let first = due.min { left, right in left.0 == right.0 ? left.1.text < right.1.text : left.0 < right.0 }
            guard let id = first?.1 else { return nil }
            contents.consents[id]?.attempts += 1
            contents.consents[id]?.probeDueAt = next
            return contents.consents[id]
        }
    }

    package func postponeProbe(of id: ConsentID, until moment: Timestamp) async throws(StoreError) {
        contents.withLock { contents in
            guard let consent = contents.consents[id], consent.standing == .reported, consent.probe != nil
            else { return }
            contents.consents[id]?.probeDueAt = moment
        }
    }

    package func settle(
        _ id: ConsentID,
        as standing: TenantConsent.Standing,
        saving grant: StoredGrant?,
        reference: String?
    ) async throws(StoreError) -> TenantConsent? {
        let now = wallClock.now()
        return change { contents in
            guard let known = contents.consents[id] else { return nil }
            if let grant {
                let before = contents.grants[grant.id]
                let saved = grant.saved(over: before, by: nil, at: now)
                contents.grants[grant.id] = saved
                contents.outbox.tell(outbox, at: now) { OutboxNews.tryingOut(before, saved) }
            }
            guard let settled = ConsentRules.settling(known, as: standing, at: now) else { return known }
            contents.consents[id] = settled
            contents.outbox.tell(outbox, at: now) { OutboxNews.settling(settled) }
            return settled
        }
    }

    package func verifyConsent(
        of credential: CredentialID,
        by grant: GrantID,
        reference: String?
    ) async throws(StoreError) -> ConsentID? {
        let now = wallClock.now()
        return change { contents in
            let all = contents.consents.values.filter { $0.credential == credential }
            guard let only = ConsentRules.proven(among: all),
                let settled = ConsentRules.settling(only, as: .verified(grant), at: now)
            else { return nil }
            contents.consents[only.id] = settled
            contents.outbox.tell(outbox, at: now) { OutboxNews.settling(settled) }
            return only.id
        }
    }
}
