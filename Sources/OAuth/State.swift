package import Cryptography

/// The `state` of one authorization request (RFC 6749 §4.1.1, §10.12): 32 random bytes as base64url, 43 characters.
///
/// Whoever knows it together with the flow's cookie can finish the flow, so it is never printed.
package struct State: Sendable {
    package static let bytes = 32

    private let text: Secret<String>

    package init(drawnFrom random: RandomSource) {
        self.init(drawn: random.bytes(State.bytes))
    }

    /// - Parameter bytes: ``bytes`` random ones, for this alone.
    package init(drawn bytes: [UInt8]) {
        precondition(bytes.count == State.bytes, "whoever draws counts by State.bytes")
        text = Secret(Base64.encode(bytes, .url))
    }

    /// - Returns: nil unless the text is what ``init(drawnFrom:)`` makes: base64url of 32 bytes, without padding.
    package init?(_ text: String) {
        guard let decoded = Base64.decodeURL(text), decoded.count == State.bytes else { return nil }
        self.text = Secret(text)
    }

    /// Whether this is the state sent, in a time that does not depend on where they differ.
    package func matches(_ other: String) -> Bool {
        text.withExposed { constantTimeEquals(Array($0.utf8), Array(other.utf8)) }
    }

    package func withExposed<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure)
        -> Result
    {
        try text.withExposed(body)
    }
}
