package import GrantStore
import HTTPSemantics
package import HTTPTypes

/// Why a call is not answered as it was meant: an RFC 9457 problem, of type `about:blank` with a code of ours beside it.
///
/// Nothing of the request is repeated in it but names of ours.
package struct APIProblem: Error, Hashable, Sendable {
    /// What programs tell problems apart by; each has one status and one sentence.
    package enum Code: String, CaseIterable, Sendable {
        case invalidRequest = "invalid_request"
        case invalidQuery = "invalid_query"
        case invalidJSON = "invalid_json"
        case idempotencyKeyInvalid = "idempotency_key_invalid"
        case tokenMissing = "token_missing"
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
        case notFound = "not_found"
        case linkUsed = "link_used"
        case resultGone = "result_gone"
        case forSomeoneElse = "for_someone_else"
        case flowOver = "flow_over"
        case confirmationTooLate = "confirmation_too_late"
        case idempotencyInProgress = "idempotency_in_progress"
        case idempotencyAnswerLost = "idempotency_answer_lost"
        case unsupportedMediaType = "unsupported_media_type"
        case invalidContent = "invalid_content"
        case idempotencyKeyReused = "idempotency_key_reused"
        case tooManyFailures = "too_many_failures"
        case storeUnavailable = "store_unavailable"
        case credentialInUse = "credential_in_use"
        case runUnfinished = "run_unfinished"
        case runOver = "run_over"
        case runTooLong = "run_too_long"
        case nylasRefused = "nylas_refused"
        case nylasKeyRefused = "nylas_key_refused"
        case nylasUncertain = "nylas_uncertain"
        case nylasUnreachable = "nylas_unreachable"
        case nylasBusy = "nylas_busy"
    }

    package var code: Code
    /// What does not fit in the content, or which parameter of the query.
    package var misfits: [Misfit]
    /// When to come again.
    package var retryAfter: Duration?
    /// Where a browser is sent that waits for an answer: our page there says what happened.
    package var continueURL: String?
    /// What Nylas called it: names and numbers, none of its sentences.
    package var nylas: String?
    /// What would stop working.
    package var stopping: StoppingGrants?
    /// What is in the way.
    package var run: BulkRunID?

    package init(
        _ code: Code,
        misfits: [Misfit] = [],
        retryAfter: Duration? = nil,
        continueURL: String? = nil,
        nylas: String? = nil,
        stopping: StoppingGrants? = nil,
        run: BulkRunID? = nil
    ) {
        self.code = code
        self.misfits = misfits
        self.retryAfter = retryAfter
        self.continueURL = continueURL
        self.nylas = nylas
        self.stopping = stopping
        self.run = run
    }
}

extension APIProblem.Code {
    package var status: HTTPResponse.Status {
        switch self {
        case .invalidRequest, .invalidQuery, .invalidJSON, .idempotencyKeyInvalid: .badRequest
        case .tokenMissing, .invalidToken: .unauthorized
        case .insufficientScope: .forbidden
        case .notFound: .notFound
        case .linkUsed, .forSomeoneElse, .flowOver, .idempotencyInProgress, .idempotencyAnswerLost, .credentialInUse,
            .runUnfinished, .runOver, .runTooLong:
            .conflict
        case .resultGone, .confirmationTooLate: .gone
        case .unsupportedMediaType: .unsupportedMediaType
        case .invalidContent, .idempotencyKeyReused, .nylasRefused: .unprocessableContent
        case .tooManyFailures: .tooManyRequests
        case .nylasKeyRefused, .nylasUncertain: .badGateway
        case .storeUnavailable, .nylasUnreachable, .nylasBusy: .serviceUnavailable
        }
    }

