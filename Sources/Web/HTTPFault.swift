package import HTTPTypes

/// What can be wrong with a request before the application has anything to say about it, in words for people and for programs.
package enum HTTPFault: String, CaseIterable, Error, Sendable {
    case badRequest = "bad_request"
    case forbidden = "forbidden"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case requestTimeout = "request_timeout"
    case contentTooLarge = "content_too_large"
    case uriTooLong = "uri_too_long"
    case unsupportedMediaType = "unsupported_media_type"
    case misdirectedRequest = "misdirected_request"
    case tooManyRequests = "too_many_requests"
    case fieldsTooLarge = "fields_too_large"
    case internalServerError = "internal_server_error"
    case notImplemented = "not_implemented"
    case serviceUnavailable = "service_unavailable"
    case versionNotSupported = "version_not_supported"

    package var status: HTTPResponse.Status {
        switch self {
        case .badRequest: .badRequest
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .requestTimeout: .requestTimeout
        case .contentTooLarge: .contentTooLarge
        case .uriTooLong: .uriTooLong
        case .unsupportedMediaType: .unsupportedMediaType
        case .misdirectedRequest: .misdirectedRequest
        case .tooManyRequests: .tooManyRequests
        case .fieldsTooLarge: .requestHeaderFieldsTooLarge
        case .internalServerError: .internalServerError
        case .notImplemented: .notImplemented
        case .serviceUnavailable: .serviceUnavailable
        case .versionNotSupported: .httpVersionNotSupported
        }
    }

    /// The fault of a status; one that has no words of its own is the plain fault of its class.
    package init(_ status: HTTPResponse.Status) {
        let plain: HTTPFault = status.kind == .clientError ? .badRequest : .internalServerError
        self = Self.allCases.first { $0.status == status } ?? plain
    }

    package var title: String {
        switch self {
        case .badRequest: "We could not understand that request"
        case .forbidden: "That request was not accepted"
        case .notFound: "There is no page at this address"
        case .methodNotAllowed: "This page cannot be used that way"
        case .requestTimeout: "The request took too long to arrive"
        case .contentTooLarge: "That was more than this page accepts"
        case .uriTooLong: "This address is too long"
        case .unsupportedMediaType: "This page cannot read that kind of content"
        case .misdirectedRequest: "This is not the address of this service"
        case .tooManyRequests: "That was too many tries in a short time"
        case .fieldsTooLarge: "Your browser sent more than we accept"
        case .internalServerError: "Something went wrong on our side"
        case .notImplemented: "This service does not know that kind of request"
        case .serviceUnavailable: "This service is busy right now"
        case .versionNotSupported: "This service does not speak that version of HTTP"
        }
    }

    package var advice: String {
        switch self {
        case .badRequest: "Nothing was changed. Go back and try again from the start."
        case .forbidden: "Nothing was changed. Go back and try again from the start."
        case .notFound: "The link may be mistyped or out of date. Nothing was changed."
        case .methodNotAllowed: "Nothing was changed. Open the page with a plain link instead."
        case .requestTimeout: "Nothing was changed. Check your connection and try again."
        case .contentTooLarge: "Nothing was changed. Send less at once."
        case .uriTooLong: "Nothing was changed. Use the link exactly as you were given it."
        case .unsupportedMediaType: "Nothing was changed. Use the form on the page itself."
        case .misdirectedRequest: "Nothing was changed. Use the service's own address."
        case .tooManyRequests: "Nothing was changed. Wait a minute, then try again."
        case .fieldsTooLarge: "Nothing was changed. Remove this site's cookies in your browser, then try again."
        case .internalServerError: "Try again in a minute. If it happens again, tell us the reference below."
        case .notImplemented: "Nothing was changed."
        case .serviceUnavailable: "Nothing was changed. Wait a minute, then try again."
        case .versionNotSupported: "Nothing was changed. Use HTTP/1.1."
        }
    }
}
