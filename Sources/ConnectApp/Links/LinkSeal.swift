package import Cryptography
package import HTTPSemantics

/// Turns links into addresses and back. Whoever has the sealing keys can do it, without the server and without the store.
package struct LinkSeal: Sendable {
    /// Of the sealed text: with the origin before it, an address still fits into a line of any mail program.
    static let limitCharacters = 1400
    private static let name = "link"

    private let sealer: Sealer

    package init(keys: SealingKeys, random: RandomSource) {
        sealer = Sealer(keys: keys, purpose: .link, random: random)
    }

    /// The sealed text: base64url, safe as a segment of a path.
    package func seal(_ link: ConnectLink) -> String {
        sealer.seal(link.encoded(), for: LinkSeal.name)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text as a link. Whether it has expired is another question.
    package func open(_ text: String) -> ConnectLink? {
        guard text.utf8.count <= LinkSeal.limitCharacters else { return nil }
        return sealer.open(text, for: LinkSeal.name).flatMap(ConnectLink.init(encoded:))
    }

    static func path(_ sealed: String) -> String { "/c/\(sealed)" }

    /// The whole address of a link, as it is given to a person.
    package static func address(_ sealed: String, at publicURL: HTTPOrigin) -> String {
        "\(publicURL)\(path(sealed))"
    }
}
