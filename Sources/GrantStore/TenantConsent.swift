package import Grants
package import Timekeeping

/// An administrator's approval of the app for a whole organisation, as far as it is known.
///
/// What comes back to the callback is a browser's claim, no proof: the consent is `reported`. Only a grant that was made with it
/// proves it.
package struct TenantConsent: Hashable, Sendable {
    package enum Standing: Hashable, Sendable {
        case reported
        /// This grant was made with it.
        case verified(GrantID)
        /// A name of ours or of the provider's for what was wrong; no text from outside.
        case failed(reason: String)

        package var name: String {
            switch self {
            case .reported: "reported"
            case .verified: "verified"
            case .failed: "failed"
            }
        }
    }

    package var id: ConsentID
    /// As the invitation calls the organisation.
    package var customer: String
    package var credential: CredentialID
    /// The one tenant asked for; nil for whichever consents.
    package var tenant: String?
    /// What the browser brought back: shown, never trusted. 1 to 64 characters of `A-Z a-z 0-9 . -`.
    package var claimedTenant: String?
    /// The mailbox with which the consent is tried out.
    package var probe: String?
    package var standing: Standing
    package var reportedAt: Timestamp
    /// When the approval should have reached every server of the provider.
    package var readyAt: Timestamp
    /// When it was verified or failed.
    package var settledAt: Timestamp?
    /// When it is tried out next; nil where nothing is tried.
    package var probeDueAt: Timestamp?
    /// How often it was tried out.
    package var attempts: Int
    /// The request whose log line tells more.
    package var reference: String

    /// A consent as a browser reports it.
    package init(
        id: ConsentID,
        customer: String,
        credential: CredentialID,
        tenant: String?,
        claimedTenant: String?,
        probe: String?,
        reportedAt: Timestamp,
        readyAt: Timestamp,
        reference: String
    ) {
        self.id = id
        self.customer = customer
        self.credential = credential
        self.tenant = tenant
        self.claimedTenant = claimedTenant
        self.probe = probe
        self.reportedAt = reportedAt
        self.readyAt = readyAt
        self.reference = reference
        standing = .reported
        probeDueAt = probe == nil ? nil : readyAt
        attempts = 0
    }
}

/// How consents are reported, tried out and settled. One invitation has one consent, however often somebody comes back with it.
package protocol ConsentStore: Sendable {
    /// Ends a flow with what its browser reports, in one transaction: the flow's answer, the consent, the audit entry.
    ///
    /// A consent that is reported or verified already is left as it is, so that nobody can put its trial off; one that has failed
    /// begins anew.
    /// - Returns: how the flow stands now: the outcome given, or what was there before (unless that was `declined`).
    func report(
        _ consent: TenantConsent,
        of claim: FlowClaim,
        with outcome: FlowOutcome
    ) async throws(StoreError) -> FlowRecord.Standing

    func consent(_ id: ConsentID) async throws(StoreError) -> TenantConsent?

    /// The consent that a flow has reported.
    func consent(reportedBy flow: FlowID) async throws(StoreError) -> TenantConsent?

    /// The newest report first, then by ID.
    ///
    /// - Parameters:
    ///   - after: continues a list behind this consent.
    ///   - limit: 1 to 1000.
    func consents(after: ConsentID?, limit: Int) async throws(StoreError) -> [TenantConsent]

    /// When the next consent is to be tried out.
    func nextProbeDue() async throws(StoreError) -> Timestamp?

    /// Takes the consent whose trial is due longest, and puts its next one off: of several processes one tries.
    ///
    /// - Parameter next: when it is due again if nobody says otherwise.
    /// - Returns: nil if none is due.
    func takeProbe(dueAt now: Timestamp, next: Timestamp) async throws(StoreError) -> TenantConsent?

    /// Puts the next trial of a reported consent off.
    func postponeProbe(of id: ConsentID, until moment: Timestamp) async throws(StoreError)

    /// Ends a consent, with its audit entry. What is verified stays so; what has failed can still be verified.
    ///
    /// - Parameter grant: what it was tried out with: saved without an owner, or brought up to date if it is known.
    /// - Returns: what stands now; nil if there is no such consent.
    func settle(
        _ id: ConsentID,
        as standing: TenantConsent.Standing,
        saving grant: StoredGrant?,
        reference: String?
    ) async throws(StoreError) -> TenantConsent?

    /// Verifies a consent by a grant that was made with its credential, if it can be no other's: of a credential that several
    /// organisations consent to, a grant proves nobody's consent in particular.
    ///
    /// - Returns: the consent, if it is verified by this; nil if it was already, or is not the only one.
    func verifyConsent(
        of credential: CredentialID,
        by grant: GrantID,
        reference: String?
    ) async throws(StoreError) -> ConsentID?
}

/// The rules of consents, without a store: as with ``FlowRules``, each store reads, asks and writes in one transaction.
package enum ConsentRules {
    /// The consent after a report; nil leaves it as it is.
    package static func reporting(_ new: TenantConsent, over known: TenantConsent?) -> TenantConsent? {
        switch known?.standing {
        case nil, .failed: new
        case .reported, .verified: nil
        }
    }

    /// The consent after its end; nil leaves it as it is.
    package static func settling(
        _ known: TenantConsent,
        as standing: TenantConsent.Standing,
        at now: Timestamp
    ) -> TenantConsent? {
        switch (known.standing, standing) {
        case (_, .reported), (.verified, _), (.failed, .failed): return nil
        case (.reported, _), (.failed, .verified):
            var settled = known
            settled.standing = standing
            settled.settledAt = now
            settled.probeDueAt = nil
            return settled
        }
    }

    /// The one consent that a grant of its credential proves.
    ///
    /// - Parameter consents: all of the credential's.
    package static func proven(among consents: [TenantConsent]) -> TenantConsent? {
        guard consents.count == 1, let only = consents.first else { return nil }
        if case .verified = only.standing { return nil }
        return only
    }
}
