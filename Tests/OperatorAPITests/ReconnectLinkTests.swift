import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import OperatorAPI

@Suite("Links to connect again, by the API")
struct ReconnectLinkTests {
    private func link(_ reply: APIHarness.Reply, _ harness: APIHarness) throws -> ConnectLink {
        let sealed = String(try #require(reply["url"]?.text?.split(separator: "/").last))
        return try #require(LinkSeal(keys: harness.settings.sealingKeys, random: .system).open(sealed))
    }

    private func pointers(_ reply: APIHarness.Reply) -> [String] {
        reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } ?? []
    }

    @Test func `are for the grant's own address and provider, and keep its tags`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada")
        let reply = await harness.call(
            .post,
            "/links",
            #"{"owner":"ada","reconnect":"g-1","providers":null,"login_hint":null,"binding":"pinned","expires_in":60}"#
        )
        #expect(reply.status == 201)
        let link = try link(reply, harness)
        let grant = try #require(try await harness.store.grant(Sample.grantID("g-1")))
        #expect(link.isReconnection && link.owner.text == "ada" && link.binding == .pinned)
        #expect(link.expectedAddress == grant.address && link.providers.map(\.rawValue) == [grant.providerName])
        #expect(link.tags == ["plan": "gold", "team": "süd"])
        #expect(link.expiresAt == harness.wallClock.now + .seconds(60))
    }

    @Test func `can say other tags, a name and a profile`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada")
        let reply = await harness.call(
            .post,
            "/links",
            #"{"owner":"ada","reconnect":"g-1","tags":{"plan":"blue"},"owner_name":"Ada","profile":"full"}"#
        )
        let link = try link(reply, harness)
        #expect(link.tags == ["plan": "blue"] && link.ownerName == "Ada" && link.profile == "full")
        let bare = await harness.call(.post, "/links", #"{"owner":"ada","reconnect":"g-1","tags":{}}"#)
        #expect(try self.link(bare, harness).tags.isEmpty)
    }

    @Test func `without a grant to reconnect are links like any other`() async throws {
        let harness = try APIHarness()
        let link = try link(await harness.call(.post, "/links", #"{"owner":"ada","reconnect":null}"#), harness)
        #expect(!link.isReconnection && link.expectedAddress == nil)
    }

    @Test(
        arguments: [
            (#""expected_address":"jane@example.com""#, ["/expected_address"]),
            (#""login_hint":"jane@example.com""#, ["/login_hint"]), (#""providers":["google"]"#, ["/providers"]),
            (#""providers":[]"#, ["/providers"]),
            (
                #""login_hint":"a@b.example","providers":["google"],"expected_address":"a@b.example""#,
                ["/expected_address", "/login_hint", "/providers"]
            ),
            (#""profile":"none""#, ["/profile"]), (#""expires_in":1"#, ["/expires_in"]),
            (#""binding":"confirmed""#, ["/binding"]), (#""return_url":"https://x.example/""#, ["/return_url"]),
        ] as [(String, [String])]
    )
    func `are refused where another member says what the grant says`(member: String, expected: [String]) async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada")
        let reply = await harness.call(.post, "/links", #"{"owner":"ada","reconnect":"g-1",\#(member)}"#)
        #expect(reply.status == 422 && reply.code == "invalid_content")
        #expect(pointers(reply) == expected)
    }

    @Test(
        arguments: [
            ("ada", "unknown", 404, "/reconnect"), ("bea", "g-1", 404, "/owner"), ("ADA", "g-1", 404, "/owner"),
            ("ada", "open", 404, "/owner"), ("ada", "me", 422, "/reconnect"), ("ada", "../g-1", 422, "/reconnect"),
            ("ada", "jane@example.com", 422, "/reconnect"), ("ada", "", 422, "/reconnect"),
            ("a\\nb", "g-1", 422, "/owner"), ("ada", "no-address", 422, "/reconnect"),
            ("ada", "calendar", 422, "/reconnect"), ("ada", "yahoo", 422, "/reconnect"),
            ("ada", "deleted", 404, "/reconnect"),
        ]
    )
    func `are refused for what cannot be connected again`(
        owner: String,
        grant: String,
        status: Int,
        pointer: String
    ) async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada")
        try await harness.connect("open")
        try await harness.connect("no-address", owner: "ada") { $0.address = nil }
        try await harness.connect("calendar", owner: "ada") { $0.providerName = "virtual-calendar" }
        // A provider that is known, and not configured.
        try await harness.connect("yahoo", owner: "ada") { $0.providerName = "yahoo" }
        try await harness.connect("deleted", owner: "ada")
        _ = try await harness.store.leave(Sample.grantID("deleted"), .everybody, reason: "r", reference: nil)
        let reply = await harness.call(.post, "/links", #"{"owner":"\#(owner)","reconnect":"\#(grant)"}"#)
        #expect(reply.status == status && reply.code == (status == 404 ? "not_found" : "invalid_content"))
        #expect(pointers(reply) == [pointer])
    }

    @Test func `are answered the same under one key, and mended under it`() async throws {
        let harness = try APIHarness()
        let order = #"{"owner":"ada","reconnect":"g-1"}"#
        #expect(await harness.call(.post, "/links", order, key: "k").status == 404)
        try await harness.connect("g-1", owner: "ada")
        let first = await harness.call(.post, "/links", order, key: "k")
        #expect(first.status == 201)
        #expect(await harness.call(.post, "/links", order, key: "k").content == first.content)
    }
}
