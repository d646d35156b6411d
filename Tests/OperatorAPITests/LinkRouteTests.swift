import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import OperatorAPI

@Suite("Links by the API")
struct LinkRouteTests {
    typealias Token = APIHarness.Token

    @Test func `say what they were asked to say`() async throws {
        let harness = try APIHarness()
        let reply = await harness.call(
            .post,
            "/links",
            """
            {"owner": "user-7", "owner_name": "Jané", "expected_address": "jane@example.com", "login_hint": null,
             "providers": ["microsoft", "google"], "profile": "full", "tags": {"team": "süd", "x": ""}, "binding": "pinned",
             "expires_in": 60}
            """
        )
        #expect(reply.status == 201)
        let url = try #require(reply["url"]?.text)
        let sealed = String(try #require(url.split(separator: "/").last))
        #expect(url == "https://connect.example.com/c/\(sealed)")
        let link = try #require(LinkSeal(keys: harness.settings.sealingKeys, random: .system).open(sealed))
        #expect(reply["id"]?.text == link.id.text)
        #expect(link.owner.text == "user-7" && link.ownerName == "Jané" && link.loginHint == nil)
        #expect(link.expectedAddress == "jane@example.com" && link.providers == [.microsoft, .google])
        #expect(link.profile == "full" && link.tags == ["team": "süd", "x": ""] && link.binding == .pinned)
        #expect(link.expiresAt == harness.wallClock.now + .seconds(60))
        #expect(reply["expires_at"]?.text == link.expiresAt.rfc3339)
        #expect(harness.log.text.contains("operation=createLink reference=q7K2-ref status=201 token=writer"))
        #expect(!harness.log.text.contains(sealed) && !harness.log.text.contains("user-7"))
    }

    @Test func `need no more than an owner`() async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/links", #"{"owner":"u"}"#)
        #expect(reply.status == 201)
        #expect(reply["expires_at"]?.text == (harness.wallClock.now + .seconds(3600)).rfc3339)
    }

