package import ConnectApp
package import GrantStore
package import HTTPSemantics
package import HTTPTypes
package import Web

/// One operation of the API: where it is, who may call it, what the OpenAPI document says of it, and what answers it.
///
/// The server and the document are both made of these values, so neither can have what the other has not.
package struct APIRoute: Sendable {
    package typealias Handle = @Sendable (APICall) async throws(APIProblem) -> APIAnswer

    package let method: HTTPRequest.Method
    /// The whole path, such as `/api/v1/links/{id}`; a literal of ours.
    package let template: String
    /// What a token must be good for; nil where none is needed.
    package let scope: APIToken.Scope?
    /// For whoever has such a token, where that is more than others may send; nil for the configured limit.
    package let contentLimitBytes: Int?
    package let operation: Operation
    package let handle: Handle

    package init(
        _ method: HTTPRequest.Method,
        _ path: String,
        scope: APIToken.Scope?,
        contentLimitBytes: Int? = nil,
        _ operation: Operation,
        _ handle: @escaping Handle
    ) {
        self.method = method
        template = OperatorAPI.root + path
        self.scope = scope
        self.contentLimitBytes = contentLimitBytes
        self.operation = operation
        self.handle = handle
    }
}

/// What the document says of an operation, beyond its path.
package struct Operation: Sendable {
    package struct Parameter: Sendable {
        package enum Place: String, Sendable {
            case path
            case query
        }

        package var name: String
        package var place: Place
        package var schema: Schema
        package var description: String
        /// Of the path: whether it is a name of the caller's, in which a slash may be, as `%2F`.
        package var isOpaque = false

        package static func path(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
            Parameter(name: name, place: .path, schema: schema, description: description)
        }

        /// A name of the caller's own: any text, in one segment.
        package static func opaque(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
            Parameter(name: name, place: .path, schema: schema, description: description, isOpaque: true)
        }

        /// An optional parameter of the query; one that is needed would belong into the path.
        package static func query(_ name: String, _ schema: Schema, _ description: String) -> Parameter {
            Parameter(name: name, place: .query, schema: schema, description: description)
        }
    }

    package struct Answer: Sendable {
        package var status: HTTPResponse.Status
        package var description: String
        /// nil for an answer without content.
        package var schema: Schema?
        package var mediaType: String

        package init(
            _ status: HTTPResponse.Status,
            _ description: String,
            _ schema: Schema?,
            as mediaType: String = APIAnswer.json
        ) {
            self.status = status
            self.description = description
            self.schema = schema
            self.mediaType = mediaType
        }
    }

    /// What generated clients call it.
    package var id: String
    package var tag: String
    package var summary: String
    package var description: String
    package var parameters: [Parameter]
    /// What the content must be; nil where there is none.
    package var content: Schema?
    package var answers: [Answer]
    /// What its own work can come to; what every operation can answer (a token, a query, a content) is added.
    package var problems: [APIProblem.Code]
    /// Whether it creates something and may be marked with an Idempotency-Key.
    package var takesIdempotencyKey: Bool

    package init(
        id: String,
        tag: String,
        summary: String,
        description: String = "",
        parameters: [Parameter] = [],
        content: Schema? = nil,
        answers: [Answer],
        problems: [APIProblem.Code] = [],
        takesIdempotencyKey: Bool = false
    ) {
        self.id = id
        self.tag = tag
        self.summary = summary
        self.description = description
        self.parameters = parameters
        self.content = content
        self.answers = answers
        self.problems = problems
        self.takesIdempotencyKey = takesIdempotencyKey
    }
}

extension APIRoute {
    /// Every problem it can answer, each once.
    package var problems: [APIProblem.Code] {
        var codes: [APIProblem.Code] = [.invalidQuery]
        if scope != nil { codes += [.invalidRequest, .tokenMissing, .invalidToken, .tooManyFailures] }
        if scope == .write { codes.append(.insufficientScope) }
        if operation.content != nil { codes += [.invalidJSON, .unsupportedMediaType, .invalidContent] }
        if operation.takesIdempotencyKey {
            codes += [
                .idempotencyKeyInvalid, .idempotencyKeyReused, .idempotencyInProgress, .idempotencyAnswerLost,
                .storeUnavailable,
            ]
        }
        for code in operation.problems where !codes.contains(code) { codes.append(code) }
        return codes
    }
}

/// A call that was let in and whose query and content fit.
package struct APICall: Sendable {
    /// The request's ID, for the log and the audit trail.
    package let reference: RequestID
    /// The name of the token; nil on a route that needs none.
    package let caller: String?
    package let path: PathParameters
    /// By name, as its schema says; what was not sent is absent.
    package let query: [String: JSON]
    /// As the operation's schema says; null where there is none.
    package let content: JSON

    /// On whose word it is, for the audit trail.
    package var actor: Actor? { caller.map(Actor.token) }
}

/// An answer as bytes, so that the same ones can be given again.
package struct APIAnswer: Hashable, Sendable {
    package static let json = "application/json"

    package var status: HTTPResponse.Status
    /// Of the media type, or nothing.
    package var content: [UInt8]
    package var mediaType: String

    package init(_ status: HTTPResponse.Status, content: [UInt8], mediaType: String = APIAnswer.json) {
        self.status = status
        self.content = content
        self.mediaType = mediaType
    }

    /// - Parameter content: nil for none.
    package init(_ status: HTTPResponse.Status, _ content: JSON?) {
        self.init(status, content: content?.encoded ?? [])
    }
}
