package import Cryptography

/// The `code_verifier` of one authorization request (RFC 7636 §4.1).
package struct CodeVerifier: Sendable {
    /// Of those drawn: 43 characters, as the RFC recommends.
    package static let bytes = 32

    private let text: Secret<String>

    package init(drawnFrom random: RandomSource) {
        self.init(drawn: random.bytes(CodeVerifier.bytes))
    }

    /// - Parameter bytes: ``bytes`` random ones, for this alone.
    package init(drawn bytes: [UInt8]) {
        precondition(bytes.count == CodeVerifier.bytes, "whoever draws counts by CodeVerifier.bytes")
        text = Secret(Base64.encode(bytes, .url))
    }

    /// - Returns: nil unless the text is 43 to 128 unreserved characters (`A-Z a-z 0-9 - . _ ~`).
    package init?(_ text: String) {
        guard (43...128).contains(text.utf8.count), text.utf8.allSatisfy(CodeVerifier.isUnreserved) else { return nil }
        self.text = Secret(text)
    }

    package func withExposed<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure)
        -> Result
    {
        try text.withExposed(body)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// The `code_challenge` of the method `S256` (RFC 7636 §4.2): base64url of the SHA-256 digest of the verifier.
///
/// Nylas wants another encoding; the module `Nylas` has it. This one is here to be told apart from it.
package struct CodeChallenge: Hashable, Sendable {
    package let text: String

    package init(_ verifier: CodeVerifier) {
        text = verifier.withExposed { Base64.encode(SHA256.digest($0), .url) }
    }
}
