import Grants
import Timekeeping

extension Connection {
    func consent(_ id: ConsentID) throws(SQLiteFailure) -> TenantConsent? {
        try row("SELECT \(consentColumns) FROM tenant_consent WHERE id = ?", .text(id.text), read: consent(in:))
    }

    func consent(reportedBy flow: FlowID) throws(SQLiteFailure) -> TenantConsent? {
        try row(
            """
            SELECT \(consentColumns) FROM tenant_consent
            WHERE id = (SELECT consent_id FROM consent_flow WHERE digest = ?)
            """,
            .blob(flow.digest),
            read: consent(in:)
        )
    }

    func consents(after: ConsentID?, limit: Int) throws(SQLiteFailure) -> [TenantConsent] {
        var condition = ""
        var values: [SQLValue] = []
        if let after {
            guard let last = try consent(after) else { return [] }
            condition = "WHERE reported_at < ? OR (reported_at = ? AND id > ?)"
            values = [.time(last.reportedAt), .time(last.reportedAt), .text(after.text)]
        }
        var found: [TenantConsent] = []
        try forEachRow(
            "SELECT \(consentColumns) FROM tenant_consent \(condition) ORDER BY reported_at DESC, id LIMIT ?",
            values + [.integer(Int64(limit))]
        ) { (row) throws(SQLiteFailure) in found.append(try consent(in: &row)) }
        return found
    }

    func consents(of credential: CredentialID) throws(SQLiteFailure) -> [TenantConsent] {
        try rows(
            "SELECT \(consentColumns) FROM tenant_consent WHERE credential_id = ?",
            .text(credential.text),
            read: consent(in:)
        )
    }

    func nextProbeDue() throws(SQLiteFailure) -> Timestamp? {
        try row(
            """
            SELECT probe_due_at FROM tenant_consent WHERE probe_due_at IS NOT NULL ORDER BY probe_due_at LIMIT 1
            """
        ) { (row) throws(SQLiteFailure) in try row.time() }
    }

    func consent(dueAt now: Timestamp) throws(SQLiteFailure) -> TenantConsent? {
        try row(
            """
            SELECT \(consentColumns) FROM tenant_consent WHERE probe_due_at IS NOT NULL AND probe_due_at <= ?
            ORDER BY probe_due_at, id LIMIT 1
            """,
            .time(now),
            read: consent(in:)
        )
    }

    /// Writes a consent in place of what was there.
    func save(_ consent: TenantConsent) throws(SQLiteFailure) {
        let (reason, grant): (String?, GrantID?) =
            switch consent.standing {
            case .reported: (nil, nil)
            case .verified(let grant): (nil, grant)
            case .failed(let reason): (reason, nil)
            }
        try run(
            "INSERT OR REPLACE INTO tenant_consent (\(consentColumns)) VALUES (?\(String(repeating: ", ?", count: 14)))",
            .text(consent.id.text),
            .text(consent.customer),
            .text(consent.credential.text),
            .text(consent.tenant),
            .text(consent.claimedTenant),
            .text(consent.probe),
            .text(consent.standing.name),
            .text(reason),
            .text(grant?.text),
            .time(consent.reportedAt),
            .time(consent.readyAt),
            consent.settledAt.map { .time($0) } ?? .null,
            consent.probeDueAt.map { .time($0) } ?? .null,
            .integer(Int64(consent.attempts)),
            .text(consent.reference)
        )
    }

    func note(_ flow: FlowID, reports consent: ConsentID) throws(SQLiteFailure) {
        try run(
            "INSERT OR REPLACE INTO consent_flow (digest, consent_id) VALUES (?, ?)",
            .blob(flow.digest),
            .text(consent.text)
        )
    }

    /// Forgets which flows reported what, once the flows are forgotten.
    func deleteConsentFlows() throws(SQLiteFailure) {
        try run("DELETE FROM consent_flow WHERE digest NOT IN (SELECT digest FROM flow_claim)")
    }

    /// Ends a consent, if the rules let it end so.
    func settle(
        _ known: TenantConsent,
        as standing: TenantConsent.Standing,
        reference: String?,
        telling outbox: OutboxPolicy,
        at now: Timestamp
    ) throws(SQLiteFailure) -> TenantConsent {
        guard let settled = ConsentRules.settling(known, as: standing, at: now) else { return known }
        try save(settled)
        try tell(outbox, at: now) { OutboxNews.settling(settled) }
        let (event, grant): (AuditEntry.Event, GrantID?) =
            if case .verified(let grant) = standing { (.consentVerified, grant) } else { (.consentFailed, nil) }
        try appendToAudit(
            event,
            grant: grant,
            owner: nil,
            reference: reference,
            detail: known.id.text,
            at: now
        )
        return settled
    }

    private func consent(in row: inout Row) throws(SQLiteFailure) -> TenantConsent {
        guard let id = ConsentID(try row.text()) else { throw .unreadableValue }
        let customer = try row.text()
        guard let credential = CredentialID(try row.text()) else { throw .unreadableValue }
        let (tenant, claimed, probe) = (try row.optionalText(), try row.optionalText(), try row.optionalText())
        let (name, reason, grant) = (try row.text(), try row.optionalText(), try row.optional(GrantID.init))
        let (reportedAt, readyAt, settledAt) = (try row.time(), try row.time(), try row.optionalTime())
        let (dueAt, attempts, reference) = (try row.optionalTime(), try row.integer(), try row.text())
        var consent = TenantConsent(
            id: id,
            customer: customer,
            credential: credential,
            tenant: tenant,
            claimedTenant: claimed,
            probe: probe,
            reportedAt: reportedAt,
            readyAt: readyAt,
            reference: reference
        )
        switch (name, reason, grant) {
        case ("reported", nil, nil): consent.standing = .reported
        case ("verified", nil, let grant?): consent.standing = .verified(grant)
        case ("failed", let reason?, nil): consent.standing = .failed(reason: reason)
        default: throw .unreadableValue
        }
        consent.settledAt = settledAt
        consent.probeDueAt = dueAt
        consent.attempts = Int(clamping: attempts)
        return consent
    }
}

private let consentColumns = """
    id, customer, credential_id, tenant, claimed_tenant, probe_address, standing, reason, grant_id, \
    reported_at, ready_at, settled_at, probe_due_at, attempts, reference
    """
