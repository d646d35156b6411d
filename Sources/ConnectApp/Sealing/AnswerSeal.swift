package import Cryptography

/// Seals an answer of the operator API for the store, which must hold no secret: an answer can be a link.
package struct AnswerSeal: Sendable {
    private let sealer: Sealer

    package init(keys: SealingKeys, random: RandomSource) {
        sealer = Sealer(keys: keys, purpose: .answer, random: random)
    }

    /// - Parameter call: what names the call; only for it does the answer open again.
    package func seal(_ answer: [UInt8], for call: [UInt8]) -> String {
        sealer.seal(answer, for: Hex.encode(call))
    }

    /// - Returns: nil unless one of our keys sealed exactly this text for this call.
    package func open(_ text: String, for call: [UInt8]) -> [UInt8]? {
        sealer.open(text, for: Hex.encode(call))
    }
}
