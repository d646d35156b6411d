import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing

@testable import ConnectApp
@testable import Nylas

private let present = ScriptedExchange.Answer.json(#"{"data":{"provider":"google","settings":{},"scope":[]}}"#)
private let absent = ScriptedExchange.Answer.json(#"{"error":{"type":"api.not_found_error"}}"#, status: 404)
private let none = ScriptedExchange.Answer.json(#"{"data":[]}"#)

@Suite("A provider that is not set up at Nylas", .timeLimit(.minutes(2)))
struct MissingConnectorTests {
    /// What the browser brings, what Nylas says to the question whether there is a connector (nil: it is not asked), the end.
    private static let table: [(query: String, answer: ScriptedExchange.Answer?, verdict: FlowOutcome.Verdict)] = [
        // Nylas decides, whatever the error is called.
        ("error=invalid_request", absent, .connectorMissing),
        ("error=grant.connector_not_found", absent, .connectorMissing),
        ("error=whatever.comes.next", absent, .connectorMissing),
        ("error=%3Cscript%3E", absent, .connectorMissing),
        ("error=invalid_request", present, .providerRefused),
        // A browser can bring any name: it is not believed against Nylas.
        ("error=connector.not_found", present, .providerRefused),
        // Where the question brings no answer, a plain name is better than nothing.
        ("error=connector_not_found", .failure(.timedOut(sent: true)), .connectorMissing),
        ("error=integration.not_found", .json("", status: 500), .connectorMissing),
        ("error=invalid_request", .failure(.timedOut(sent: true)), .providerRefused),
        ("error=whatever", .json(#"{"error":{"type":"api.authentication_error"}}"#, status: 401), .providerRefused),
        // A 404 that Nylas did not write proves nothing.
        ("error=invalid_request", .json("<html>", status: 404), .providerRefused),
        // Errors that say what they are cost no question.
        ("error=server_error", nil, .providerRefused), ("error=temporarily_unavailable", nil, .providerRefused),
        ("error=invalid_scope", nil, .providerRefused), ("error=unauthorized_client", nil, .providerRefused),
        ("error=access_denied", nil, .declined), ("error=oauth_failed", nil, .declined),
        ("error=scopes_conflict", nil, .permissionsMissing),
        ("error=invalid_request&error_description=AADSTS65001", nil, .adminApprovalNeeded),
    ]

    @Test(arguments: table.indices)
    func `is told from other refusals by asking Nylas`(index: Int) async throws {
        let (query, answer, verdict) = Self.table[index]
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            if let answer { harness.exchange.append(answer) }
            #expect(await browser.get(flow.callback(query)).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == verdict)
            #expect(harness.exchange.requests.map(\.pathAndQuery) == (answer == nil ? [] : ["/v3/connectors/google"]))
            #expect(harness.exchange.requests.allSatisfy { $0.timeLimit == .seconds(5) })
            // Once for a flow, however often it comes back.
            #expect(await browser.get(flow.callback(query)).location == flow.problemPath)
            #expect(try await harness.store.grants(matching: GrantFilter()).isEmpty)
        }
    }

    @Test func `says whom to tell, and the operator what to set up`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start("microsoft")
            harness.exchange.append(absent)
            _ = await browser.get(flow.callback("error=invalid_request"))
            let page = await browser.get(flow.problemPath)
            #expect(page.head.status == .ok)
            for words in [
                "Microsoft is not set up here yet", "Nothing was connected, and nothing was saved", "Please tell Acme",
                "<code>request-1</code>",
            ] {
                #expect(page.text.contains(words), "\(words)")
            }
            #expect(!page.text.contains("Start again"))
        }
        #expect(harness.log.text.contains("no connector for the provider"))
        #expect(harness.log.text.contains("postern connectors create microsoft"))
        #expect(harness.counts.all == [.started(.microsoft), .answered(.connectorMissing)])
    }

    @Test(arguments: [
        (none, FlowOutcome.Verdict.connectorMissing), (zoomAlone, .connectorMissing), (one, .providerRefused),
    ])
    func `where Nylas was left to ask, is one without any connector`(
        answer: ScriptedExchange.Answer,
        verdict: FlowOutcome.Verdict
    ) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start("ask")
            harness.exchange.append(answer)
            _ = await browser.get(flow.callback("error=invalid_request"))
            #expect(try await harness.verdict(of: flow) == verdict)
            #expect(harness.exchange.requests.map(\.pathAndQuery) == ["/v3/connectors?limit=200"])
        }
    }

    private static let one = ScriptedExchange.Answer.json(#"{"data":[{"provider":"google"}]}"#)
    private static let zoomAlone = ScriptedExchange.Answer.json(#"{"data":[{"provider":"zoom"}]}"#)

    /// What Nylas says to the code, and then to the question.
    private static let exchanges: [(ScriptedExchange.Answer, ScriptedExchange.Answer?, FlowOutcome.Verdict)] = [
        (.json(#"{"error":"invalid_request"}"#, status: 400), absent, .connectorMissing),
        (.json(#"{"error":{"type":"connector.not_found"}}"#, status: 404), absent, .connectorMissing),
        (.json(#"{"error":"connector_not_found"}"#, status: 400), .failure(.connectionRefused), .connectorMissing),
        (.json(#"{"error":"connector_not_found"}"#, status: 400), present, .exchangeRefused),
        (.json(#"{"error":"invalid_request"}"#, status: 400), present, .exchangeRefused),
        (.json(#"{"error":"invalid_grant","error_code":45004}"#, status: 400), nil, .exchangeRefused),
        (.json(#"{"error":{"type":"token.unauthorized_access"}}"#, status: 401), nil, .exchangeRefused),
        (.json(#"{"error":{"type":"rate_limit_error"}}"#, status: 429), nil, .exchangeRefused),
    ]

    @Test(arguments: exchanges.indices)
    func `is also found when the connector goes away before the exchange`(index: Int) async throws {
        let (refusal, answer, verdict) = Self.exchanges[index]
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(refusal)
            if let answer { harness.exchange.append(answer) }
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == verdict)
            #expect(harness.exchange.requests.count == (answer == nil ? 1 : 2))
        }
    }

    @Test func `leaves the link good for another try`() async throws {
        let harness = try FlowHarness(settings: FlowHarness.settings(isOpen: false))
        try await harness.run { browser in
            let link = try harness.link()
            let first = try await browser.start(link: link.sealed)
            harness.exchange.append(absent)
            _ = await browser.get(first.callback("error=invalid_request"))
            #expect(try await harness.verdict(of: first) == .connectorMissing)
            let second = try await browser.start(link: link.sealed)
            harness.exchange.append(FlowHarness.token(), harness.grant(second))
            #expect(await browser.get(second.callback()).location == second.connectedPath)
        }
    }

    @Test func `is told to an administrator in the same words`() async throws {
        let harness = try FlowHarness()
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            harness.exchange.append(absent)
            #expect(await browser.get(flow.callback("error=invalid_request")).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .connectorMissing)
            #expect(await browser.get(flow.problemPath).text.contains("Microsoft is not set up here yet"))
        }
        #expect(try await harness.consent(invite.said) == nil)
    }

    @Test(
        arguments: [
            ("connector_not_found", true), ("connector.not_found", true), ("grant.connector_not_found", true),
            ("integration_not_found", true), ("Connector-Missing", true), ("connector", false), ("not_found", false),
            ("integration_already_exists", false), ("connectors_not_found", false),
            ("connector_not_found_error", false),
            ("grant.not_found", false), ("", false),
        ]
    )
    func `has names of one form`(name: String, isOne: Bool) {
        #expect(NylasFault.namesMissingConnector(name) == isOne)
    }
}
