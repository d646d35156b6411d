import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

extension Response {
    /// The address behind a button that leads to the host app, as the browser would follow it.
    func address(of url: String) -> String? {
        let start = "href=\"\(url.replacing("&", with: "&amp;"))"
        guard text.contains(start) else { return nil }
        return (url + text.between(start, "\"")).replacing("&amp;", with: "&")
    }

    /// The handle of the result in that address.
    func resultHandle(behind url: String) -> String? {
        address(of: url)?.split(separator: "postern_result=", maxSplits: 1).dropFirst().first.map(String.init)
    }
}

@Suite("The way back to the host app", .timeLimit(.minutes(2)))
struct HostReturnTests {
    static let url = "https://app.example.com/back?a=1&b=2"
    private let settings = FlowHarness.settings(isOpen: false, returnURLs: [url, "https://app.example.com/other"])

    private func results(_ harness: FlowHarness) -> HostResults {
        HostResults(settings: harness.settings, store: harness.store, random: .system)
    }

    @Test func `every page of an end has a handle, for which the host app learns that end`() async throws {
        let ends: [(FlowOutcome.Verdict, @Sendable (FlowHarness, Started) -> String)] = [
            (
                .connected,
                { harness, flow in
                    harness.succeed(flow)
                    return flow.callback()
                }
            ),
            (.declined, { _, flow in flow.callback("error=access_denied") }),
            (.providerRefused, { _, flow in flow.callback("error=server_error") }),
            (
                .adminApprovalNeeded,
                { _, flow in
                    flow.callback("error=access_denied&error_description=AADSTS90094")
                }
            ),
            (
                .permissionsMissing,
                { harness, flow in
                    harness.succeed(flow) { $0.scopes = [] }
                    return flow.callback()
                }
            ),
            (
                .otherProvider,
                { harness, flow in
                    harness.succeed(flow) { $0.provider = "yahoo" }
                    return flow.callback()
                }
            ),
            (
                .exchangeRefused,
                { harness, flow in
                    harness.exchange.append(.json(#"{"error":"invalid_grant"}"#, status: 400))
                    return flow.callback()
                }
            ),
            (
                .expired,
                { harness, flow in
                    harness.wallClock.advance(by: .seconds(1200))
                    return flow.callback()
                }
            ),
        ]
        for (verdict, end) in ends {
            let harness = try FlowHarness(settings: settings)
            try await harness.run { browser in
                let link = try harness.link { $0.returnURL = Self.url }
                let flow = try await browser.start(link: link.sealed)
                let location = try #require(await browser.get(end(harness, flow)).location)
                let page = await browser.get(location)
                let handle = try #require(page.resultHandle(behind: Self.url), "\(verdict)")
                #expect(page.text.contains("<span>Back to <bdi>Acme</bdi></span>"))
                guard case .told(let record) = try await results(harness).result(handle, toldTo: "shop"),
                    case .answered(let outcome) = record.standing
                else {
                    Issue.record("\(verdict): not told")
                    return
                }
                #expect(outcome.verdict == verdict)
                #expect(record.claim.owner?.text == "user-7" && record.claim.link?.id == link.said.id)
            }
        }
    }

    @Test func `a used link's second flow has a handle of its own, and the link's page none`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let link = try harness.link { $0.returnURL = Self.url }
            let (first, second) = (
                try await browser.start(link: link.sealed), try await browser.start(link: link.sealed)
            )
            harness.succeed(first)
            _ = await browser.get(first.callback())
            _ = await browser.get(second.callback())
            let (one, two) = (await browser.get(first.connectedPath), await browser.get(second.problemPath))
            for (page, flow) in [(one, first), (two, second)] {
                let handle = try #require(page.resultHandle(behind: Self.url))
                guard case .told(let record) = try await results(harness).result(handle, toldTo: "shop") else {
                    Issue.record("not told")
                    return
                }
                #expect(record.claim.flow == flow.id)
            }
            let opened = await browser.get(link.path)
            #expect(opened.address(of: Self.url) == Self.url)
            #expect(opened.text.contains("This page cannot tell <bdi>Acme</bdi> how it ended"))
        }
    }

