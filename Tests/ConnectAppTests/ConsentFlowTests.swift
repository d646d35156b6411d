import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("An administrator's flow", .timeLimit(.minutes(2)))
struct ConsentFlowTests {
    private let harness: FlowHarness

    init() throws {
        harness = try FlowHarness()
    }

    @Test func `starts as any flow does: sealed cookie, state, and the question to Nylas`() async throws {
        let invite = try harness.invite {
            $0.tenant = "t-1"
            $0.scopes = ["Mail.Read", "Mail.Send"]
        }
        try await harness.run { browser in
            let page = await browser.get("/consent/\(invite.sealed)")
            #expect(page.head.status == .ok && browser.cookies.isEmpty)
            let flow = try await browser.startConsent(invite.sealed)
            #expect(
                flow.parameters.filter { $0.key != "state" } == [
                    "client_id": "client-1", "redirect_uri": "https://connect.example.com/callback",
                    "response_type": "adminconsent", "provider": "microsoft", "credential_id": "c-1",
                    "scope": "https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/Mail.Send",
                ]
            )
            #expect(Set(browser.cookies.keys) == [flow.cookieName, "__Host-consent-invite"])
            #expect(State(flow.state) != nil)
        }
        #expect(harness.counts.all == [.consent(.started)])
        #expect(try await harness.consent(invite.said) == nil)
    }

    @Test func `for any tenant asks for no scope`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            #expect(flow.parameters["scope"] == nil)
        }
    }

    @Test(arguments: ["True", "true", "TRUE"])
    func `that comes back with a yes is reported and no more`(yes: String) async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            let answer = await browser.get(flow.consented("admin_consent=\(yes)&tenant=t-claimed"))
            #expect(answer.head.status == .seeOther && answer.location == flow.connectedPath)
            let page = await browser.get(flow.connectedPath).text
            #expect(page.contains("your approval has arrived") && page.contains("t-claimed"))
            #expect(page.contains("Check again") && !page.contains("It was tried out"))
            #expect(!page.contains("<script") && !page.contains("http-equiv"))
        }
        let consent = try await harness.consent(invite.said)
        #expect(consent?.standing == .reported && consent?.claimedTenant == "t-claimed")
        #expect(consent?.readyAt == harness.wallClock.now + .seconds(300))
        #expect(consent?.probeDueAt == nil && consent?.customer == "Acme Tools")
        #expect(harness.counts.all == [.consent(.started), .answered(.consentReported), .consent(.reported)])
        #expect(harness.exchange.requests.isEmpty)
        #expect(!harness.log.text.contains("t-claimed") && !harness.log.text.contains("Acme Tools"))
        #expect(!harness.log.text.contains(invite.sealed))
    }

    @Test(
        arguments: [
            ("tenant=%3Cb%3Eevil%3C%2Fb%3E", nil), ("tenant=", nil), ("tenant=a%20b", nil), ("x=1", nil),
            ("tenant=" + String(repeating: "t", count: 65), nil),
            ("tenant=acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ] as [(String, String?)]
    )
    func `shows the tenant that it brought back only if it has the form of one`(
        query: String,
        tenant: String?
    ) async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            #expect(await browser.get(flow.consented("admin_consent=true&\(query)")).location == flow.connectedPath)
            #expect(await !browser.get(flow.connectedPath).text.contains("evil"))
        }
        #expect(try await harness.consent(invite.said)?.claimedTenant == tenant)
    }

    /// What comes back, where it leads, and what is recorded.
    private static let refusals: [(query: String, word: String?, verdict: FlowOutcome.Verdict?)] = [
        ("error=permission_denied&error_description=The+admin+canceled+the+request", nil, .declined),
        ("error=access_denied", nil, .declined), ("error=oauth_failed&error_code=45002", nil, .declined),
        ("error=access_denied&error_description=AADSTS65004:+x", nil, .declined),
        ("error=access_denied&error_description=AADSTS90093:+only+an+administrator", nil, .adminRoleNeeded),
        ("error=oauth_failed&error_description=AADSTS90094:+x", nil, .adminRoleNeeded),
        ("error=access_denied&error_description=AADSTS900930:+x", nil, .declined),
        ("error=server_error", nil, .providerRefused),
        ("error=scopes_conflict&error_code=25016", nil, .providerRefused),
        // Both at once: the error counts.
        ("admin_consent=True&tenant=t&error=permission_denied", nil, .declined),
        ("admin_consent=True&tenant=t&error=server_error", nil, .providerRefused),
        ("admin_consent=False", "consent-malformed", nil), ("admin_consent=", "consent-malformed", nil),
        ("admin_consent=yes", "consent-malformed", nil), ("admin_consent=1", "consent-malformed", nil),
        ("tenant=t", "consent-malformed", nil), ("", "consent-malformed", nil),
        ("code=abc", "consent-malformed", nil), ("code=abc&admin_consent=True", "consent-malformed", nil),
        ("code=abc&error=access_denied", "consent-malformed", nil),
        ("admin_consent=True&admin_consent=True", "malformed", nil),
        ("admin_consent=True&tenant=a&tenant=b", "malformed", nil),
        ("admin_consent=True&iss=https%3A%2F%2Fevil.example", "altered", nil),
    ]

    @Test(arguments: refusals.indices)
    func `that brings no yes alone reports nothing`(index: Int) async throws {
        let (query, word, verdict) = Self.refusals[index]
        let invite = try harness.invite(probe: FlowHarness.probe)
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            // A name that says nothing here: Nylas is asked whether the provider is set up at all.
            if query.contains("scopes_conflict") { harness.exchange.append(.json(#"{"data":{"provider":"x"}}"#)) }
            let location = await browser.get(flow.callback(query)).location
            #expect(location == (word.map { "/problem/\($0)" } ?? flow.problemPath))
            let page = await browser.get(location ?? "")
            #expect(page.text.contains("Nothing was connected") && !page.text.contains("approval has arrived"))
            if word != "malformed", word != "altered" {
                #expect(page.text.contains("href=\"/consent/\(invite.sealed)\""))
            }
            #expect(try await harness.verdict(of: flow) == verdict)
        }
        #expect(try await harness.consent(invite.said) == nil)
    }

    @Test func `of somebody who is no administrator says what to forward`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            _ = await browser.get(flow.callback("error=access_denied&error_description=AADSTS90093:+x"))
            let page = await browser.get(flow.problemPath).text
            #expect(page.contains("An administrator has to do this"))
            #expect(page.contains("https://connect.example.com/consent/\(invite.sealed)"))
        }
    }

    @Test func `shows the same answer however often it comes back, and a later no changes nothing`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            for query in [
                "admin_consent=True&tenant=a", "admin_consent=True&tenant=b", "error=access_denied", "code=x",
            ] {
                #expect(await browser.get(flow.callback(query)).location == flow.connectedPath)
            }
            #expect(await browser.get(flow.problemPath).location == flow.connectedPath)
        }
        #expect(try await harness.consent(invite.said)?.claimedTenant == "a")
    }

    @Test func `that arrives in parallel is reported once`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            // The small cookie of the first answer would hide what this is about.
            let others = (0..<8).map { number in
                let reference = "request-\(number)"
                let other = Browser(app: harness.app, wallClock: harness.wallClock, reference: reference)
                other.cookies = browser.cookies
                return other
            }
            let locations = await withTaskGroup(of: String?.self) { group in
                for (number, other) in others.enumerated() {
                    group.addTask { await other.get(flow.consented("admin_consent=True&tenant=t-\(number)")).location }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(locations.allSatisfy { $0 == flow.connectedPath })
        }
        #expect(harness.counts.all.filter { $0 == .consent(.reported) }.count == 1)
    }

    @Test func `may be approved after all by who goes back after a no`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            #expect(await browser.get(flow.callback("error=permission_denied")).location == flow.problemPath)
            #expect(await browser.get(flow.callback("error=permission_denied")).location == flow.problemPath)
            #expect(await browser.get(flow.consented()).location == flow.connectedPath)
        }
        #expect(try await harness.consent(invite.said)?.standing == .reported)
    }

    @Test func `that took longer than twenty minutes reports nothing, and says so`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            harness.wallClock.advance(by: .seconds(1200))
            #expect(await browser.get(flow.consented()).location == flow.problemPath)
            #expect(await browser.get(flow.problemPath).text.contains("The approval took a little too long"))
        }
        #expect(try await harness.consent(invite.said) == nil)
    }

    @Test func `planted in another browser, or with a state of nobody, reports nothing`() async throws {
        let invite = try harness.invite()
        try await harness.run { attacker in
            let flow = try await attacker.startConsent(invite.sealed)
            let victim = Browser(app: harness.app, wallClock: harness.wallClock)
            #expect(await victim.get(flow.consented()).location == "/problem/unmatched")
            // Nor with a flow of their own under way.
            let own = try await victim.startConsent(try harness.invite().sealed)
            #expect(await victim.get(flow.consented()).location == "/problem/unmatched")
            #expect(
                await victim.get("/callback?admin_consent=True&state=\(own.state.dropLast())").location
                    == "/problem/unmatched"
            )
            #expect(await victim.get("/callback?admin_consent=True").location == "/problem/unmatched")
            #expect(try await harness.store.consents(after: nil, limit: 10) == [])
        }
    }

    @Test func `never becomes a connection, nor a connection a consent`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let consent = try await browser.startConsent(invite.sealed)
            #expect(await browser.get(consent.callback()).location == "/problem/consent-malformed")
            let connect = try await browser.start("microsoft")
            #expect(await browser.get(connect.consented()).location == "/problem/malformed")
            // Each can still be finished.
            #expect(await browser.get(consent.consented()).location == consent.connectedPath)
        }
        #expect(harness.exchange.requests.isEmpty)
    }

    @Test func `to another Nylas application than the question is not taken`() async throws {
        let invite = try harness.invite()
        let old = Browser(app: harness.app, wallClock: harness.wallClock)
        let flow = try await old.startConsent(invite.sealed)
        var settings = FlowHarness.settings()
        settings.nylas.clientID = "client-2"
        let changed = try FlowHarness(settings: settings)
        try await changed.run { browser in
            browser.cookies = old.cookies
            #expect(await browser.get(flow.consented()).location == "/problem/altered")
        }
    }

    @Test func `that a preload or a HEAD brings back does nothing`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            #expect(await browser.get(flow.consented(), [.secPurpose: "prefetch"]).head.status == .serviceUnavailable)
            let head = await browser.send(.head, flow.consented(), [:], content: "")
            #expect(head.head.status == .methodNotAllowed)
            #expect(try await harness.consent(invite.said) == nil)
        }
    }

    @Test func `that the store does not take says so, and can come back once more`() async throws {
        let store = FailingStore(MemoryGrantStore())
        let harness = try FlowHarness(store: store)
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            store.fail { $0.record = .diskFull }
            #expect(await browser.get(flow.consented()).location == "/problem/unavailable")
            store.fail { $0.record = nil }
            #expect(await browser.get(flow.consented()).location == flow.connectedPath)
            store.fail { $0.look = .diskFull }
            #expect(await browser.get(flow.connectedPath).head.status == .serviceUnavailable)
            #expect(await browser.get("/consent/\(invite.sealed)").head.status == .serviceUnavailable)
        }
    }

    @Test func `is seen by its own browser alone`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            _ = await browser.get(flow.consented())
            let other = Browser(app: harness.app, wallClock: harness.wallClock)
            let page = await other.get(flow.connectedPath)
            #expect(page.head.status == .badRequest && !page.text.contains("t-claimed"))
        }
    }
}
