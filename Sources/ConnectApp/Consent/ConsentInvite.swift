package import Cryptography
import GrantStore
package import Grants
package import HTTPSemantics
package import Timekeeping

/// What a sealed invitation to consent says: which organisation is asked, for what, and until when (design §5).
///
/// All of it travels in the invitation's own address, as with a connect link. It is meant to be forwarded until it reaches an
/// administrator: opening it does nothing, and what comes of it is proven by a grant and by nothing that a browser brings back.
package struct ConsentInvite: Hashable, Sendable {
    package static let standardLifetime = Duration.seconds(7 * 86_400)
    package static let lifetimes: ClosedRange<Duration> = .seconds(60) ... .seconds(30 * 86_400)

    package var id: ConsentID
    /// What the page calls the organisation.
    package var customer: String
    package var credential: CredentialID
    /// The one tenant that the credential is for; nil for whichever consents.
    package var tenant: String?
    /// In place of what the app is registered for; as they were given, short or full. Only with a tenant.
    package var scopes: [String]
    /// The mailbox with which the consent is tried out.
    package var probe: String?
    package var expiresAt: Timestamp

    /// As Microsoft wants them: full addresses.
    var fullScopes: [String] {
        scopes.map { $0.contains("://") ? $0 : "https://graph.microsoft.com/\($0)" }
    }

    /// The consent, once a browser has come back with it.
    ///
    /// - Parameter delay: how long the approval takes to reach every server of the provider.
    func reported(
        claimedTenant: String?,
        reference: String,
        at now: Timestamp,
        delay: Duration
    ) -> TenantConsent {
        TenantConsent(
            id: id,
            customer: customer,
            credential: credential,
            tenant: tenant,
            claimedTenant: claimedTenant,
            probe: probe,
            reportedAt: now,
            readyAt: now + delay,
            reference: reference
        )
    }
}

// MARK: as bytes

extension ConsentInvite {
    func write(to fields: inout ByteFieldWriter) {
        fields.write(expiresAt.microsecondsSince1970)
        fields.write(id.text)
        fields.write(customer)
        fields.write(credential.text)
        fields.write(tenant)
        fields.write(scopes)
        fields.write(probe)
    }

    /// - Returns: nil unless the next fields are what ``write(to:)`` writes.
    init?(from fields: inout ByteFieldReader) {
        guard let expiresAt = fields.number(), let id = fields.text().flatMap(ConsentID.init),
            let customer = fields.text(), let credential = fields.text().flatMap(CredentialID.init),
            let tenant = fields.optionalText(), let scopes = fields.list(), let probe = fields.optionalText()
        else { return nil }
        self.init(
            id: id,
            customer: customer,
            credential: credential,
            tenant: tenant,
            scopes: scopes,
            probe: probe,
            expiresAt: Timestamp(microsecondsSince1970: expiresAt)
        )
    }
}

// MARK: as an address

/// Turns invitations into addresses and back, as ``LinkSeal`` does with connect links.
package struct ConsentSeal: Sendable {
    private static let name = "consent"
    private static let version: UInt8 = 1

    private let sealer: Sealer

    package init(keys: SealingKeys, random: RandomSource) {
        sealer = Sealer(keys: keys, purpose: .consent, random: random)
    }

    /// Whether the sealed text is short enough for a line of any mail program, and for a cookie.
    static func hasRoom(for invite: ConsentInvite) -> Bool {
        Sealer.sealedCharacters(plaintextBytes: encoded(invite).count) <= LinkSeal.limitCharacters
    }

    private static func encoded(_ invite: ConsentInvite) -> [UInt8] {
        var fields = ByteFieldWriter()
        fields.write(version)
        invite.write(to: &fields)
        return fields.bytes
    }

    /// The sealed text: base64url, safe as a segment of a path.
    package func seal(_ invite: ConsentInvite) -> String {
        sealer.seal(ConsentSeal.encoded(invite), for: ConsentSeal.name)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text as an invitation. Whether it has expired is another question.
    package func open(_ text: String) -> ConsentInvite? {
        guard text.utf8.count <= LinkSeal.limitCharacters, let bytes = sealer.open(text, for: ConsentSeal.name)
        else { return nil }
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == ConsentSeal.version, let invite = ConsentInvite(from: &fields), fields.isAtEnd
        else { return nil }
        return invite
    }

    static func path(_ sealed: String) -> String { "/consent/\(sealed)" }

    /// The whole address of an invitation, as it is given to a person.
    package static func address(_ sealed: String, at publicURL: HTTPOrigin) -> String {
        "\(publicURL)\(path(sealed))"
    }
}
