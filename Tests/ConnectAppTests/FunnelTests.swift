import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing

@testable import ConnectApp

@Suite("What is counted of flows", .timeLimit(.minutes(2)))
struct FunnelTests {
    @Test func `a connect is a start and an answer`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            _ = await browser.get(flow.callback())
            // Reading the result again is no second end.
            _ = await browser.get(flow.connectedPath)
            _ = await browser.get(flow.callback())
        }
        #expect(harness.counts.all == [.started(.google), .answered(.connected), .replayed(.connected)])
        #expect(harness.app.flowsInHand == (0, 0))
    }

    @Test func `a flow where Nylas asks has no provider, and a no is an answer`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start("ask")
            _ = await browser.get(flow.callback("error=access_denied"))
        }
        #expect(harness.counts.all == [.started(nil), .answered(.declined)])
    }

    @Test(arguments: [
        ("provider=google", "text/plain", FlowCount.StartRefusal.malformedForm),
        ("provider=%", "application/x-www-form-urlencoded", .malformedForm),
        ("provider=aol", "application/x-www-form-urlencoded", .providerNotOffered),
    ])
    func `a refused start says why`(_ form: String, _ type: String, _ reason: FlowCount.StartRefusal) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            _ = await browser.post("/connect", form: form, [.contentType: type, .fetchSite: "same-origin"])
        }
        #expect(harness.counts.all == [.startRefused(reason)])
    }

    @Test func `a start from elsewhere, and one without the link it needs, say so`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            _ = await browser.post("/connect", form: "provider=google", [.fetchSite: "cross-site"])
        }
        #expect(harness.counts.all == [.startRefused(.notSameOrigin)])
        let closed = try FlowHarness(settings: FlowHarness.settings(isOpen: false))
        try await closed.run { browser in _ = await browser.post("/connect", form: "provider=google") }
        #expect(closed.counts.all == [.startRefused(.linkNeeded)])
    }

    @Test func `a refused callback says which rule it broke`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let other = Browser(app: harness.app, wallClock: harness.wallClock)
            _ = await other.get(flow.callback())
            _ = await browser.get(flow.callback("code=a&code=b"))
            _ = await browser.get("/callback?code=a")
            _ = await browser.get(flow.callback("nothing=1"))
            _ = await browser.get(flow.callback("admin_consent=true"))
            harness.wallClock.advance(by: .seconds(1200))
            _ = await browser.get(flow.callback())
        }
        #expect(
            harness.counts.all == [
                .started(.google), .callbackRefused(.cookieMissing), .callbackRefused(.repeatedParameter),
                .callbackRefused(.stateMismatch), .callbackRefused(.missingCode),
                .callbackRefused(.unexpectedParameter), .callbackRefused(.expired), .answered(.expired),
            ]
        )
    }

    @Test func `an exchange without an answer is a failure, is unclear, and then an answer`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            // The browser, the scan for orphans, the purge and the wait for the next round.
            await harness.clock.sleepers(atLeast: 4)
            #expect(harness.app.flowsInHand == (0, 1))
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow)]), harness.grant(flow))
            harness.clock.advance(by: .seconds(1))
            #expect(await result.location == flow.connectedPath)
        }
        #expect(
            harness.counts.all == [
                .started(.google), .nylasFailed(.exchange, .noAnswer), .settling, .answered(.connected),
            ]
        )
    }

    @Test func `a store that does not take a claim is counted by its step`() async throws {
        let store = FailingStore(MemoryGrantStore(wallClock: ManualWallClock().clock))
        let harness = try FlowHarness(store: store)
        try await harness.run { browser in
            let flow = try await browser.start()
            store.fail { $0.claim = .diskFull }
            _ = await browser.get(flow.callback())
        }
        #expect(harness.counts.all == [.started(.google), .storeFailed(.claim)])
    }
}