    @Test(
        arguments: [
            (#"{}"#, ["/owner"]), (#"{"owner":""}"#, ["/owner"]), (#"{"owner":7}"#, ["/owner"]),
            (#"{"owner":null}"#, ["/owner"]), (#"{"owner":"a\nb"}"#, ["/owner"]),
            (#"{"owner":"\#(String(repeating: "é", count: 65))"}"#, ["/owner"]),
            (#"{"owner":"\#(String(repeating: "a", count: 129))"}"#, ["/owner"]),
            (#"{"owner":"u","owner_name":""}"#, ["/owner_name"]),
            (#"{"owner":"u","owner_name":"a\tb"}"#, ["/owner_name"]),
            (#"{"owner":"u","expected_address":"marker"}"#, ["/expected_address"]),
            (#"{"owner":"u","login_hint":"marker@"}"#, ["/login_hint"]),
            (#"{"owner":"u","providers":"google"}"#, ["/providers"]),
            (#"{"owner":"u","providers":["marker"]}"#, ["/providers/0"]),
            (#"{"owner":"u","providers":["yahoo"]}"#, ["/providers/0"]),
            (#"{"owner":"u","providers":["google","google"]}"#, ["/providers"]),
            (#"{"owner":"u","profile":"marker"}"#, ["/profile"]), (#"{"owner":"u","tags":{"":"x"}}"#, ["/tags"]),
            (#"{"owner":"u","tags":{"a":1}}"#, ["/tags"]), (#"{"owner":"u","tags":{"a":"x\ny"}}"#, ["/tags"]),
            (#"{"owner":"u","tags":["a"]}"#, ["/tags"]), (#"{"owner":"u","binding":"marker"}"#, ["/binding"]),
            (#"{"owner":"u","binding":"pinned"}"#, ["/binding"]),
            (#"{"owner":"u","binding":"confirmed"}"#, ["/binding"]),
            (#"{"owner":"u","return_url":"https://marker.example/"}"#, ["/return_url"]),
            (#"{"owner":"u","expires_in":59}"#, ["/expires_in"]),
            (#"{"owner":"u","expires_in":604801}"#, ["/expires_in"]),
            (#"{"owner":"u","expires_in":"3600"}"#, ["/expires_in"]),
            (#"{"owner":"u","expires_in":60.5}"#, ["/expires_in"]),
            (#"{"owner":"u","expires_in":-1}"#, ["/expires_in"]), (#"{"owner":"u","expire_in":60}"#, ["/expire_in"]),
            (#"{"owner":"u","id":"mine"}"#, ["/id"]), (#"{"owner":"u","Marker":"x"}"#, [""]), (#"[]"#, [""]),
            (#""marker""#, [""]), (#"{"ownr":"u"}"#, ["/owner", "/ownr"]),
        ] as [(String, [String])]
    )
    func `are refused with the place of what is wrong`(content: String, pointers: [String]) async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/links", content)
        #expect(reply.status == 422)
        #expect(reply.code == "invalid_content")
        #expect(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } == pointers)
        #expect(!String(decoding: reply.response.content, as: UTF8.self).lowercased().contains("marker"))
    }

    @Test(arguments: ["", "{", "{'owner':'u'}", #"{"owner":"u","owner":"v"}"#, #"{"owner":"u"}x"#, "owner=u"])
    func `are refused where it is no JSON`(content: String) async throws {
        let reply = try await APIHarness().call(.post, "/links", content)
        #expect(reply.status == 400)
        #expect(reply.code == "invalid_json")
    }

    @Test(arguments: [
        nil, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "application/jsonx",
        "application/json; charset=utf-16", "application/json; version=2", "application/problem+json", "json", "",
        "application/json, text/plain",
    ])
    func `are refused where nobody says that it is JSON`(type: String?) async throws {
        let harness = try APIHarness()
        var fields: HTTPFields = [.authorization: "Bearer \(Token.writer)"]
        fields[.contentType] = type
        let reply = await harness.send(.post, "/api/v1/links", fields: fields, content: Array(#"{"owner":"u"}"#.utf8))
        #expect(reply.status == 415)
        #expect(reply.code == "unsupported_media_type")
    }

    @Test(arguments: ["application/json", "Application/JSON", "application/json; charset=UTF-8"])
    func `are made where somebody does`(type: String) async throws {
        let fields: HTTPFields = [.authorization: "Bearer \(Token.writer)", .contentType: type]
        let content = Array(#"{"owner":"u"}"#.utf8)
        #expect(try await APIHarness().send(.post, "/api/v1/links", fields: fields, content: content).status == 201)
    }

    @Test func `bring at most what the configuration allows`() throws {
        let route = try #require(try APIHarness().api.routes.first { $0.method == .post })
        #expect(route.contentLimitBytes == 256 << 10)
    }

    @Test func `stand where the store says`() async throws {
        let harness = try APIHarness()
        let made = await harness.call(.post, "/links", #"{"owner":"u"}"#)
        let id = try #require(made["id"]?.text)
        func standing() async -> String? {
            await harness.call(.get, "/links/\(id)", token: Token.reader)["standing"]?.text
        }
        #expect(await standing() == "unused")
        var claim = Sample.claim("s", startedAt: harness.wallClock.now, owner: try Sample.owner("u"))
        claim.link = LinkClaim(id: try #require(LinkID(id)), expiresAt: harness.wallClock.now + .seconds(60))
        let lease = Sample.lease("a", until: harness.wallClock.now + .seconds(30))
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        #expect(await standing() == "reserved")
        let failed = Sample.outcome(.permissionsMissing, at: harness.wallClock.now)
        _ = try await harness.store.answer(claim.flow, with: failed, saving: nil, heldBy: "a")
        #expect(await standing() == "unused")
        claim.flow = FlowID(state: "second")
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        let grant = try Sample.grant("g-1", at: harness.wallClock.now)
        let done = Sample.outcome(.connected, grant: grant.id, at: harness.wallClock.now)
        _ = try await harness.store.answer(claim.flow, with: done, saving: grant, heldBy: "a")
        let used = await harness.call(.get, "/links/\(id)")
        #expect(used["standing"]?.text == "used" && used["grant_id"]?.text == "g-1")
        let late = await harness.call(.delete, "/links/\(id)")
        #expect(late.status == 409 && late.code == "link_used")
    }

    @Test func `are ended by their ID, and a second time too`() async throws {
        let harness = try APIHarness()
        let id = try #require(await harness.call(.post, "/links", #"{"owner":"u"}"#)["id"]?.text)
        for _ in 0..<2 {
            let reply = await harness.call(.delete, "/links/\(id)")
            #expect(reply.status == 200 && reply["standing"]?.text == "revoked")
        }
        #expect(try await harness.store.use(of: try #require(LinkID(id))) == .revoked)
        // Until no link of that ID can live any more.
        #expect(try await harness.store.purgeLinks(expiredBefore: harness.wallClock.now + .seconds(604_800)) == 0)
        #expect(try await harness.store.purgeLinks(expiredBefore: harness.wallClock.now + .seconds(604_801)) == 1)
    }

    @Test(arguments: ["a%20b", "%C3%A9", "a.b", String(repeating: "a", count: 65)])
    func `are not found by what is no ID`(id: String) async throws {
        let harness = try APIHarness()
        for method in [HTTPRequest.Method.get, .delete] {
            let reply = await harness.call(method, "/links/\(id)")
            #expect(reply.status == 404 && reply.code == "not_found")
        }
    }
}
