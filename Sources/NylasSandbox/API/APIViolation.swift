import HTTPSemantics
import HTTPTypes

/// Why a call of the API is refused, in Nylas's ordinary error envelope (`nylas-api.md` §1.4).
enum APIViolation: Error, Equatable {
    case keyInvalid
    case payloadNotJSON
    case fieldMissing(String)
    case fieldInvalid(String)
    case invalidParameter(String)
    case callbackURINotAllowed
    case connectorExists
    case credentialNameTaken
    case fieldNotPermitted(String)
    /// The tenant has not approved the app, or its approval has not reached every server.
    case consentMissing
    /// The provider knows no such mailbox.
    case mailboxUnknown
    /// Google: the service account has no domain-wide delegation for the scopes.
    case delegationMissing
    case grantNotFound
    case notFound
    case methodNotAllowed
    case rateLimited
    case internalFault
    case providerFault

    var status: HTTPResponse.Status {
        switch self {
        case .keyInvalid: .unauthorized
        case .payloadNotJSON, .fieldMissing, .fieldInvalid, .invalidParameter, .callbackURINotAllowed, .connectorExists,
            .credentialNameTaken, .fieldNotPermitted, .mailboxUnknown, .delegationMissing:
            .badRequest
        case .consentMissing: .forbidden
        case .grantNotFound, .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .rateLimited: .tooManyRequests
        case .internalFault: .internalServerError
        case .providerFault: .gatewayTimeout
        }
    }

    var type: String {
        switch self {
        case .keyInvalid: "token.unauthorized_access"
        case .payloadNotJSON: "api.invalid_request_payload"
        case .fieldMissing, .fieldInvalid, .fieldNotPermitted, .invalidParameter, .credentialNameTaken,
            .methodNotAllowed:
            "api.invalid_request_error"
        case .callbackURINotAllowed: "grant.callback_uri_not_allowed"
        case .connectorExists: "integration_already_exists"
        case .consentMissing: "grant.access_denied"
        case .mailboxUnknown, .delegationMissing: "grant.invalid_authentication"
        case .grantNotFound: "grant.not_found"
        case .notFound: "api.not_found_error"
        case .rateLimited: "api.rate_limit_error"
        case .internalFault: "api.internal_error"
        case .providerFault: "api.provider_error"
        }
    }

    var message: String {
        switch self {
        case .keyInvalid: "Bearer token invalid"
        case .payloadNotJSON: "error parsing request body"
        case .fieldMissing(let name): "field required: \(name)"
        case .fieldInvalid(let name): "field invalid: \(name)"
        case .invalidParameter(let name): "query parameter invalid: \(name)"
        case .callbackURINotAllowed: "callback URI must be https, or http on localhost"
        case .connectorExists: "the application has a connector of this provider"
        case .credentialNameTaken: "the connector has another credential of this name"
        case .fieldNotPermitted(let name): "extra fields not permitted: \(name)"
        case .consentMissing: "the tenant's administrator has not approved the application"
        case .mailboxUnknown: "the provider has no such mailbox"
        case .delegationMissing: "the service account may not speak for this mailbox"
        case .grantNotFound: "no grant found with the given ID"
        case .notFound: "requested object not found"
        case .methodNotAllowed: "method not allowed"
        case .rateLimited: "Too many requests, please try again shortly."
        case .internalFault: "internal error"
        case .providerFault: "Provider request timed out."
        }
    }

    /// What the provider itself said, where it was the provider.
    var providerCode: String? {
        switch self {
        case .consentMissing: "AADSTS65001"
        case .mailboxUnknown: "ErrorInvalidUser"
        case .delegationMissing: "unauthorized_client"
        default: nil
        }
    }
}