    @Test func `the handle says nothing, is new on every view, and is none of the grant's ID`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let link = try harness.link { $0.returnURL = Self.url }
            let flow = try await browser.start(link: link.sealed)
            harness.succeed(flow)
            _ = await browser.get(flow.callback())
            let one = try #require(await browser.get(flow.connectedPath).resultHandle(behind: Self.url))
            let two = try #require(await browser.get(flow.connectedPath).resultHandle(behind: Self.url))
            #expect(one != two && one.utf8.count < 120)
            #expect(one.utf8.allSatisfy { byte in byte != UInt8(ascii: "+") && byte != UInt8(ascii: "=") })
            // Both are the same result: what the first has told, the second tells the same token and nobody else.
            guard case .told = try await results(harness).result(one, toldTo: "shop") else {
                Issue.record("not told")
                return
            }
            #expect(try await results(harness).result(two, toldTo: "other") == .gone)
        }
    }

    @Test func `after ten minutes the page leads back without a handle, and says so`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let link = try harness.link { $0.returnURL = Self.url }
            let flow = try await browser.start(link: link.sealed)
            harness.succeed(flow)
            _ = await browser.get(flow.callback())
            harness.wallClock.advance(by: .seconds(599))
            let page = await browser.get(flow.connectedPath)
            let handle = try #require(page.resultHandle(behind: Self.url))
            harness.wallClock.advance(by: .seconds(1))
            #expect(try await results(harness).result(handle, toldTo: "shop") == .gone)
            let late = await browser.get(flow.connectedPath)
            #expect(late.address(of: Self.url) == Self.url && late.text.contains("This page cannot tell"))
        }
    }

    @Test func `a page that knows no flow says so, and leads back only where the link is known`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let stranger = await browser.get("/problem/unmatched")
            #expect(stranger.text.contains("This page cannot tell <bdi>Acme</bdi> how it ended"))
            #expect(!stranger.text.contains("app.example.com"))
            let link = try harness.link { $0.returnURL = Self.url }
            _ = try await browser.start(link: link.sealed)
            #expect(await browser.get("/problem/unmatched").address(of: Self.url) == Self.url)
        }
    }

    @Test func `without return URLs nobody speaks of a way back`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.succeed(flow)
            _ = await browser.get(flow.callback())
            for path in [flow.connectedPath, "/problem/unmatched"] {
                let text = await browser.get(path).text
                #expect(!text.contains("Back to") && !text.contains("This page cannot tell"))
            }
        }
    }

    @Test func `an address that has left the configuration leads nowhere`() async throws {
        let store = MemoryGrantStore(wallClock: ManualWallClock().clock)
        let harness = try FlowHarness(settings: settings, store: store)
        let later = try FlowHarness(
            settings: FlowHarness.settings(isOpen: false, returnURLs: ["https://app.example.com/other"]),
            store: store
        )
        try await harness.run { browser in
            let link = try harness.link { $0.returnURL = Self.url }
            let flow = try await browser.start(link: link.sealed)
            _ = await browser.get(flow.callback("error=access_denied"))
            let other = Browser(app: later.app, wallClock: later.wallClock)
            other.cookies = browser.cookies
            #expect(!(await other.get(flow.problemPath)).text.contains("app.example.com"))
        }
    }

    @Test func `refuses what is no handle of a result`() async throws {
        let harness = try FlowHarness(settings: settings)
        let results = results(harness)
        let handles = HostHandles(keys: harness.settings.sealingKeys, random: .system)
        let strangers = HostHandles(keys: SealingKeys(current: FlowHarness.key(9)), random: .system)
        let flow = FlowID(state: "state")
        let handle = handles.handle(forResultOf: flow)
        let link = try harness.link()
        let owner = link.said.owner
        let question = HostHandles.Question(flow: flow, callbackAt: harness.wallClock.now, owner: owner)
        for text in [
            "", "x", String(handle.dropLast()), handle + "A", strangers.handle(forResultOf: flow), link.sealed,
            handles.handle(asking: question), String(repeating: "A", count: 401),
        ] {
            #expect(try await results.result(text, toldTo: "shop") == nil)
        }
        #expect(try await results.result(handle, toldTo: "shop") == .unknown)
        #expect(
            handles.question(of: handle) == nil && handles.question(of: handles.handle(asking: question)) == question
        )
    }

    @Test func `a callback that comes again is told that nothing was done twice`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.succeed(flow)
            _ = await browser.get(flow.callback())
            #expect(await browser.get(flow.connectedPath).text.contains("<h1>Your mailbox is connected</h1>"))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            let page = await browser.get(flow.connectedPath).text
            #expect(page.contains("<h1>Your mailbox is connected already</h1>"))
            #expect(page.contains("nothing was done twice"))
            #expect(harness.counts.all.last == .replayed(.connected))
        }
    }
}
