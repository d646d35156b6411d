import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Web

@testable import ConnectApp

@Suite("Rates of starts and callbacks", .timeLimit(.minutes(2)))
struct RateTests {
    private static func harness(starts: Int = 100, callbacks: Int = 100) throws -> FlowHarness {
        var settings = FlowHarness.settings()
        settings.limits.startsPerMinute = 6
        settings.limits.startsBurst = starts
        settings.limits.callbacksPerMinute = 6
        settings.limits.callbacksBurst = callbacks
        return try FlowHarness(settings: settings)
    }

    @Test func `one start too many is 429 with the time to wait, and starts nothing`() async throws {
        let harness = try Self.harness(starts: 2)
        try await harness.run { browser in
            for _ in 0..<2 { _ = try await browser.start() }
            harness.clock.advance(by: .milliseconds(500))
            let answer = await browser.post("/connect", form: "provider=google")
            #expect(answer.head.status == .tooManyRequests)
            #expect(answer.head.headerFields[.retryAfter] == "10")
            #expect(answer.head.headerFields[.setCookie] == nil)
            #expect(answer.location == nil)
            #expect(answer.text.contains("Wait 10 seconds"))
            #expect(answer.text.contains("request-1"))
            #expect(answer.text.contains("href=\"/\""))
            harness.clock.advance(by: .milliseconds(9500))
            _ = try await browser.start()
        }
        #expect(harness.log.text.contains("too many from one network"))
    }

    @Test func `a configured proxy is never the client`() async throws {
        var settings = FlowHarness.settings()
        settings.limits.startsPerMinute = 6
        settings.limits.startsBurst = 1
        settings.proxies.networks = [try #require(AddressBlock("10.0.0.0/8"))]
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            // What no proxy spoke for comes from the proxy itself, and may be anybody.
            browser.client = .v4(0x0A00_0001)
            for _ in 0..<20 { _ = try await browser.start() }
            browser.client = .v4(0xCB00_7107)
            _ = try await browser.start()
            #expect(await browser.post("/connect", form: "provider=google").head.status == .tooManyRequests)
            browser.client = .v4(0xCB00_7108)
            _ = try await browser.start()
        }
    }

    @Test func `what starts nothing is not counted`() async throws {
        let harness = try Self.harness(starts: 1)
        try await harness.run { browser in
            for _ in 0..<50 {
                // What a foreign page can make its visitors send.
                let foreign: HTTPFields = [.contentType: "application/x-www-form-urlencoded", .fetchSite: "cross-site"]
                #expect(await browser.post("/connect", form: "provider=google", foreign).head.status == .forbidden)
                #expect(await browser.post("/connect", form: "provider=unknown").head.status == .badRequest)
                #expect(await browser.get("/").head.status == .ok)
            }
            _ = try await browser.start()
        }
    }

    @Test func `one callback too many loses nothing: the same address works a little later`() async throws {
        let harness = try Self.harness(callbacks: 1)
        try await harness.run { browser in
            let first = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(first))
            #expect(await browser.get(first.callback()).location == first.connectedPath)

            let second = try await browser.start()
            let cookies = browser.cookies
            let early = await browser.get(second.callback())
            #expect(early.head.status == .tooManyRequests)
            #expect(early.head.headerFields[.retryAfter] == "10")
            #expect(early.head.headerFields[.referrerPolicy] == "no-referrer")
            #expect(early.head.headerFields[.setCookie] == nil)
            #expect(browser.cookies == cookies)
            // The way to try again is the page's own address, which the page does not spell out.
            #expect(early.text.contains("href=\"\""))
            #expect(!early.text.contains(second.state))
            #expect(!early.text.contains(FlowHarness.code))
            #expect(try await harness.store.record(of: second.id) == nil)

            harness.clock.advance(by: .seconds(10))
            harness.exchange.append(FlowHarness.token(), harness.grant(second))
            #expect(await browser.get(second.callback()).location == second.connectedPath)
        }
    }

    @Test func `what could not cost anything is not counted, and no stranger uses up a person's tries`() async throws {
        let harness = try Self.harness(callbacks: 1)
        try await harness.run { browser in
            let flow = try await browser.start()
            let stranger = Browser(app: harness.app, wallClock: harness.wallClock)
            for number in 0..<50 {
                // No cookie, no state, a guessed state, garbage, a parameter twice.
                #expect(await stranger.get(flow.callback()).location == "/problem/unmatched")
                #expect(await stranger.get("/callback?code=1").location == "/problem/unmatched")
                #expect(await stranger.get("/callback?code=1&state=\(number)").location == "/problem/unmatched")
                #expect(await stranger.get("/callback?code=1&code=2").location == "/problem/malformed")
                // The flow's own browser, but neither a code nor an error.
                #expect(await browser.get("/callback?state=\(flow.state)").location == "/problem/malformed")
            }
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            // Seeing the answer again costs nothing either.
            for _ in 0..<50 { #expect(await browser.get(flow.callback()).location == flow.connectedPath) }
        }
    }

    @Test func `a refusal that would be written down is counted too`() async throws {
        let harness = try Self.harness(callbacks: 1)
        try await harness.run { browser in
            let flow = try await browser.start()
            #expect(await browser.get(flow.callback("error=access_denied")).location == flow.problemPath)
            let other = try await browser.start()
            let early = await browser.get(other.callback("error=access_denied"))
            #expect(early.head.status == .tooManyRequests)
            #expect(try await harness.store.record(of: other.id) == nil)
            harness.clock.advance(by: .seconds(10))
            #expect(await browser.get(other.callback("error=access_denied")).location == other.problemPath)
        }
    }
}
