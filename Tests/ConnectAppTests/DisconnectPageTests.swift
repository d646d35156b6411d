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
    /// A disconnect link of this instance, as its sealed text.
    func wayOut(
        _ grant: GrantID,
        owner: String?,
        _ change: (inout DisconnectOrder) -> Void = { _ in }
    ) async throws -> (said: DisconnectLink, sealed: String, path: String) {
        var order = DisconnectOrder(grant: grant.text, owner: owner)
        change(&order)
        let link = try await order.link(in: store, at: wallClock.now)
        let sealed = DisconnectSeal(keys: settings.sealingKeys, random: .system).seal(link)
        return (link, sealed, "/disconnect/\(sealed)")
    }
}

@Suite("A link to disconnect", .timeLimit(.minutes(2)))
struct DisconnectPageTests {
    @Test func `its page names mailbox, company and account, and opening it ends nothing`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada") { $0.ownerName = "Ada <L>" }
            for _ in 0..<3 {
                let page = await browser.get(link.path)
                #expect(page.head.status == .ok)
                for text in [FlowHarness.mailbox, "Acme", "Ada &lt;L&gt;", "Google", "value=\"\(link.sealed)\""] {
                    #expect(page.text.contains(text), "\(text)")
                }
                #expect(!page.text.contains("Somebody else"))
            }
            #expect(await browser.send(.head, link.path, [:], content: "").head.status == .ok)
            #expect(browser.cookies.isEmpty)
            #expect(try await harness.store.grant(grant)?.owners.count == 1)
        }
    }

    @Test func `its button ends it, and the same address then says so, however often`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            harness.exchange.append(FlowHarness.deleted)
            for _ in 0..<2 {
                let answer = await browser.post("/disconnect", form: "link=\(link.sealed)")
                #expect(answer.head.status == .seeOther && answer.location == link.path)
            }
            #expect(try await harness.store.grant(grant) == nil)
            // Also when the link's time is over.
            harness.wallClock.advance(by: .seconds(40 * 86_400))
            let page = await browser.get(link.path)
            #expect(page.head.status == .ok && page.text.contains("Your mailbox is disconnected"))
            #expect(page.text.contains(FlowHarness.mailbox))
            #expect(!page.text.contains("action=\"/disconnect\""))
        }
    }

    @Test func `with another owner it says that the other one keeps it, before and after`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada", "bea"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            let before = await browser.get(link.path).text
            #expect(before.contains("Somebody else") && !before.contains("bea"))
            _ = await browser.post("/disconnect", form: "link=\(link.sealed)")
            let page = await browser.get(link.path).text
            #expect(page.contains("Your mailbox is disconnected") && page.contains("keeps that access"))
            #expect(try await harness.store.grant(grant)?.owners.map(\.owner.text) == ["bea"])
        }
    }

    @Test func `while Nylas has not deleted it the page does not say that it is gone`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected([])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: nil)
            harness.exchange.append(.json("", status: 500))
            _ = await browser.post("/disconnect", form: "link=\(link.sealed)")
            let page = await browser.get(link.path).text
            #expect(page.contains("has not deleted its access yet"))
        }
    }

    @Test func `it is for the connection of its time, not for a later one`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada", "bea"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            _ = try await harness.store.leave(grant, .owner(Sample.owner("ada")), reason: "r", reference: nil)
            harness.wallClock.advance(by: .seconds(1))
            var again = try Sample.grant(grant.text, address: FlowHarness.mailbox, at: harness.wallClock.now)
            again.owners = []
            try await harness.store.connect("again", saving: again, owner: Sample.owner("ada"), harness.wallClock)
            let answer = await browser.post("/disconnect", form: "link=\(link.sealed)")
            #expect(answer.location == link.path)
            #expect(await browser.get(link.path).text.contains("Connected again since then"))
            #expect(try await harness.store.grant(grant)?.owners.count == 2)
        }
    }

    @Test func `a link for nobody in particular ends nothing that somebody has by now`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected([])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: nil)
            try await harness.connected(["ada"])
            _ = await browser.post("/disconnect", form: "link=\(link.sealed)")
            #expect(try await harness.store.grant(grant)?.owners.count == 1)
        }
    }

    @Test func `expired it ends nothing and says that the mailbox is still connected`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada") { $0.lifetime = .seconds(60) }
            harness.wallClock.advance(by: .seconds(60))
            for page in [await browser.get(link.path), await browser.post("/disconnect", form: "link=\(link.sealed)")] {
                #expect(page.head.status == .gone && page.text.contains("still connected"))
            }
            #expect(try await harness.store.grant(grant)?.owners.count == 1)
        }
    }

    @Test func `a foreign page cannot press the button`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            let form = "application/x-www-form-urlencoded"
            let foreign: [HTTPFields] = [
                [.contentType: form], [.contentType: form, .fetchSite: "cross-site"],
                [.contentType: form, .origin: "null"], [.contentType: form, .fetchSite: "none"],
            ]
            for fields in foreign {
                let answer = await browser.post("/disconnect", form: "link=\(link.sealed)", fields)
                #expect(answer.head.status == .forbidden && answer.location == nil)
            }
            #expect(try await harness.store.grant(grant)?.owners.count == 1)
        }
    }

    @Test func `what is no such link ends nothing`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            let connecting = try harness.link()
            for sealed in ["x", String(link.sealed.dropLast()), link.sealed + "A", connecting.sealed] {
                #expect(await browser.get("/disconnect/\(sealed)").head.status == .notFound)
                #expect(await browser.post("/disconnect", form: "link=\(sealed)").head.status == .notFound)
            }
            // Nor does it connect anything.
            #expect(await browser.get("/c/\(link.sealed)").head.status == .notFound)
            for form in ["", "link=", "other=1", "link=\(link.sealed)&link=\(link.sealed)", "link=%zz"] {
                let status = await browser.post("/disconnect", form: form).head.status
                #expect([.badRequest, .notFound].contains(status))
            }
            let text: HTTPFields = [.contentType: "text/plain", .fetchSite: "same-origin"]
            let answer = await browser.post("/disconnect", form: "link=\(link.sealed)", text)
            #expect(answer.head.status == .unsupportedMediaType)
            #expect(try await harness.store.grant(grant)?.owners.count == 1)
        }
    }

    @Test func `a store that does not take it says that nothing was disconnected`() async throws {
        let store = FailingStore(MemoryGrantStore())
        let harness = try FlowHarness(store: store)
        let grant = try await harness.connected(["ada"])
        try await harness.run { browser in
            let link = try await harness.wayOut(grant, owner: "ada")
            store.fail { $0.leave = .diskFull }
            let page = await browser.post("/disconnect", form: "link=\(link.sealed)")
            #expect(page.head.status == .serviceUnavailable && page.text.contains("Nothing was disconnected"))
        }
    }

    static let refused: [(change: @Sendable (inout DisconnectOrder) -> Void, error: DisconnectOrderError)] = [
        ({ $0.grant = "me" }, .grant), ({ $0.grant = "unknown" }, .unknownGrant),
        ({ $0.owner = "" }, .owner), ({ $0.owner = nil }, .ownerMissing), ({ $0.owner = "bea" }, .notOwner),
        ({ $0.ownerName = "" }, .ownerName), ({ $0.ownerName = "a\nb" }, .ownerName),
        ({ $0.lifetime = .seconds(59) }, .lifetime), ({ $0.lifetime = .seconds(30 * 86_400 + 1) }, .lifetime),
    ]

    @Test(arguments: refused.indices)
    func `no link is made that could not be kept to`(index: Int) async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected(["ada"])
        await #expect(throws: Self.refused[index].error) {
            try await harness.wayOut(grant, owner: "ada", Self.refused[index].change)
        }
    }

    @Test func `nor one for a mailbox that is being deleted`() async throws {
        let harness = try FlowHarness()
        let grant = try await harness.connected([])
        _ = try await harness.store.leave(grant, .everybody, reason: "r", reference: nil)
        await #expect(throws: DisconnectOrderError.unknownGrant) { try await harness.wayOut(grant, owner: nil) }
    }
}
