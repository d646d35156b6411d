package import Cryptography
import GrantStore
package import Grants
package import HTTPSemantics
package import Timekeeping

/// What a signed disconnect link says: which mailbox, and who gives it up.
///
/// It is for the connection that was there when it was made: after somebody has disconnected and connected again, an old link in an
/// old message ends nothing. So it needs no row in the store, and pressing its button twice is harmless.
package struct DisconnectLink: Hashable, Sendable {
    package static let standardLifetime = Duration.seconds(7 * 86_400)
    package static let lifetimes: ClosedRange<Duration> = .seconds(60) ... .seconds(30 * 86_400)

    package var grant: GrantID
    /// nil where it was connected openly.
    package var owner: OwnerID?
    /// What the page calls that owner; the ID if there is none.
    package var ownerName: String?
    /// What the page calls the mailbox, also once it is forgotten here.
    package var address: String?
    /// As Nylas names it.
    package var providerName: String
    /// When the owner got it or, without one, when it was first saved.
    package var since: Timestamp
    package var expiresAt: Timestamp

    var leaver: Leaver { owner.map { .owner($0) } ?? .nobodyInParticular }

    /// How a connection stands that such a link is for.
    enum Standing: Hashable, Sendable {
        /// So many others have the mailbox too.
        case connected(others: Int)
        /// Over for this owner; others still have it.
        case left
        /// Over for everybody, and the access is not deleted yet.
        case leftWithAccess
        /// Over, and the access is gone.
        case gone
        /// Over, and connected anew since.
        case connectedAnew
    }

    func standing(_ known: StoredGrant?) -> Standing {
        guard let known else { return .gone }
        guard known.deletionRequestedAt == nil else { return .leftWithAccess }
        guard let owner else {
            guard known.owners.isEmpty else { return .left }
            return known.savedAt == since ? .connected(others: 0) : .connectedAnew
        }
        guard let ownership = known.owners.first(where: { $0.owner == owner }) else { return .left }
        return ownership.since == since ? .connected(others: known.owners.count - 1) : .connectedAnew
    }
}

// MARK: as an address

/// Turns disconnect links into addresses and back, as ``LinkSeal`` does with connect links.
package struct DisconnectSeal: Sendable {
    private static let name = "disconnect"
    private static let version: UInt8 = 1

    private let sealer: Sealer

    package init(keys: SealingKeys, random: RandomSource) {
        sealer = Sealer(keys: keys, purpose: .disconnect, random: random)
    }

    /// The sealed text: base64url, safe as a segment of a path.
    package func seal(_ link: DisconnectLink) -> String {
        var fields = ByteFieldWriter()
        fields.write(DisconnectSeal.version)
        fields.write(link.expiresAt.microsecondsSince1970)
        fields.write(link.since.microsecondsSince1970)
        fields.write(link.grant.text)
        fields.write(link.owner?.text)
        fields.write(link.ownerName)
        fields.write(link.address)
        fields.write(link.providerName)
        return sealer.seal(fields.bytes, for: DisconnectSeal.name)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text as a disconnect link. Whether it has expired is another question.
    package func open(_ text: String) -> DisconnectLink? {
        guard text.utf8.count <= LinkSeal.limitCharacters,
            let bytes = sealer.open(text, for: DisconnectSeal.name)
        else { return nil }
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == DisconnectSeal.version, let expiresAt = fields.number(), let since = fields.number(),
            let grant = fields.text().flatMap(GrantID.init), let owner = fields.optionalText(),
            let ownerName = fields.optionalText(), let address = fields.optionalText(),
            let providerName = fields.text(), fields.isAtEnd
        else { return nil }
        var link = DisconnectLink(
            grant: grant,
            ownerName: ownerName,
            address: address,
            providerName: providerName,
            since: Timestamp(microsecondsSince1970: since),
            expiresAt: Timestamp(microsecondsSince1970: expiresAt)
        )
        if let owner {
            // Read as nobody's, an owner's link would end what is not theirs.
            guard let known = OwnerID(owner) else { return nil }
            link.owner = known
        }
        return link
    }

    static func path(_ sealed: String) -> String { "/disconnect/\(sealed)" }

    /// The whole address of a link, as it is given to a person.
    package static func address(_ sealed: String, at publicURL: HTTPOrigin) -> String {
        "\(publicURL)\(path(sealed))"
    }
}
