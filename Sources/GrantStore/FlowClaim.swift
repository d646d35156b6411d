import Cryptography
package import Grants
package import Timekeeping

/// The name of one flow in the store: SHA-256 of its `state`, so that the store never holds a state.
package struct FlowID: Hashable, Sendable {
    /// 32 bytes.
    package let digest: [UInt8]

    package init(state: String) {
        digest = SHA256.digest(state)
    }

    /// - Returns: nil unless there are 32 bytes.
    package init?(digest: [UInt8]) {
        guard digest.count == SHA256.digestBytes else { return nil }
        self.digest = digest
    }

    /// The first 9 bytes as base64url, 12 characters: what result pages and flow cookies are named by.
    package var shortID: String {
        Base64.encode(Array(digest[..<9]), .url)
    }
}

package enum FlowKind: String, Sendable {
    case connect
    case adminConsent = "admin_consent"
}

/// How a flow is bound to the right person (design §4.7).
package enum Binding: String, Sendable, CaseIterable {
    /// The same browser from start to end.
    case baseline
    /// Also: the link names an address that the host app has verified to be its user's.
    case pinned
    /// Also: the host app's own word, before the exchange.
    case confirmed
}

/// All that judging and saving need to know of a flow without its cookie, written before the code is exchanged.
package struct FlowClaim: Hashable, Sendable {
    package var flow: FlowID
    package var kind: FlowKind
    /// The host app's user the grant will belong to; nil for open connecting.
    package var owner: OwnerID?
    /// The link that the flow came from; nil for open connecting.
    package var link: LinkClaim?
    package var binding: Binding
    /// The provider asked for; nil when Nylas was left to ask.
    package var provider: Provider?
    /// The name of the access profile.
    package var profile: String
    /// The scopes asked for, as sent; empty for providers without scopes and when Nylas was left to ask.
    package var scopes: [String]
    package var expectedAddress: String?
    package var returnURL: String?
    package var tags: [String: String]
    package var startedAt: Timestamp

    package init(
        flow: FlowID,
        kind: FlowKind,
        owner: OwnerID? = nil,
        link: LinkClaim? = nil,
        binding: Binding = .baseline,
        provider: Provider?,
        profile: String,
        scopes: [String],
        expectedAddress: String? = nil,
        returnURL: String? = nil,
        tags: [String: String] = [:],
        startedAt: Timestamp
    ) {
        self.flow = flow
        self.kind = kind
        self.owner = owner
        self.link = link
        self.binding = binding
        self.provider = provider
        self.profile = profile
        self.scopes = scopes
        self.expectedAddress = expectedAddress
        self.returnURL = returnURL
        self.tags = tags
        self.startedAt = startedAt
    }
}

/// Which process works on a claim, and until when nobody else may.
package struct Lease: Hashable, Sendable {
    /// Random per process start.
    package var instance: String
    package var expiresAt: Timestamp

    package init(instance: String, expiresAt: Timestamp) {
        self.instance = instance
        self.expiresAt = expiresAt
    }
}

/// How a flow ended, as it is kept and told again.
package struct FlowOutcome: Hashable, Sendable {
    package enum Verdict: String, Sendable, CaseIterable {
        /// A new grant is saved.
        case connected
        /// A grant we knew is valid again or has new scopes.
        case reconnected
        /// The person said no. A later code of the same flow may supersede this one verdict.
        case declined
        /// Fewer permissions were granted than asked for: `missingScopes` says which.
        case permissionsMissing = "permissions_missing"
        case otherProvider = "other_provider"
        case otherAddress = "other_address"
        /// The grant belongs to another user of the host app.
        case connectedBySomeoneElse = "connected_by_someone_else"
        /// The provider or Nylas answered with an error instead of a code.
        case providerRefused = "provider_refused"
        /// The Nylas application has no connector for the provider: nobody can connect there until the operator makes one.
        case connectorMissing = "connector_missing"
        /// Microsoft wants an administrator's approval first.
        case adminApprovalNeeded = "admin_approval_needed"
        /// Nylas definitely refused the code: it is spent, start again.
        case exchangeRefused = "exchange_refused"
        /// Another flow has made a connection with the same link.
        case linkUsed = "link_used"
        /// The operator ended the link before the flow came back.
        case linkRevoked = "link_revoked"
        /// The host app says that who came back is not the owner the link is for: the code was not used.
        case forSomeoneElse = "for_someone_else"
        /// The host app did not say in time who came back: the code was not used.
        case notConfirmed = "not_confirmed"
        /// It came back too late: the code was not used.
        case expired
        /// An administrator's browser came back with a yes, which proves nothing yet.
        case consentReported = "consent_reported"
        /// Who signed in for a consent is no administrator.
        case adminRoleNeeded = "admin_role_needed"
        /// Whether the code was exchanged could not be found out: start again.
        case unknown
    }

    package var verdict: Verdict
    package var grantID: GrantID?
    /// The mailbox, as the provider names it.
    package var address: String?
    /// As Nylas named it, which may be a provider we do not know.
    package var providerName: String?
    package var grantedScopes: [String]
    package var missingScopes: [String]
    /// The request whose log line tells more.
    package var reference: String
    package var answeredAt: Timestamp

    package init(
        verdict: Verdict,
        grantID: GrantID? = nil,
        address: String? = nil,
        providerName: String? = nil,
        grantedScopes: [String] = [],
        missingScopes: [String] = [],
        reference: String,
        answeredAt: Timestamp
    ) {
        self.verdict = verdict
        self.grantID = grantID
        self.address = address
        self.providerName = providerName
        self.grantedScopes = grantedScopes
        self.missingScopes = missingScopes
        self.reference = reference
        self.answeredAt = answeredAt
    }
}

/// A claim with where it stands.
package struct FlowRecord: Hashable, Sendable {
    package enum Standing: Hashable, Sendable {
        case open(Lease)
        case answered(FlowOutcome)
    }

    package var claim: FlowClaim
    package var standing: Standing

    package init(claim: FlowClaim, standing: Standing) {
        self.claim = claim
        self.standing = standing
    }
}
