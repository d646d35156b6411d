import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

/// The host app's side of a confirmation, as a test plays it.
private struct HostApp: Sendable {
    static let url = "https://app.example.com/confirm?x=1"
    let harness: FlowHarness

    init(_ harness: FlowHarness) {
        self.harness = harness
    }

    /// The handle in the address that the callback leads to.
    static func handle(in location: String?) throws -> String {
        let location = try #require(location)
        let start = url + "&postern_confirmation="
        #expect(location.hasPrefix(start))
        return String(location.dropFirst(start.count))
    }

    func confirm(_ handle: String, as user: String = "user-7") async throws -> HostConfirmations.Answer? {
        try await HostConfirmations(
            settings: harness.settings,
            store: harness.store,
            wallClock: harness.wallClock.clock,
            random: .system
        )
        .confirm(handle, user: user, by: .token("shop"), reference: "request-2")
    }
}

extension Started {
    fileprivate var confirmedPath: String { "/confirmed/\(id.shortID)" }
    fileprivate var continueURL: String { "https://connect.example.com/confirmed/\(id.shortID)" }
}

@Suite("Confirmed binding", .timeLimit(.minutes(2)))
struct ConfirmedBindingTests {
    private let settings = FlowHarness.settings(isOpen: false, confirmationURL: HostApp.url)

    /// Starts a flow that is to be confirmed and brings its code back.
    private func park(
        _ browser: Browser,
        _ harness: FlowHarness,
        code: String = FlowHarness.code
    ) async throws -> (flow: Started, handle: String) {
        let link = try harness.link { $0.binding = .confirmed }
        let flow = try await browser.start(link: link.sealed)
        let answer = await browser.get(flow.callback("code=\(code)"))
        #expect(answer.head.status == .seeOther)
        return (flow, try HostApp.handle(in: answer.location))
    }

