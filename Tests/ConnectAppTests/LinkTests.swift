import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

extension FlowHarness {
    /// A link of this instance, as its sealed text.
    func link(
        from settings: ConnectSettings? = nil,
        _ change: (inout LinkOrder) -> Void = { _ in }
    ) throws -> (said: ConnectLink, sealed: String, path: String) {
        var order = LinkOrder(owner: "user-7")
        change(&order)
        let link = try order.link(for: settings ?? self.settings, random: .system, at: wallClock.now)
        let sealed = LinkSeal(keys: self.settings.sealingKeys, random: .system).seal(link)
        return (link, sealed, "/c/\(sealed)")
    }

    /// Nylas's two answers to a flow that goes through.
    func succeed(_ flow: Started, _ change: (inout GrantFields) -> Void = { _ in }) {
        exchange.append(Self.token(), grant(flow, change))
    }
}

extension Browser {
    func start(_ provider: String = "google", link: String) async throws -> Started {
        try await start(provider, form: "&link=\(link)")
    }
}

@Suite("A personal link", .timeLimit(.minutes(2)))
struct LinkTests {
    private let closed = FlowHarness.settings(isOpen: false)

    @Test func `its page names the company, the account and what can be read, and sets no cookie`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link {
                $0.ownerName = "Jane <Doe>"
                $0.expectedAddress = "jane@example.com"
                $0.providers = ["google"]
                $0.profile = "send"
            }
            let page = await browser.get(link.path)
            #expect(page.head.status == .ok)
            for text in ["Acme", "Jane &lt;Doe&gt;", "jane@example.com", "Send mail", "value=\"\(link.sealed)\""] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("value=\"microsoft\"") && !page.text.contains("value=\"ask\""))
            #expect(browser.cookies.isEmpty)
            #expect(page.head.headerFields[.cacheControl] == "no-store")
        }
    }

    @Test func `a connection made with it belongs to its owner, with its tags, and uses it`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link { $0.tags = ["plan": "gold"] }
            let flow = try await browser.start(link: link.sealed)
            harness.succeed(flow)
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            let id = try #require(GrantID(FlowHarness.grantID))
            let saved = try await harness.store.grant(id)
            let grant = try #require(saved)
            #expect(grant.owners.map(\.owner.text) == ["user-7"])
            #expect(grant.owners.map(\.linkID) == [link.said.id])
            #expect(grant.owners.map(\.tags) == [["plan": "gold"]])
            let again = await browser.get(link.path)
            #expect(again.head.status == .ok)
            #expect(again.text.contains("This link has been used"))
            let form = await browser.post("/connect", form: "provider=google&link=\(link.sealed)")
            #expect(form.location == nil && form.text.contains("This link has been used"))
        }
    }

    @Test func `opening it any number of times uses nothing`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            for _ in 0..<5 { #expect(await browser.get(link.path).head.status == .ok) }
            #expect(await browser.send(.head, link.path, [:], content: "").head.status == .ok)
            #expect(try await harness.store.use(of: link.said.id) == nil)
        }
    }

    @Test func `sends the address along as a hint, and asks for what its profile says`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link {
                $0.expectedAddress = "jane@example.com"
                $0.profile = "send"
            }
            let flow = try await browser.start(link: link.sealed)
            #expect(flow.parameters["login_hint"] == "jane@example.com")
            #expect(flow.parameters["scope"] == AccessProfile.send.scopes(for: .google).joined(separator: " "))
        }
    }

    @Test func `after a no it is still good, and the page leads back to it`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            let flow = try await browser.start(link: link.sealed)
            #expect(await browser.get(flow.callback("error=access_denied")).location == flow.problemPath)
            #expect(await browser.get(flow.problemPath).text.contains("href=\"\(link.path)\""))
            let second = try await browser.start(link: link.sealed)
            harness.succeed(second)
            #expect(await browser.get(second.callback()).location == second.connectedPath)
        }
    }

    @Test func `another browser is not shown the link on a problem page`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            let other = try harness.link()
            let flow = try await browser.start(link: link.sealed)
            // Started later in the same browser: its page must not be offered as the way on for the first.
            _ = try await browser.start(link: other.sealed)
            _ = await browser.get(flow.callback("error=access_denied"))
            let page = await browser.get(flow.problemPath).text
            #expect(!page.contains("/c/") && page.contains("open the personal link"))
            let stranger = Browser(app: harness.app, wallClock: harness.wallClock)
            #expect(!(await stranger.get(flow.problemPath)).text.contains("/c/"))
        }
    }

    @Test func `of two windows one connects, and the other is told before its code is used`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            let (first, second) = (
                try await browser.start(link: link.sealed), try await browser.start(link: link.sealed)
            )
            harness.succeed(first)
            #expect(await browser.get(first.callback()).location == first.connectedPath)
            #expect(await browser.get(second.callback()).location == second.problemPath)
            #expect(try await harness.verdict(of: second) == .linkUsed)
            #expect(await browser.get(second.problemPath).text.contains("This link has been used"))
        }
    }

    @Test func `revoked between start and return it ends the flow before its code is used`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            let flow = try await browser.start(link: link.sealed)
            #expect(try await harness.store.revoke(link.said.claim, by: nil) == .revoked)
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .linkRevoked)
            #expect(await browser.get(link.path).text.contains("no longer valid"))
        }
    }

    @Test func `expires for those who begin, not for those under way`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link { $0.lifetime = .seconds(60) }
            let flow = try await browser.start(link: link.sealed)
            harness.wallClock.advance(by: .seconds(60))
            let page = await browser.get(link.path)
            #expect(page.head.status == .gone && page.text.contains("expired"))
            let form = await browser.post("/connect", form: "provider=google&link=\(link.sealed)")
            #expect(form.head.status == .gone)
            harness.succeed(flow)
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `what is no link of ours is not found, and starts nothing`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let link = try harness.link()
            for sealed in ["x", String(link.sealed.dropLast()), link.sealed + "A", String(link.sealed.reversed())] {
                #expect(await browser.get("/c/\(sealed)").head.status == .notFound)
                let form = await browser.post("/connect", form: "provider=google&link=\(sealed)")
                #expect(form.head.status == .notFound && form.location == nil)
            }
            let twice = await browser.post(
                "/connect",
                form: "provider=google&link=\(link.sealed)&link=\(link.sealed)"
            )
            #expect(twice.head.status == .badRequest)
            #expect(browser.cookies.isEmpty)
        }
    }

    @Test func `a provider that it does not name is not on offer`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link { $0.providers = ["google"] }
            for provider in ["microsoft", "ask", "", "gopher"] {
                let page = await browser.post("/connect", form: "provider=\(provider)&link=\(link.sealed)")
                #expect(page.head.status == .badRequest && page.text.contains("not on offer"))
                #expect(page.text.contains("value=\"\(link.sealed)\""), "the link's own page again")
            }
            #expect(browser.cookies.isEmpty)
        }
    }

    @Test func `a foreign page cannot start with it`() async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let link = try harness.link()
            let fields: HTTPFields = [
                .contentType: "application/x-www-form-urlencoded", .fetchSite: "cross-site",
            ]
            let answer = await browser.post("/connect", form: "provider=google&link=\(link.sealed)", fields)
            #expect(answer.head.status == .forbidden && browser.cookies.isEmpty)
        }
    }

    @Test func `a store that cannot be read starts nothing`() async throws {
        let store = FailingStore(MemoryGrantStore())
        let harness = try FlowHarness(settings: closed, store: store)
        try await harness.run { browser in
            let link = try harness.link()
            store.fail { $0.look = .diskFull }
            #expect(await browser.get(link.path).head.status == .serviceUnavailable)
            let form = await browser.post("/connect", form: "provider=google&link=\(link.sealed)")
            #expect(form.head.status == .serviceUnavailable && browser.cookies.isEmpty)
            store.fail { $0.look = nil }
        }
    }

    @Test(arguments: [(isPinned: false, verdict: FlowOutcome.Verdict.connectedBySomeoneElse), (true, .reconnected)])
    func `a mailbox of another owner is only shared when the address is pinned`(
        isPinned: Bool,
        verdict: FlowOutcome.Verdict
    ) async throws {
        let harness = try FlowHarness(settings: closed)
        try await harness.run { browser in
            let first = try harness.link { $0.owner = "user-1" }
            let one = try await browser.start(link: first.sealed)
            harness.succeed(one)
            #expect(await browser.get(one.callback()).location == one.connectedPath)
            let second = try harness.link {
                $0.owner = "user-2"
                $0.expectedAddress = FlowHarness.mailbox
                $0.binding = isPinned ? .pinned : .baseline
            }
            let two = try await browser.start(link: second.sealed)
            harness.succeed(two)
            _ = await browser.get(two.callback())
            #expect(try await harness.verdict(of: two) == verdict)
            let id = try #require(GrantID(FlowHarness.grantID))
            let owners = try await harness.store.grant(id)?.owners
            #expect(owners?.map(\.owner.text) == (isPinned ? ["user-1", "user-2"] : ["user-1"]))
            #expect(
                try await harness.store.use(of: second.said.id) == (isPinned ? .used(two.id) : .reserved(two.id))
            )
        }
    }
}
