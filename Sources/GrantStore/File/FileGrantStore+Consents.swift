package import Grants
package import Timekeeping

extension FileGrantStore {
    package func report(
        _ consent: TenantConsent,
        of claim: FlowClaim,
        with outcome: FlowOutcome
    ) async throws(StoreError) -> FlowRecord.Standing {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            let before = try connection.flow(claim.flow)?.standing
            guard let change = FlowRules.recording(outcome, over: before) else { return before ?? .answered(outcome) }
            try connection.save(FlowRecord(claim: claim, standing: change))
            try connection.note(claim.flow, reports: consent.id)
            if let new = ConsentRules.reporting(consent, over: try connection.consent(consent.id)) {
                try connection.save(new)
                try connection.tell(outbox, at: now) { [OutboxNews(.consentReported, new)] }
                try connection.appendToAudit(
                    .consentReported,
                    grant: nil,
                    owner: nil,
                    reference: outcome.reference,
                    detail: consent.id.text,
                    at: now
                )
            }
            return change
        }
    }

    package func consent(_ id: ConsentID) async throws(StoreError) -> TenantConsent? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.consent(id) }
    }

    package func consent(reportedBy flow: FlowID) async throws(StoreError) -> TenantConsent? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.consent(reportedBy: flow) }
    }

    package func consents(after: ConsentID?, limit: Int) async throws(StoreError) -> [TenantConsent] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in
                try connection.consents(after: after, limit: min(max(limit, 1), 1000))
            }
        }
    }

    package func nextProbeDue() async throws(StoreError) -> Timestamp? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.nextProbeDue() }
    }

    package func takeProbe(dueAt now: Timestamp, next: Timestamp) async throws(StoreError) -> TenantConsent? {
        try await write { (connection) throws(SQLiteFailure) in
            guard var consent = try connection.consent(dueAt: now) else { return nil }
            consent.attempts += 1
            consent.probeDueAt = next
            try connection.save(consent)
            return consent
        }
    }

    package func postponeProbe(of id: ConsentID, until moment: Timestamp) async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            guard var consent = try connection.consent(id), consent.standing == .reported, consent.probe != nil
            else { return }
            consent.probeDueAt = moment
            try connection.save(consent)
        }
    }

    package func settle(
        _ id: ConsentID,
        as standing: TenantConsent.Standing,
        saving grant: StoredGrant?,
        reference: String?
    ) async throws(StoreError) -> TenantConsent? {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            guard let known = try connection.consent(id) else { return nil }
            if let grant {
                let before = try connection.grant(grant.id)
                let saved = grant.saved(over: before, by: nil, at: now)
                try connection.save(saved)
                try connection.tell(outbox, at: now) { OutboxNews.tryingOut(before, saved) }
                try connection.appendToAudit(
                    .grantSaved,
                    grant: grant.id,
                    owner: nil,
                    reference: reference,
                    detail: "consent \(id)",
                    at: now
                )
            }
            return try connection.settle(known, as: standing, reference: reference, telling: outbox, at: now)
        }
    }

    package func verifyConsent(
        of credential: CredentialID,
        by grant: GrantID,
        reference: String?
    ) async throws(StoreError) -> ConsentID? {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            guard let only = ConsentRules.proven(among: try connection.consents(of: credential)) else { return nil }
            _ = try connection.settle(
                only,
                as: .verified(grant),
                reference: reference,
                telling: outbox,
                at: now
            )
            return only.id
        }
    }
}
