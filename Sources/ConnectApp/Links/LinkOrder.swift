package import Cryptography
package import GrantStore
import Grants
package import Timekeeping

/// What somebody wants a link to say, not yet looked at: texts as they were typed or sent.
package struct LinkOrder: Sendable {
    package var owner: String
    package var ownerName: String?
    package var expectedAddress: String?
    package var loginHint: String?
    package var providers: [String] = []
    package var profile: String?
    package var tags: [String: String] = [:]
    package var binding = Binding.baseline
    package var returnURL: String?
    package var lifetime: Duration?
    /// Whether the page says "connect again"; set by ``reconnecting(_:owner:in:)``.
    package internal(set) var isReconnection = false

    package init(owner: String) {
        self.owner = owner
    }
}

/// Why no link is made of an order: each case is one rule and names the member that breaks it.
package enum LinkOrderError: Error, Hashable, Sendable {
    case owner
    case ownerName
    case expectedAddress
    case loginHint
    /// A provider that the configuration does not offer, or twice the same.
    case providers(String)
    case profile(String)
    case tags
    /// Pinned, and no address to pin it to.
    case pinnedWithoutAddress
    /// Confirmed, and the configuration has no address to ask the host app at.
    case confirmedWithoutAddress
    /// Not, byte for byte, one of the configured addresses.
    case returnURL
    case lifetime
    /// Each member is within its limit, but together they do not fit into the cookie of a flow.
    case tooLong
}

extension LinkOrder {
    static let nameLimitBytes = 120
    static let addressLimitBytes = 254
    static let tagLimit = 8
    static let tagNameLimitBytes = 40
    static let tagValueLimitBytes = 120

    /// Makes the link, with an ID of its own.
    package func link(
        for settings: ConnectSettings,
        random: RandomSource,
        at now: Timestamp
    ) throws(LinkOrderError) -> ConnectLink {
        guard let owner = OwnerID(owner) else { throw .owner }
        if let ownerName, !isLine(ownerName, atMost: LinkOrder.nameLimitBytes) { throw .ownerName }
        if let expectedAddress, !isMailboxAddress(expectedAddress) { throw .expectedAddress }
        if let loginHint, !isMailboxAddress(loginHint) { throw .loginHint }
        if binding == .pinned, expectedAddress == nil { throw .pinnedWithoutAddress }
        if binding == .confirmed, settings.confirmationURL == nil { throw .confirmedWithoutAddress }
        if let returnURL, !settings.hasReturnURL(returnURL) { throw .returnURL }
        let lifetime = lifetime ?? ConnectLink.standardLifetime
        guard ConnectLink.lifetimes.contains(lifetime) else { throw .lifetime }
        let name = profile ?? settings.profile.name
        guard settings.profile(named: name) != nil else { throw .profile(name) }
        guard let id = LinkID(Base64.encode(random.bytes(12), .url)) else {
            preconditionFailure("base64url of 12 bytes has the form of a link's ID")
        }
        let link = ConnectLink(
            id: id,
            owner: owner,
            ownerName: ownerName,
            expectedAddress: expectedAddress,
            loginHint: loginHint,
            providers: try knownProviders(settings),
            profile: name,
            tags: try checkedTags(),
            binding: binding,
            returnURL: returnURL,
            isReconnection: isReconnection,
            expiresAt: now + lifetime
        )
        guard FlowCookies.hasRoom(for: link, settings) else { throw .tooLong }
        return link
    }

    private func knownProviders(_ settings: ConnectSettings) throws(LinkOrderError) -> [Provider] {
        var known: [Provider] = []
        for name in providers {
            guard let provider = Provider(rawValue: name), settings.providers.contains(provider),
                !known.contains(provider)
            else { throw .providers(name) }
            known.append(provider)
        }
        return known
    }

    private func checkedTags() throws(LinkOrderError) -> [String: String] {
        guard tags.count <= LinkOrder.tagLimit,
            tags.allSatisfy({ name, value in
                isLine(name, atMost: LinkOrder.tagNameLimitBytes)
                    && (value.isEmpty || isLine(value, atMost: LinkOrder.tagValueLimitBytes))
            })
        else { throw .tags }
        return tags
    }
}

func isLine(_ text: String, atMost limit: Int) -> Bool {
    (1...limit).contains(text.utf8.count)
        && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}

/// Something before the last `@` and a domain behind it. Providers know which addresses there are; this keeps out what is none.
func isMailboxAddress(_ text: String) -> Bool {
    guard isLine(text, atMost: LinkOrder.addressLimitBytes), !text.utf8.contains(UInt8(ascii: " ")),
        let at = text.lastIndex(of: "@")
    else { return false }
    let domain = text[text.index(after: at)...]
    return at != text.startIndex && domain.contains(".") && !domain.hasPrefix(".") && !domain.hasSuffix(".")
}
