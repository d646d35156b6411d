import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import OperatorAPI

@Suite("Grants by the API")
struct GrantRouteTests {
    typealias Token = APIHarness.Token

    private func ids(_ reply: APIHarness.Reply) -> [String] {
        reply["grants"]?.elements?.compactMap { $0["grant_id"]?.text } ?? []
    }

    @Test func `are shown with all that is known of them`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada") { $0.scopes = ["a", "b"] }
        let reply = await harness.call(.get, "/grants/g-1", token: Token.reader)
        #expect(reply.status == 200)
        let grant = try #require(try await harness.store.grant(Sample.grantID("g-1")))
        #expect(reply["address"]?.text == grant.address && reply["scopes"] == ["a", "b"])
        #expect(reply["saved_at"]?.text == grant.savedAt.rfc3339 && reply["deletion_requested_at"] == .null)
        let owner = reply["owners"]?.elements?.first
        #expect(owner?["owner"] == "ada" && owner?["tags"] == ["plan": "gold", "team": "süd"])
    }

    @Test func `without an address say so`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g") { $0.address = nil }
        #expect(await harness.call(.get, "/grants/g")["address"] == .null)
    }

    @Test(arguments: ["unknown", "me", "a@b.example", "a%20b", String(repeating: "a", count: 65)])
    func `that are not there are not found`(id: String) async throws {
        let harness = try APIHarness()
        for (method, path) in [
            (HTTPRequest.Method.get, "/grants/\(id)"), (.delete, "/grants/\(id)"),
            (.delete, "/grants/\(id)/owners/ada"),
        ] {
            let reply = await harness.call(method, path)
            #expect(reply.status == 404 && reply.code == "not_found")
        }
        try harness.exchange.finish()
    }

    @Test func `are listed by every filter, and by several together`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g1", owner: "ada") { $0.address = "Jane@other.example" }
        harness.wallClock.advance(by: .seconds(1))
        try await harness.connect("g2", owner: "bea") {
            $0.providerName = "microsoft"
            $0.status = .invalid
        }
        harness.wallClock.advance(by: .seconds(1))
        try await harness.connect("g3") { $0.providerName = "microsoft" }
        for (query, expected) in [
            ("", ["g3", "g2", "g1"]), ("?owner=ada", ["g1"]), ("?owner=nobody", []),
            ("?address=jANE%40Other.example", ["g1"]),
            ("?provider=microsoft", ["g3", "g2"]), ("?status=invalid", ["g2"]), ("?status=valid", ["g3", "g1"]),
            ("?provider=microsoft&status=valid", ["g3"]), ("?owner=bea&status=valid", []), ("?provider=none", []),
            ("?owner=a%0Ab", []), ("?owner=%27%20OR%201%3D1", []), ("?address=%25", []), ("?&", ["g3", "g2", "g1"]),
        ] {
            let reply = await harness.call(.get, "/grants\(query)", token: Token.reader)
            #expect(ids(reply) == expected, "\(query)")
            #expect(reply["next_cursor"] == .null)
        }
    }

    @Test(arguments: [
        "?limit=0", "?limit=201", "?limit=-1", "?limit=+1", "?limit=1.0", "?limit=", "?limit=many", "?limit=1&limit=1",
        "?limit=99999999999999999999", "?status=marker", "?status=", "?status=VALID", "?owner=", "?marker=1",
        "?Limit=1",
        "?owner=a&owner=b", "?cursor=", "?cursor=marker", "?cursor=AQAAAAAAAAAA", "?cursor=AgAAAAAAAAAAYQ",
        "?cursor=AQAAAAAAAAAAIQ", "?limit=%", "?limit=%zz", "?owner=%FF", "?owner=%00", "?marker", "?provider=",
        "?a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1",
    ])
    func `are not listed where the query is wrong`(query: String) async throws {
        let reply = try await APIHarness().call(.get, "/grants\(query)")
        #expect(reply.status == 400)
        #expect(reply.code == "invalid_query")
        #expect(!String(decoding: reply.response.content, as: UTF8.self).contains("marker"))
    }

    @Test(arguments: ["/grants/g?x=1", "/links/l?expand=all", "/openapi.json?v=2", "/owners/ada?status=valid"])
    func `take no parameter that there is not`(path: String) async throws {
        #expect(try await APIHarness().call(.get, path).code == "invalid_query")
    }

    @Test func `come in pages without gap or overlap, whatever is gone meanwhile`() async throws {
        let harness = try APIHarness()
        for number in 0..<7 { try await harness.connect("g\(number)", owner: number < 6 ? "ada" : nil) }
        for path in ["/grants?limit=2", "/grants?limit=2&provider=google", "/grants?limit=2&status=valid"] {
            var listed: [String] = []
            var cursor = ""
            while true {
                let reply = await harness.call(.get, path + cursor, token: Token.reader)
                #expect(reply.status == 200)
                listed += ids(reply)
                guard let next = reply["next_cursor"]?.text else { break }
                cursor = "&cursor=\(next)"
            }
            #expect(listed == (0..<7).map { "g\($0)" })
        }
        let first = await harness.call(.get, "/owners/ada?limit=3", token: Token.reader)
        #expect(ids(first) == ["g0", "g1", "g2"])
        _ = try await harness.store.forget(Sample.grantID("g2"), reason: "r", reference: nil)
        let cursor = try #require(first["next_cursor"]?.text)
        #expect(ids(await harness.call(.get, "/owners/ada?cursor=\(cursor)")) == ["g3", "g4", "g5"])
        #expect(ids(await harness.call(.get, "/owners/ada?limit=5")) == ["g0", "g1", "g3", "g4", "g5"])
        #expect(await harness.call(.get, "/owners/ada?limit=5")["next_cursor"] == .null)
        #expect(ids(await harness.call(.get, "/owners/nobody")) == [])
    }

    @Test func `stay with others when an owner leaves, and are deleted with the last`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: "ada")
        try await harness.connect("g", owner: "bea")
        let first = await harness.call(.delete, "/grants/g/owners/ada")
        #expect(first.status == 200 && first["outcome"] == "others_remain" && first["remaining_owners"] == 1)
        try harness.exchange.finish()
        let again = await harness.call(.delete, "/grants/g/owners/ada")
        #expect(again.status == 404)
        harness.exchange.append(.json(#"{"request_id":"r"}"#))
        let last = await harness.call(.delete, "/grants/g/owners/bea")
        #expect(last.status == 200 && last["outcome"] == "revoked" && last["remaining_owners"] == 0)
        try harness.exchange.finish()
        #expect(harness.exchange.requests.map(\.method) == [.delete])
        #expect(await harness.call(.get, "/grants/g").status == 404)
    }

    @Test(
        arguments: [
            ("team/7", "team%2F7"), ("team/7", "team%2f7"), ("/", "%2F"), ("a/../b", "a%2F..%2Fb"),
            ("ACME\\jane", "ACME%5Cjane"), ("100%", "100%25"), ("a%2Fb", "a%252Fb"), ("a b?c#d", "a%20b%3Fc%23d"),
        ]
    )
    func `are taken from an owner whatever is in its ID`(owner: String, segment: String) async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: owner)
        try await harness.connect("g", owner: "bea")
        #expect(ids(await harness.call(.get, "/owners/\(segment)")) == ["g"])
        let reply = await harness.call(.delete, "/grants/g/owners/\(segment)")
        #expect(reply.status == 200 && reply["outcome"] == "others_remain")
        #expect(await harness.call(.delete, "/grants/g/owners/\(segment)").status == 404)
        let kept = try await harness.store.grant(Sample.grantID("g"))
        #expect(kept?.owners.map(\.owner.text) == ["bea"])
    }

    @Test(
        arguments: [
            "team%00", "team%2F7%00", "%00team%2F7", "team%252F7", "team%25252F7", "team/7", "team%2F7%2F",
            "%2Fteam%2F7",
            "team%2F%2F7", "team%2F.%2F7", "team%2F7%0A", "TEAM%2F7", "team%5C7", "team%C0%AF7", "team%EF%BC%8F7",
            "%2E%2E",
            "..", "", "%", "team%2",
        ]
    )
    func `are taken from nobody by what is not exactly the ID`(segment: String) async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: "team/7")
        let reply = await harness.call(.delete, "/grants/g/owners/\(segment)")
        #expect(reply.status == 404)
        #expect(try await harness.store.grant(Sample.grantID("g"))?.owners.map(\.owner.text) == ["team/7"])
        try harness.exchange.finish()
    }

    @Test func `say that the access still exists where Nylas could not delete it`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: "ada")
        harness.exchange.append(.failure(.connectionRefused))
        let reply = await harness.call(.delete, "/grants/g")
        #expect(reply.status == 202 && reply["outcome"] == "revocation_pending")
        let kept = await harness.call(.get, "/grants/g")
        #expect(kept["deletion_requested_at"]?.text == harness.wallClock.now.rfc3339)
        #expect(kept["owners"] == [])
        try harness.exchange.finish()
    }

    @Test func `are taken from everybody at once`() async throws {
        let harness = try APIHarness()
        for owner in ["ada", "bea"] { try await harness.connect("g", owner: owner) }
        harness.exchange.append(.json(#"{"request_id":"r"}"#))
        let reply = await harness.call(.delete, "/grants/g")
        #expect(reply.status == 200 && reply["outcome"] == "revoked")
        try harness.exchange.finish()
    }

    @Test func `go on a cursor that reads back as it was written`() throws {
        for time in [Int64.min, -1, 0, 1, .max] {
            let position = GrantPosition(savedAt: .init(microsecondsSince1970: time), id: try Sample.grantID("g-1"))
            #expect(GrantPosition(cursor: position.cursor) == position)
            #expect(GrantPosition(cursor: position.cursor + "A") != position)
        }
    }
}
