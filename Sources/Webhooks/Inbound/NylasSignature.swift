import Cryptography
import HTTPSemantics
import HTTPTypes

/// The proof that a notification is Nylas's: HMAC-SHA256 of the content as delivered, in hexadecimal (`X-Nylas-Signature`).
///
/// The content may be compressed: what is signed is what came. There is no time in it, so an old delivery can be sent again by
/// whoever has seen one: a notification is a hint and no more.
struct NylasSignature: Sendable {
    private let keys: [Secret<[UInt8]>]

    /// - Parameter keys: in any order; each is tried, so that a secret can be changed without a gap.
    init(keys: [Secret<[UInt8]>]) {
        self.keys = keys
    }

    /// - Returns: nil if one of the keys has signed the content.
    func refusal(of content: [UInt8], _ fields: HTTPFields) -> NotificationRefusal? {
        guard !keys.isEmpty else { return .noSecret }
        let values = fields[values: .nylasSignature]
        guard let text = values.first else { return .signatureMissing }
        guard values.count == 1, let code = Hex.decode(text), code.count == HMACSHA256.codeBytes else {
            return .signatureMalformed
        }
        var isSigned = false
        for key in keys {
            let expected = key.withExposed { HMACSHA256.authenticationCode(for: content, key: $0) }
            // All are compared, whichever fits.
            isSigned = constantTimeEquals(code, expected) || isSigned
        }
        return isSigned ? nil : .signatureWrong
    }
}

extension HTTPField.Name {
    static let nylasSignature = name("X-Nylas-Signature")
}
