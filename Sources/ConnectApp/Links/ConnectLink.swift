package import GrantStore
package import Grants
package import Timekeeping

/// What a signed connect link says: whose mailbox is to be connected, what for, and until when (design §4.6, §4.7).
///
/// All of it travels sealed in the link's own address, so a link that nobody opens costs the server nothing. It is for one
/// person and one purpose, and good for one connection; opening it does nothing.
package struct ConnectLink: Hashable, Sendable {
    package static let standardLifetime = Duration.seconds(3600)
    package static let lifetimes: ClosedRange<Duration> = .seconds(60) ... .seconds(7 * 86_400)

    package var id: LinkID
    /// The host app's user the grant will belong to.
    package var owner: OwnerID
    /// What the page calls that user, so that somebody with a forwarded link notices; the owner's ID if there is none.
    package var ownerName: String?
    /// The one mailbox that may be connected.
    package var expectedAddress: String?
    /// Filled in at the provider; the person may use another address.
    package var loginHint: String?
    /// In the order shown; empty for all that are configured.
    package var providers: [Provider]
    /// The name of an access profile.
    package var profile: String
    package var tags: [String: String]
    package var binding: Binding
    /// Where in the host app the way back leads, one of the configured addresses.
    package var returnURL: String?
    /// Whether it is for a mailbox that was connected before and has stopped working.
    package var isReconnection: Bool
    package var expiresAt: Timestamp

    package init(
        id: LinkID,
        owner: OwnerID,
        ownerName: String? = nil,
        expectedAddress: String? = nil,
        loginHint: String? = nil,
        providers: [Provider] = [],
        profile: String,
        tags: [String: String] = [:],
        binding: Binding = .baseline,
        returnURL: String? = nil,
        isReconnection: Bool = false,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.owner = owner
        self.ownerName = ownerName
        self.expectedAddress = expectedAddress
        self.loginHint = loginHint
        self.providers = providers
        self.profile = profile
        self.tags = tags
        self.binding = binding
        self.returnURL = returnURL
        self.isReconnection = isReconnection
        self.expiresAt = expiresAt
    }

    /// Who the page says it is for.
    var recipient: String { ownerName ?? owner.text }

    var claim: LinkClaim { LinkClaim(id: id, expiresAt: expiresAt) }
}

// MARK: as bytes

extension ConnectLink {
    private static let version: UInt8 = 1

    /// The link as bytes to be sealed.
    func encoded() -> [UInt8] {
        var fields = ByteFieldWriter()
        fields.write(ConnectLink.version)
        fields.write(expiresAt.microsecondsSince1970)
        fields.write(id.text)
        fields.write(owner.text)
        fields.write(ownerName)
        fields.write(expectedAddress)
        fields.write(loginHint)
        fields.write(providers.map(\.rawValue))
        fields.write(profile)
        fields.write(tags.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        fields.write(binding.rawValue)
        fields.write(returnURL)
        fields.write(isReconnection ? 1 : 0 as UInt8)
        return fields.bytes
    }

    /// - Returns: nil unless the bytes are exactly what ``encoded()`` writes.
    init?(encoded bytes: [UInt8]) {
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == ConnectLink.version, let expiresAt = fields.number(),
            let id = fields.text().flatMap(LinkID.init), let owner = fields.text().flatMap(OwnerID.init),
            let ownerName = fields.optionalText(), let expectedAddress = fields.optionalText(),
            let loginHint = fields.optionalText(), let names = fields.list(), let profile = fields.text(),
            let tags = fields.list(), tags.count.isMultiple(of: 2),
            let binding = fields.text().flatMap(Binding.init(rawValue:)), let returnURL = fields.optionalText(),
            let again = fields.byte(), again <= 1, fields.isAtEnd
        else { return nil }
        // A name that is there must be one we know: nothing sealed is ever silently dropped.
        let providers = names.compactMap(Provider.init(rawValue:))
        guard providers.count == names.count else { return nil }
        self.init(
            id: id,
            owner: owner,
            ownerName: ownerName,
            expectedAddress: expectedAddress,
            loginHint: loginHint,
            providers: providers,
            profile: profile,
            binding: binding,
            returnURL: returnURL,
            isReconnection: again == 1,
            expiresAt: Timestamp(microsecondsSince1970: expiresAt)
        )
        for index in stride(from: 0, to: tags.count, by: 2) { self.tags[tags[index]] = tags[index + 1] }
        // Nor do two texts mean the same link: tags in another order, or one twice.
        guard encoded() == bytes else { return nil }
    }
}