    /// What happened and what to do, one or two sentences.
    package var detail: String {
        switch self {
        case .invalidRequest: "The Authorization field must be there once, as: Bearer and one token."
        case .invalidQuery: "The query has a parameter that there is not, one twice, or one with a wrong value."
        case .invalidJSON: "The content is not one JSON text in UTF-8, or a name in it is there twice."
        case .idempotencyKeyInvalid: "Idempotency-Key must be there once, with 1 to 255 visible ASCII characters."
        case .tokenMissing: "Send a token of the operator API: Authorization: Bearer …"
        case .invalidToken: "There is no such token."
        case .insufficientScope: "The token may read and not change anything."
        case .notFound: "There is no such thing."
        case .linkUsed: "A mailbox was connected with the link: it can no longer be ended."
        case .resultGone: "It was told to another token, or too long ago, or nobody asked within ten minutes."
        case .forSomeoneElse:
            "Another user than the link's owner is signed in: the flow is over, and nothing was connected."
        case .flowOver: "The flow has ended otherwise, or has come back with another code since."
        case .confirmationTooLate: "More than a minute has passed since the sign-in: nothing was connected."
        case .idempotencyInProgress: "The first call with this Idempotency-Key is still being answered. Try again."
        case .idempotencyAnswerLost:
            "The call with this Idempotency-Key was answered, and its answer can no longer be opened: the sealing key has changed."
        case .unsupportedMediaType: "The content must be JSON, and Content-Type must say so: application/json."
        case .invalidContent: "The content does not fit: each of the errors says where."
        case .idempotencyKeyReused: "This Idempotency-Key came before with another call."
        case .tooManyFailures: "There were too many calls without a good token from this network."
        case .credentialInUse:
            "Grants would stop working. Call again with confirm_grants and their number, if that is what you want."
        case .runUnfinished: "A run with this credential is not finished: run_id names it. Await, resume or cancel it."
        case .runOver: "The run is over."
        case .runTooLong: "The run is longer than one of the API: postern grants create --resume RUN --result FILE."
        case .nylasRefused: "Nylas refused it; the member nylas says why, in its own names."
        case .nylasKeyRefused: "Nylas does not take Postern's API key. See: postern check."
        case .nylasUncertain: "Nylas did not answer as it should. It may have been done: look before you try again."
        case .nylasUnreachable: "Nylas cannot be reached. Nothing was done."
        case .nylasBusy: "Nylas asks for a slower pace. Nothing was done."
        case .storeUnavailable: "The file store cannot be used right now. What was asked for did not happen."
        }
    }
}

// MARK: as JSON

extension APIProblem {
    static let mediaType = "application/problem+json"

    /// - Parameter reference: the request's ID, which the log has too.
    func json(reference: String) -> JSON {
        var members: [JSON.Member] = [
            .init("type", "about:blank"),
            .init("title", .string(code.status.reasonPhrase)),
            .init("status", .integer(Int64(code.status.code))),
            .init("code", .string(code.rawValue)),
            .init("detail", .string(code.detail)),
            .init("instance", .string(reference)),
        ]
        if let continueURL { members.append(.init("continue_url", .string(continueURL))) }
        if let nylas { members.append(.init("nylas", .string(nylas))) }
        if let run { members.append(.init("run_id", .string(run.text))) }
        if let stopping { members += stopping.members }
        if !misfits.isEmpty {
            members.append(
                .init(
                    "errors",
                    .array(misfits.prefix(20).map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] })
                )
            )
        }
        return .object(members)
    }

    /// What every problem looks like.
    static let schema = Schema.named(
        "Problem",
        .object([
            .init("type", .word(["about:blank"]), "RFC 9457: the status says all that the type would."),
            .init("title", .text(1...100), "The status in words."),
            .init("status", .integer(400...599), "The status again."),
            .init("code", .text(1...64, pattern: "^[a-z_]+$"), "What a program tells problems apart by."),
            .init("detail", .text(1...400), "What happened, for a person."),
            .init("instance", .text(1...64), "The request's ID: the server's log has the same."),
            .init(
                "continue_url",
                .text(10...2048, format: "uri"),
                isRequired: false,
                "Where to send the browser that waits: our page there says what happened."
            ),
            .init("nylas", .text(1...400), isRequired: false, "Nylas's own names and numbers for what is wrong."),
            .init("run_id", .text(1...32), isRequired: false, "The bulk run that is in the way."),
            .init("grants_total", .integer(1...1_000_000_000), isRequired: false, "How many would stop working."),
            .init("grants", StoppingGrants.schema, isRequired: false, "The first of those that would stop working."),
            .init(
                "errors",
                .list(
                    of: .object([
                        .init("pointer", .text(0...200), "Where: a JSON pointer, or the name of a query parameter."),
                        .init("detail", .text(1...400), "What would be right."),
                    ]),
                    atMost: 20
                ),
                isRequired: false,
                "What does not fit, each with its place."
            ),
        ])
    )
}
