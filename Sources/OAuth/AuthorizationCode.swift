import Cryptography

/// An authorization code (RFC 6749 §4.1.2): one use, and whoever has it can try to spend it, so it is never printed.
package struct AuthorizationCode: Sendable {
    package static let limitBytes = 4096

    private let text: Secret<String>

    /// - Returns: nil unless the text is 1 to 4,096 visible ASCII characters or spaces (RFC 6749 appendix A.11).
    package init?(_ text: String) {
        guard (1...AuthorizationCode.limitBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        self.text = Secret(text)
    }

    package func withExposed<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure)
        -> Result
    {
        try text.withExposed(body)
    }
}

/// The `error` of an authorization response (RFC 6749 §4.1.2.1).
package enum AuthorizationErrorCode: Hashable, Sendable {
    case invalidRequest
    case unauthorizedClient
    case accessDenied
    case unsupportedResponseType
    case invalidScope
    case serverError
    case temporarilyUnavailable
    /// Another one: 1 to 64 characters of `A-Z a-z 0-9 _ . -`, so that it is safe in a log.
    case other(String)
    /// Longer than that, or with other characters. The text is dropped.
    case unreadable

    package init(_ text: String) {
        switch text {
        case "invalid_request": self = .invalidRequest
        case "unauthorized_client": self = .unauthorizedClient
        case "access_denied": self = .accessDenied
        case "unsupported_response_type": self = .unsupportedResponseType
        case "invalid_scope": self = .invalidScope
        case "server_error": self = .serverError
        case "temporarily_unavailable": self = .temporarilyUnavailable
        default:
            let isReadable =
                (1...64).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
            self = isReadable ? .other(text) : .unreadable
        }
    }
}
