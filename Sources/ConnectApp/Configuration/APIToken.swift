import Cryptography

/// A bearer token of the operator API, as the configuration holds it: never the token, only its SHA-256.
///
/// Two of one name are one caller with two tokens, so that one can be changed for the other without a pause.
package struct APIToken: Hashable, Sendable {
    package enum Scope: String, Sendable, CaseIterable {
        case read
        /// Also whatever changes something.
        case write

        /// Whether a token of this scope may do what needs another.
        package func covers(_ needed: Scope) -> Bool { self == needed || self == .write }
    }

    /// What the audit trail calls whoever holds it: 1 to 40 characters of `A-Z a-z 0-9 . _ -`.
    package var name: String
    package var scope: Scope
    /// 32 bytes.
    package var digest: [UInt8]

    /// - Returns: nil unless the name is one and there are 32 bytes.
    package init?(name: String, scope: Scope, digest: [UInt8]) {
        guard APIToken.isName(name), digest.count == SHA256.digestBytes else { return nil }
        self.name = name
        self.scope = scope
        self.digest = digest
    }

    package static func isName(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension Keys {
    static let apiTokens = ConfigurationListKey<APIToken>(
        "api.tokens",
        "a list of objects with name, scope and sha256, as postern tokens create prints them",
        example: #"[{"name": "billing", "scope": "read", "sha256": "64 hexadecimal digits"}]"#,
        // The first digits tell two of one name apart, and a reload sees that one was changed.
        label: { "\($0.name) (\($0.scope.rawValue), \(Hex.encode($0.digest).prefix(8))…)" }
    ) { object in
        let name = object.required(tokenName)
        let scope = object.required(tokenScope)
        let digest = object.required(tokenDigest)
        guard let name, let scope, let digest else { return nil }
        return APIToken(name: name, scope: scope, digest: digest)
    }

    private static let tokenName = ConfigurationKey<String>(
        "name",
        "1 to 40 letters, digits and . _ -",
        example: "\"billing\""
    ) { raw in raw.string.flatMap { APIToken.isName($0) ? $0 : nil } }

    private static let tokenScope = ConfigurationKey<APIToken.Scope>(
        "scope",
        "\"read\" or \"write\"",
        example: "\"read\""
    ) { raw in raw.string.flatMap(APIToken.Scope.init(rawValue:)) }

    /// The digest of no text at all would let in whoever sends nothing.
    private static let tokenDigest = ConfigurationKey<[UInt8]>(
        "sha256",
        "the 64 hexadecimal digits that postern tokens create prints",
        example: "\"9f86…\""
    ) { raw in
        guard let digest = raw.string.flatMap(Hex.decode), digest.count == SHA256.digestBytes,
            digest != SHA256.digest([])
        else { return nil }
        return digest
    }
}

extension ConnectConfiguration {
    static func readTokens(_ reader: inout ConfigurationReader) -> [APIToken] {
        let tokens = reader.list(Keys.apiTokens)
        for (index, token) in tokens.enumerated()
        where tokens[..<index].contains(where: { $0.digest == token.digest }) {
            reader.conflict("api.tokens[\(index)].sha256", "is that of another token in the list: keep one of them.")
        }
        return tokens
    }
}
