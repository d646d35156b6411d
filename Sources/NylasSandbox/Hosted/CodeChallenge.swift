import Cryptography

/// A code challenge as Nylas checks it, written a second time so that client and sandbox cannot share a mistake.
///
/// Nylas's `S256` is not RFC 7636's: it is base64 without padding of the *hexadecimal text* of the digest, as all its
/// SDKs send it; a challenge by the RFC fails at the exchange. The method's name is taken in any case and is `plain`
/// when absent.
struct CodeChallenge: Sendable {
    private enum Method: String {
        case plain
        case s256
    }

    private let method: Method
    private let challenge: String

    /// - Returns: nil for a method that does not exist.
    init?(_ challenge: String, method: String?) {
        guard let method = Method(rawValue: (method ?? "plain").lowercased()) else { return nil }
        self.method = method
        self.challenge = challenge
    }

    func isMet(by codeVerifier: String) -> Bool {
        switch method {
        case .plain: constantTimeEquals(Array(challenge.utf8), Array(codeVerifier.utf8))
        case .s256:
            constantTimeEquals(
                Array(challenge.utf8),
                Array(Base64.encode(Array(Hex.encode(SHA256.digest(codeVerifier)).utf8), .url).utf8)
            )
        }
    }
}
