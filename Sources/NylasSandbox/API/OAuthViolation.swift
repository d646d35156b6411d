import HTTPTypes

/// Why the token, tokeninfo or revoke endpoint refuses, in its own envelope (`nylas-api.md` §1.5).
///
/// Only 45004 is a number seen in the wild; where Nylas publishes none the HTTP status stands in.
enum OAuthViolation: Error, Equatable {
    case contentUnreadable
    case parameterMissing(String)
    case parameterRepeated
    case grantTypeUnsupported
    case clientUnknown
    case clientNotAuthenticated
    /// One case for every way a code can be worthless: unknown, spent, expired.
    case codeNotValid
    case redirectURIMismatch
    case codeVerifierMismatch
    case refreshTokenNotValid
    /// Deleted since the person was sent to the provider. What Nylas calls it is not published.
    case connectorMissing
    case grantNotFound
    case tokenNotValid
    case rateLimited
    case internalFault

    var status: HTTPResponse.Status {
        switch self {
        case .clientUnknown, .clientNotAuthenticated: .unauthorized
        case .rateLimited: .tooManyRequests
        case .internalFault: .internalServerError
        default: .badRequest
        }
    }

    var error: String {
        switch self {
        case .contentUnreadable, .parameterMissing, .parameterRepeated, .connectorMissing: "invalid_request"
        case .grantTypeUnsupported: "unsupported_grant_type"
        case .clientUnknown, .clientNotAuthenticated: "invalid_client"
        case .codeNotValid, .redirectURIMismatch, .codeVerifierMismatch, .refreshTokenNotValid, .grantNotFound:
            "invalid_grant"
        case .tokenNotValid: "invalid_token"
        case .rateLimited: "rate_limit_error"
        case .internalFault: "internal_error"
        }
    }

    var errorCode: Int64 {
        switch self {
        case .codeVerifierMismatch: 45004
        default: Int64(status.code)
        }
    }

    var errorDescription: String {
        switch self {
        case .contentUnreadable: "Request content must be JSON or a form"
        case .parameterMissing(let name): "Missing required parameter: \(name)"
        case .parameterRepeated: "A parameter is repeated"
        case .grantTypeUnsupported: "Unsupported grant type"
        case .clientUnknown: "Unknown client"
        case .clientNotAuthenticated: "Client authentication failed"
        case .codeNotValid: "Code is invalid, expired or already used"
        case .redirectURIMismatch: "Redirect URI differs from the one of the authorization"
        case .codeVerifierMismatch: "Code verifier challenge failed"
        case .refreshTokenNotValid: "Refresh token is invalid"
        case .connectorMissing: "The provider has no connector"
        case .grantNotFound: "Grant not found"
        case .tokenNotValid: "Token expired or revoked"
        case .rateLimited: "Too many requests, please try again shortly."
        case .internalFault: "Internal error, contact administrator"
        }
    }

    static let errorURI = "https://developer.nylas.com/docs/api/errors/"
}
