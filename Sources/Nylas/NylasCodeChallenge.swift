import Cryptography
package import OAuth

/// The `code_challenge` that Nylas calls `S256`: unpadded base64 of the *hexadecimal text* of the SHA-256 digest of the
/// verifier, always 86 characters.
///
/// This departs from RFC 7636 §4.2 (base64url of the 32 bytes). Evidence: all four Nylas SDKs, `@nylas/connect` and the
/// Nylas CLI compute it so; the CLI replaced the RFC's form by it after the token endpoint had answered 400
/// `invalid_grant`, `error_code` 45004, "Code verifier challenge failed".
package struct NylasCodeChallenge: Hashable, Sendable {
    package let text: String

    package init(_ verifier: CodeVerifier) {
        text = verifier.withExposed(NylasCodeChallenge.text(for:))
    }

    /// For verifiers of any shape: Nylas's own SDKs send 36 characters, fewer than RFC 7636 §4.1 demands.
    static func text(for verifier: String) -> String {
        // Hexadecimal digits never encode to `+`, `/`, `-` or `_`, so both alphabets of base64 give the same text.
        Base64.encode(Array(Hex.encode(SHA256.digest(verifier)).utf8), .url)
    }
}