    @Test func `the code waits in the cookie, nothing is written, and the host app is asked`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            #expect(try await harness.store.record(of: flow.id) == nil)
            #expect(try await harness.store.confirmation(of: flow.id) == nil)
            #expect(harness.exchange.requests.isEmpty)
            #expect(!handle.contains("user-7") && handle.utf8.count < 200)
            #expect(browser.cookies[flow.cookieName] != nil)
        }
        #expect(harness.counts.all == [.started(.google), .parked])
    }

    @Test func `confirmed, the browser comes back and the mailbox is connected`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            #expect(try await HostApp(harness).confirm(handle) == .confirmed(continueURL: flow.continueURL))
            harness.succeed(flow)
            #expect(await browser.get(flow.confirmedPath).location == flow.connectedPath)
            let grants = try await harness.store.grants(matching: GrantFilter())
            #expect(grants.flatMap(\.owners).map(\.owner.text) == ["user-7"])
            // Again, by reload or by somebody who kept the address: the same end, no second exchange.
            #expect(await browser.get(flow.confirmedPath).location == flow.connectedPath)
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            #expect(harness.exchange.requests.count == 2)
        }
    }

    @Test func `a confirmed flow may give a grant that has an owner another one`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let first = try harness.link { $0.owner = "user-1" }
            let one = try await browser.start(link: first.sealed)
            harness.succeed(one)
            _ = await browser.get(one.callback())
            let (two, handle) = try await park(browser, harness)
            _ = try await HostApp(harness).confirm(handle)
            harness.succeed(two)
            #expect(await browser.get(two.confirmedPath).location == two.connectedPath)
            let grants = try await harness.store.grants(matching: GrantFilter())
            #expect(grants.flatMap(\.owners).map(\.owner.text) == ["user-1", "user-7"])
        }
    }

    @Test func `before the host app's word the page waits, and its link asks again`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, _) = try await park(browser, harness)
            for _ in 0..<3 {
                let page = await browser.get(flow.confirmedPath)
                #expect(page.head.status == .accepted)
                #expect(page.text.contains("Acme has to confirm first"))
                #expect(page.text.contains("href=\"\(flow.confirmedPath)\""))
                let again = try HostApp.handle(in: page.address(of: HostApp.url))
                #expect(try await harness.store.record(of: flow.id) == nil)
                harness.wallClock.advance(by: .seconds(10))
                if again.isEmpty { Issue.record("no handle") }
            }
            // The handle of the waiting page is as good as the first, and has no more time.
            let page = await browser.get(flow.confirmedPath)
            let handle = try HostApp.handle(in: page.address(of: HostApp.url))
            harness.wallClock.advance(by: .seconds(30))
            #expect(try await HostApp(harness).confirm(handle) == .tooLate(continueURL: flow.continueURL))
        }
    }

    @Test func `for somebody else: the victim of a forwarded link is not connected to its owner`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { victim in
            let (flow, handle) = try await park(victim, harness)
            #expect(
                try await HostApp(harness).confirm(handle, as: "victim") == .refused(continueURL: flow.continueURL)
            )
            #expect(await victim.get(flow.confirmedPath).location == flow.problemPath)
            let page = await victim.get(flow.problemPath)
            #expect(page.text.contains("This link is for somebody else"))
            #expect(try await harness.verdict(of: flow) == .forSomeoneElse)
            // Nor later, whoever says what, with the code again or without.
            #expect(try await HostApp(harness).confirm(handle) == .refused(continueURL: flow.continueURL))
            #expect(await victim.get(flow.callback()).location == flow.problemPath)
            #expect(harness.exchange.requests.isEmpty)
        }
    }

    @Test func `two users at one flow: the second word takes back the first`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            #expect(try await HostApp(harness).confirm(handle) == .confirmed(continueURL: flow.continueURL))
            _ = try await HostApp(harness).confirm(handle, as: "victim")
            #expect(await browser.get(flow.confirmedPath).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .forSomeoneElse)
            #expect(harness.exchange.requests.isEmpty)
        }
    }

    @Test func `after a minute nothing is exchanged, confirmed or not`() async throws {
        for isConfirmed in [true, false] {
            let harness = try FlowHarness(settings: settings)
            try await harness.run { browser in
                let (flow, handle) = try await park(browser, harness)
                if isConfirmed { _ = try await HostApp(harness).confirm(handle) }
                harness.wallClock.advance(by: .seconds(60))
                #expect(try await HostApp(harness).confirm(handle) == .tooLate(continueURL: flow.continueURL))
                #expect(await browser.get(flow.confirmedPath).location == flow.problemPath)
                let page = await browser.get(flow.problemPath).text
                #expect(page.contains("Acme did not confirm in time") && page.contains("start again"))
                #expect(try await harness.verdict(of: flow) == .notConfirmed)
                #expect(harness.exchange.requests.isEmpty)
            }
        }
    }

    @Test func `the same code once more has no more time, another code has its own and needs its own word`()
        async throws
    {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, first) = try await park(browser, harness)
            harness.wallClock.advance(by: .seconds(30))
            let same = try HostApp.handle(in: await browser.get(flow.callback()).location)
            #expect(try await HostApp(harness).confirm(first) == .confirmed(continueURL: flow.continueURL))
            harness.wallClock.advance(by: .seconds(25))
            let other = try HostApp.handle(in: await browser.get(flow.callback("code=another")).location)
            // The word was for the code before.
            #expect(await browser.get(flow.confirmedPath).head.status == .accepted)
            harness.wallClock.advance(by: .seconds(10))
            #expect(try await HostApp(harness).confirm(same) == .tooLate(continueURL: flow.continueURL))
            #expect(try await HostApp(harness).confirm(other) == .confirmed(continueURL: flow.continueURL))
            harness.succeed(flow)
            #expect(await browser.get(flow.confirmedPath).location == flow.connectedPath)
            let sent = try #require(harness.exchange.requests.first)
            #expect(String(decoding: sent.content, as: UTF8.self).contains("another"))
        }
    }

    @Test func `a handle of one flow does not confirm another`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { victim in
            let attacker = Browser(app: harness.app, wallClock: harness.wallClock)
            let (flow, _) = try await park(victim, harness)
            let (_, own) = try await park(attacker, harness)
            _ = try await HostApp(harness).confirm(own)
            #expect(await victim.get(flow.confirmedPath).head.status == .accepted)
            #expect(try await harness.store.record(of: flow.id) == nil)
        }
    }

    @Test func `another browser gets nothing from the address, confirmed or not`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let stranger = Browser(app: harness.app, wallClock: harness.wallClock)
            let (flow, handle) = try await park(browser, harness)
            #expect(await stranger.get(flow.confirmedPath).location == "/problem/unmatched")
            _ = try await HostApp(harness).confirm(handle)
            #expect(await stranger.get(flow.confirmedPath).location == "/problem/unmatched")
            #expect(try await harness.store.record(of: flow.id) == nil)
        }
    }

    @Test func `a no after the code counts, and a new code after the no`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            _ = try await HostApp(harness).confirm(handle)
            harness.wallClock.advance(by: .seconds(1))
            _ = await browser.get(flow.callback("error=access_denied"))
            #expect(await browser.get(flow.confirmedPath).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .declined)
            harness.wallClock.advance(by: .seconds(1))
            let again = try HostApp.handle(in: await browser.get(flow.callback()).location)
            #expect(try await HostApp(harness).confirm(again) == .confirmed(continueURL: flow.continueURL))
            harness.succeed(flow)
            #expect(await browser.get(flow.confirmedPath).location == flow.connectedPath)
        }
    }

    @Test func `a restart between the word and the browser loses neither`() async throws {
        let store = MemoryGrantStore(wallClock: ManualWallClock().clock)
        let before = try FlowHarness(settings: settings, store: store)
        let after = try FlowHarness(settings: settings, store: store)
        try await before.run { browser in
            let (flow, handle) = try await park(browser, before)
            _ = try await HostApp(before).confirm(handle)
            try await after.run { later in
                later.cookies = browser.cookies
                after.succeed(flow)
                #expect(await later.get(flow.confirmedPath).location == flow.connectedPath)
            }
        }
    }

    @Test(arguments: ["Sec-Purpose", "HEAD"])
    func `a look ahead spends nothing`(kind: String) async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            _ = try await HostApp(harness).confirm(handle)
            let answer =
                kind == "HEAD"
                ? await browser.send(.head, flow.confirmedPath, [:], content: "")
                : await browser.get(flow.confirmedPath, [.secPurpose: "prefetch"])
            #expect(answer.head.status == (kind == "HEAD" ? .methodNotAllowed : .serviceUnavailable))
            #expect(try await harness.store.record(of: flow.id) == nil)
        }
    }

    @Test func `before the callback there is nothing to confirm`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let link = try harness.link { $0.binding = .confirmed }
            let flow = try await browser.start(link: link.sealed)
            #expect(await browser.get(flow.confirmedPath).location == "/problem/malformed")
            #expect(await browser.get("/confirmed/nonsense").head.status == .notFound)
            #expect(await browser.get("/confirmed/AAAAAAAAAAAA").location == "/problem/unmatched")
        }
    }

    @Test func `a code too long for the cookie is not exchanged`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let link = try harness.link { $0.binding = .confirmed }
            let flow = try await browser.start(link: link.sealed)
            let code = String(repeating: "c", count: 1000)
            #expect(await browser.get(flow.callback("code=\(code)")).location == "/problem/malformed")
        }
        #expect(harness.counts.all.last == .callbackRefused(.codeTooLong))
    }

    @Test func `where the host app cannot be asked any more, nothing is exchanged`() async throws {
        let store = MemoryGrantStore(wallClock: ManualWallClock().clock)
        let before = try FlowHarness(settings: settings, store: store)
        let after = try FlowHarness(settings: FlowHarness.settings(isOpen: false), store: store)
        try await before.run { browser in
            let link = try before.link { $0.binding = .confirmed }
            let flow = try await browser.start(link: link.sealed)
            let later = Browser(app: after.app, wallClock: after.wallClock)
            later.cookies = browser.cookies
            #expect(await later.get(flow.callback()).location == "/problem/unavailable")
            #expect(try await store.record(of: flow.id) == nil)
        }
        #expect(after.counts.all == [.callbackRefused(.confirmationNotConfigured)])
    }

    @Test func `refuses what is no handle of a confirmation`() async throws {
        let harness = try FlowHarness(settings: settings)
        try await harness.run { browser in
            let (flow, handle) = try await park(browser, harness)
            let result = HostHandles(keys: settings.sealingKeys, random: .system).handle(forResultOf: flow.id)
            for text in ["", "x", String(handle.dropLast()), handle + "A", result] {
                #expect(try await HostApp(harness).confirm(text) == nil)
            }
            #expect(try await harness.store.confirmation(of: flow.id) == nil)
        }
    }
}
