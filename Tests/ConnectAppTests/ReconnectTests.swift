import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("Connecting a mailbox again", .timeLimit(.minutes(2)))
struct ReconnectTests {
    private let harness: FlowHarness

    init() throws {
        harness = try FlowHarness(settings: FlowHarness.settings(isOpen: false))
    }

    private func link(_ grant: GrantID, owner: String = "ada") async throws -> (sealed: String, path: String) {
        let order = try await LinkOrder.reconnecting(grant.text, owner: owner, in: harness.store)
        let link = try order.link(for: harness.settings, random: .system, at: harness.wallClock.now)
        let sealed = LinkSeal(keys: harness.settings.sealingKeys, random: .system).seal(link)
        return (sealed, "/c/\(sealed)")
    }

    @Test func `the page says again, offers the one provider, and the mailbox is reconnected`() async throws {
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await link(grant)
            let page = await browser.get(link.path).text
            #expect(page.contains("Connect your mailbox again") && page.contains("has stopped working"))
            #expect(page.contains(FlowHarness.mailbox) && page.contains("value=\"google\""))
            #expect(!page.contains("value=\"microsoft\"") && !page.contains("name=\"address\""))
            let flow = try await browser.start(link: link.sealed)
            #expect(flow.parameters["login_hint"] == FlowHarness.mailbox)
            harness.succeed(flow)
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .reconnected)
            #expect(await browser.get(flow.connectedPath).text.contains("connected again"))
            let kept = try await harness.store.grant(grant)
            #expect(kept?.owners.map(\.owner.text) == ["ada"])
        }
    }

    @Test func `another mailbox is refused, and the first stays as it was`() async throws {
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let flow = try await browser.start(link: try await link(grant).sealed)
            let other = harness.grant(flow) {
                $0.id = "another"
                $0.email = "other@example.com"
                $0.createdAt -= 600
            }
            harness.exchange.append(FlowHarness.token("another"), other)
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .otherAddress)
            #expect(try await harness.store.grants(matching: GrantFilter()).map(\.id) == [grant])
        }
    }

    @Test func `no link is made for what cannot be connected again`() async throws {
        let grant = try await harness.connected(["ada"])
        func refusal(_ grant: String, _ owner: String) async -> ReconnectError? {
            do throws(ReconnectError) {
                _ = try await LinkOrder.reconnecting(grant, owner: owner, in: harness.store)
                return nil
            } catch {
                return error
            }
        }
        #expect(await refusal("me", "ada") == .grant)
        #expect(await refusal("unknown", "ada") == .unknownGrant)
        #expect(await refusal(grant.text, "") == .owner)
        #expect(await refusal(grant.text, "bea") == .notOwner)
        for (id, change) in [
            ("no-address", { $0.address = nil }), ("calendar", { $0.providerName = "virtual-calendar" }),
        ] as [(String, (inout StoredGrant) -> Void)] {
            var odd = try Sample.grant(id, at: harness.wallClock.now)
            change(&odd)
            try await harness.store.connect(id, saving: odd, owner: Sample.owner("ada"), harness.wallClock)
        }
        #expect(await refusal("no-address", "ada") == .noAddress)
        #expect(await refusal("calendar", "ada") == .provider("virtual-calendar"))
        _ = try await harness.store.leave(grant, .everybody, reason: "r", reference: nil)
        #expect(await refusal(grant.text, "ada") == .unknownGrant)
    }
}
