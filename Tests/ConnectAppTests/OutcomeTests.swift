import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import OAuth
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("An error in place of a code", .timeLimit(.minutes(2)))
struct AuthorizationErrorTests {
    static let table: [(query: String, verdict: FlowOutcome.Verdict)] = [
        ("error=access_denied", .declined),
        ("error=oauth_failed&error_code=45002&error_description=Hosted+OAuth+failed", .declined),
        ("error=oauth_failed", .declined),
        ("error=access_denied&error_description=AADSTS65004%3A+User+declined", .declined),
        ("error=server_error&error_description=AADSTS65004%3A+User+declined", .declined),
        ("error=access_denied&error_description=AADSTS90094%3A+Admin+consent+is+required", .adminApprovalNeeded),
        ("error=oauth_failed&error_code=45002&error_description=AADSTS65001", .adminApprovalNeeded),
        ("error=invalid_request&error_description=x+AADSTS90095+y", .adminApprovalNeeded),
        ("error=consent_required&error_description=AADSTS900941%3A", .adminApprovalNeeded),
        ("error=server_error&error_description=AADSTS900949", .providerRefused),
        ("error=server_error&error_description=AADSTS650010", .providerRefused),
        ("error=server_error&error_description=aadsts65001", .providerRefused),
        ("error=scopes_conflict", .permissionsMissing),
        ("error=oauth_failed&error_code=25016", .permissionsMissing),
        ("error=server_error", .providerRefused),
        ("error=temporarily_unavailable", .providerRefused),
        ("error=invalid_scope", .providerRefused),
        ("error=unauthorized_client&error_code=702", .providerRefused),
        ("error=%3Cscript%3Ealert(1)%3C%2Fscript%3E", .providerRefused),
        ("code=abc&error=access_denied", .declined),
    ]

    @Test(arguments: table)
    func `is recorded and told, and nothing of it is shown`(query: String, verdict: FlowOutcome.Verdict) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start("microsoft")
            // A name that says nothing: Nylas is asked whether the provider is set up at all.
            let isAsked = query.contains("%3Cscript")
            if isAsked { harness.exchange.append(.json(#"{"data":{"provider":"microsoft"}}"#)) }
            let answer = await browser.get(flow.callback(query))
            #expect(answer.location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == verdict)
            let page = await browser.get(flow.problemPath)
            #expect(page.head.status == .ok)
            for text in ["AADSTS", "script>alert", "Hosted OAuth", "45002"] {
                #expect(!page.text.contains(text) && !harness.log.text.contains(text))
            }
            #expect(harness.exchange.requests.count == (isAsked ? 1 : 0))
        }
    }

    @Test func `a no is told once, and a later yes of the same flow counts`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            #expect(await browser.get(flow.callback("error=access_denied")).location == flow.problemPath)
            #expect(await browser.get(flow.callback("error=server_error")).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .declined)
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .connected)
            // And no later no undoes it.
            #expect(await browser.get(flow.callback("error=access_denied")).location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .connected)
        }
    }

    @Test func `any other refusal is final`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            _ = await browser.get(flow.callback("error=server_error"))
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .providerRefused)
        }
    }
}

@Suite("What Nylas says to the code", .timeLimit(.minutes(2)))
struct ExchangeTests {
    static let refusals: [ScriptedExchange.Answer] = [
        .json(#"{"error":"invalid_grant","error_code":45004,"error_description":"x"}"#, status: 400),
        .json(#"{"error":{"type":"token.unauthorized_access"}}"#, status: 401),
        .json(#"{"error":{"type":"rate_limit_error"}}"#, status: 429),
    ]

    @Test(arguments: refusals)
    func `a definite refusal ends the flow after one request`(answer: ScriptedExchange.Answer) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(answer)
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .exchangeRefused)
            // A replay shows the same and asks nobody.
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(harness.exchange.requests.count == 1)
        }
    }

    @Test func `what never left is sent again`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(
                .failure(.connectionLost(sent: false)),
                FlowHarness.token(),
                harness.grant(flow)
            )
            async let answer = browser.get(flow.callback())
            // Purge, settlement, the waiting browser, and the pause before the second try.
            await harness.clock.sleepers(atLeast: 4)
            harness.clock.advance(by: .seconds(1))
            #expect(await answer.location == flow.connectedPath)
        }
    }

    @Test func `what cannot be sent at all ends the flow as unknown, and nothing is settled`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            for _ in 0..<3 { harness.exchange.append(.failure(.connectionRefused)) }
            async let answer = browser.get(flow.callback())
            for delay in [1, 3] {
                await harness.clock.sleepers(atLeast: 4)
                harness.clock.advance(by: .seconds(delay))
            }
            #expect(await answer.location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .unknown)
        }
    }

    static let judgements: [(scopes: [String], provider: String, status: String, verdict: FlowOutcome.Verdict)] = [
        (["openid"], "google", "valid", .permissionsMissing),
        (["https://www.googleapis.com/auth/gmail.readonly"], "microsoft", "valid", .otherProvider),
        (["https://www.googleapis.com/auth/gmail.readonly"], "google", "invalid", .providerRefused),
    ]

    @Test(arguments: judgements)
    func `saves nothing that falls short`(
        scopes: [String],
        provider: String,
        status: String,
        verdict: FlowOutcome.Verdict
    ) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(
                FlowHarness.token(),
                harness.grant(flow) {
                    $0.scopes = scopes
                    $0.provider = provider
                    $0.status = status
                }
            )
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == verdict)
            #expect(try await harness.store.grants(matching: GrantFilter()).isEmpty)
            #expect(await browser.get(flow.problemPath).head.status == .ok)
            #expect(await browser.get(flow.connectedPath).location == flow.problemPath)
        }
    }

    @Test func `takes back what it has certainly made and nobody will use`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.wallClock.advance(by: .seconds(30))
            harness.exchange.append(
                FlowHarness.token(),
                harness.grant(flow) { $0.scopes = [] },
                .json(#"{"request_id":"r"}"#)
            )
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(harness.exchange.requests.last?.method == .delete)
            #expect(harness.exchange.requests.last?.pathAndQuery == "/v3/grants/\(FlowHarness.grantID)")
        }
    }

    @Test func `never deletes a grant that is known, and tells the store how it stands now`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let first = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(first))
            _ = await browser.get(first.callback())
            harness.wallClock.advance(by: .seconds(60))
            let second = try await browser.start()
            harness.wallClock.advance(by: .seconds(60))
            harness.exchange.append(FlowHarness.token(), harness.grant(second) { $0.scopes = ["openid"] })
            #expect(await browser.get(second.callback()).location == second.problemPath)
            let known = try await harness.store.grant(try #require(GrantID(FlowHarness.grantID)))
            #expect(known?.scopes == ["openid"])
            #expect(!harness.exchange.requests.contains { $0.method == .delete })
        }
    }
}
