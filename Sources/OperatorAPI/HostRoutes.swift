import ConnectApp
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// What a host app asks for the handles that browsers bring it: how a flow ended, and its own word on who is at the browser.
struct HostRoutes: Sendable {
    let results: HostResults
    let confirmations: HostConfirmations

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/results/{handle}", scope: .read, telling) { (call) async throws(APIProblem) in
                try await tell(call)
            },
            APIRoute(.post, "/confirmations/{handle}", scope: .write, confirming) { (call) async throws(APIProblem) in
                try await confirm(call)
            },
        ]
    }

    // MARK: what they do

    private func tell(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        guard let handle = call.path["handle"], let token = call.caller else { throw APIProblem(.notFound) }
        let telling = try await stored { () async throws(StoreError) in
            try await results.result(handle, toldTo: token)
        }
        switch telling {
        case nil, .unknown: throw APIProblem(.notFound)
        case .gone: throw APIProblem(.resultGone)
        case .open(let claim): return APIAnswer(.ok, Self.json(claim, nil))
        case .told(let record):
            guard case .answered(let outcome) = record.standing else {
                return APIAnswer(.ok, Self.json(record.claim, nil))
            }
            return APIAnswer(.ok, Self.json(record.claim, outcome))
        }
    }

    private func confirm(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        guard let handle = call.path["handle"], let actor = call.actor else { throw APIProblem(.notFound) }
        let answer = try await stored { () async throws(StoreError) in
            try await confirmations.confirm(
                handle,
                user: call.content["owner"]?.text ?? "",
                by: actor,
                reference: call.reference.text
            )
        }
        switch answer {
        case nil: throw APIProblem(.notFound)
        case .confirmed(let url): return APIAnswer(.ok, ["status": "confirmed", "continue_url": .string(url)])
        case .refused(let url): throw APIProblem(.forSomeoneElse, continueURL: url)
        case .over(let url): throw APIProblem(.flowOver, continueURL: url)
        case .tooLate(let url): throw APIProblem(.confirmationTooLate, continueURL: url)
        }
    }

    /// - Parameter outcome: nil while the flow is open. Of a mailbox that is not connected only the verdict is told.
    private static func json(_ claim: FlowClaim, _ outcome: FlowOutcome?) -> JSON {
        let isConnected = outcome?.grantID != nil
        return [
            "status": .string(outcome?.verdict.rawValue ?? pending),
            "owner": JSON(claim.owner?.text),
            "grant_id": JSON(outcome?.grantID?.text),
            "address": JSON(isConnected ? outcome?.address : nil),
            "provider": JSON(outcome?.providerName ?? claim.provider?.rawValue),
            "scopes": JSON(isConnected ? outcome?.grantedScopes ?? [] : []),
            "missing_scopes": JSON(outcome?.missingScopes ?? []),
            "tags": JSON(claim.tags),
            "link_id": JSON(claim.link?.id.text),
            "reference": JSON(outcome?.reference),
            "answered_at": JSON(outcome?.answeredAt.rfc3339),
        ]
    }

    private static let pending = "pending"

    // MARK: what the document says

    private var telling: Operation {
        let words = FlowOutcome.Verdict.allCases.map(\.rawValue) + [Self.pending]
        let result = Schema.object([
            .init("status", .word(words), "How it ended; pending: not over, ask again."),
            .init("owner", .nullable(.text(1...128)), "Whose it is: compare it with your own session, always."),
            .init("grant_id", .nullable(.text(1...64)), "What was connected; null unless it was."),
            .init("address", .nullable(.text(0...320)), "The mailbox that was connected."),
            .init("provider", .nullable(.text(0...64)), "As Nylas names it."),
            .init("scopes", .list(of: .text(0...400), atMost: 256), "What was granted to what was connected."),
            .init("missing_scopes", .list(of: .text(0...400), atMost: 256), "What was asked for and not granted."),
            .init("tags", .map(of: .text(0...120), atMost: 8), "Of the link."),
            .init("link_id", .nullable(.text(1...64)), "The link it was begun with."),
            .init("reference", .nullable(.text(1...64)), "What the person's page names; the log has it too."),
            .init("answered_at", .nullable(.moment), "When it ended."),
        ])
        return Operation(
            id: "getResult",
            tag: "results",
            summary: "How a connect ended, for the handle that the browser brought as postern_result.",
            description: "Told once, within ten minutes of the end, and then for ten minutes to the same token.",
            parameters: [.path("handle", .text(1...400), "The value of postern_result.")],
            answers: [.init(.ok, "How it ended.", .named("Result", result))],
            problems: [.notFound, .resultGone, .storeUnavailable]
        )
    }

    private var confirming: Operation {
        let word = Schema.object([
            .init(
                "owner",
                .text(1...128),
                "Your own ID of the user who is signed in at this browser, from your session."
            )
        ])
        let confirmed = Schema.object([
            .init("status", .word(["confirmed"]), "The signed-in user is the owner that the link is for."),
            .init("continue_url", .text(10...2048, format: "uri"), "Send the browser there; then it is connected."),
        ])
        return Operation(
            id: "confirm",
            tag: "confirmations",
            summary: "Says who is signed in, for the handle that the browser brought as postern_confirmation.",
            description:
                "Within a minute of the sign-in, else nothing is connected. Another user than the link's owner ends the flow for "
                + "good. Wherever continue_url is in the answer, the page there says what comes next.",
            parameters: [.path("handle", .text(1...400), "The value of postern_confirmation.")],
            content: .named("HostWord", word),
            answers: [.init(.ok, "Confirmed.", .named("Confirmed", confirmed))],
            problems: [.notFound, .forSomeoneElse, .flowOver, .confirmationTooLate, .storeUnavailable]
        )
    }
}
