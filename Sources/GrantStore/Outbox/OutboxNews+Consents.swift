import Grants
import Timekeeping

extension OutboxNews {
    /// News of a consent, as it is now.
    init(_ type: EventType, _ consent: TenantConsent) {
        let grant: GrantID? = if case .verified(let grant) = consent.standing { grant } else { nil }
        self.init(type, grantID: grant, data: ConsentData(consent))
    }

    /// The end of a consent.
    static func settling(_ consent: TenantConsent) -> [OutboxNews] {
        switch consent.standing {
        case .reported: []
        case .verified: [OutboxNews(.consentVerified, consent)]
        case .failed: [OutboxNews(.consentFailed, consent)]
        }
    }

    /// The grant that a consent was tried out with: a new one, or one that was known.
    static func tryingOut(_ known: StoredGrant?, _ grant: StoredGrant) -> [OutboxNews] {
        known.map { refreshing($0, to: grant) } ?? [OutboxNews(.grantConnected, grant)]
    }
}

/// What an event says of a consent; the names are those of `postern consent list --json`.
private struct ConsentData: Encodable {
    var id: String
    var customer: String
    var credential_id: String
    var tenant: String?
    /// What a browser said; not proven.
    var claimed_tenant: String?
    var standing: String
    var reason: String?
    var grant_id: String?
    var reported_at: String
    var ready_at: String
    var settled_at: String?

    init(_ consent: TenantConsent) {
        id = consent.id.text
        customer = consent.customer
        credential_id = consent.credential.text
        tenant = consent.tenant
        claimed_tenant = consent.claimedTenant
        standing = consent.standing.name
        switch consent.standing {
        case .reported: break
        case .verified(let grant): grant_id = grant.text
        case .failed(let reason): self.reason = reason
        }
        reported_at = consent.reportedAt.rfc3339
        ready_at = consent.readyAt.rfc3339
        settled_at = consent.settledAt?.rfc3339
    }
}
