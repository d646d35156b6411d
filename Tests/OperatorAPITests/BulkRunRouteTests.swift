import BulkGrants
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

@Suite("Bulk runs by the API")
struct BulkRunRouteTests {
    typealias Token = APIHarness.Token

    private static let service = ScriptedExchange.Answer.json(
        #"{"data":{"id":"c-1","name":"acme","credential_type":"serviceaccount"}}"#
    )
    static let order = #"{"credential_id":"c-1","mailboxes":[{"email":"ada@x.example"}]}"#

    private func order(_ mailboxes: String, _ more: String = "") -> String {
        #"{"credential_id":"c-1","mailboxes":[\#(mailboxes)]\#(more)}"#
    }

    /// A run that has begun, with one row of each kind of outcome: connected, failed, pending.
    private static func begun(_ harness: APIHarness, credential: String = "c-1") async throws -> BulkRunID {
        let store = harness.bulk.store
        let run = try BulkStoreConformance.run(
            "r" + credential.filter { $0 != "-" },
            credential: credential,
            at: harness.wallClock.now
        )
        _ = try await store.begin(run, rows: BulkStoreConformance.rows(3))
        _ = try await store.take(2, of: run.id)
        let grant = try Sample.grant("g-1", address: nil, at: harness.wallClock.now)
        _ = try await store.answer(2, of: run.id, with: .grant(grant, wasKnown: false))
        _ = try await store.answer(3, of: run.id, with: .failed(reason: "ErrorInvalidUser"))
        return run.id
    }

    static func everyStatus(of harness: APIHarness) async throws -> [APIHarness.Reply] {
        var replies: [APIHarness.Reply] = []
        for (status, type) in [(429, "x"), (500, "x"), (400, "x")] {
            harness.exchange.append(.json(#"{"error":{"type":"\#(type)"}}"#, status: status))
            replies.append(await harness.call(.post, "/bulk-runs", order))
        }
        let id = try await begun(harness)
        harness.exchange.append(service)
        replies.append(await harness.call(.post, "/bulk-runs", order))
        harness.exchange.append(service)
        replies.append(await harness.call(.post, "/bulk-runs", order.replacing("}]", with: #"}],"dry_run":true"#)))
        replies.append(await harness.call(.post, "/bulk-runs", "{", key: "bad"))
        replies.append(
            await harness.send(.post, "/api/v1/bulk-runs", fields: [.authorization: "Bearer \(Token.writer)"])
        )
        replies.append(await harness.call(.get, "/bulk-runs"))
        for path in ["", "/rows", "/result.csv"] {
            replies.append(await harness.call(.get, "/bulk-runs/\(id)\(path)"))
            replies.append(await harness.call(.get, "/bulk-runs/none\(path)"))
        }
        let long = try BulkStoreConformance.run("long", credential: "c-9", at: harness.wallClock.now)
        _ = try await harness.bulk.store.begin(
            long,
            rows: BulkStoreConformance.rows(BulkRunRoutes.mailboxesAtMost + 1)
        )
        replies.append(await harness.call(.get, "/bulk-runs/long/result.csv"))
        for path in ["/resume", "/cancel"] {
            replies.append(await harness.call(.post, "/bulk-runs/none\(path)"))
            replies.append(await harness.call(.post, "/bulk-runs/\(id)\(path)"))
        }
        harness.exchange.append(service)
        replies.append(await harness.call(.post, "/bulk-runs", order))
        _ = try await begun(harness, credential: "c-2")
        for line in 2...4 {
            _ = try await harness.bulk.store.answer(line, of: BulkRunID.known("rc2"), with: .failed(reason: "x"))
        }
        _ = try await harness.bulk.store.take(9, of: BulkRunID.known("rc2"))
        _ = try await harness.bulk.store.answer(4, of: BulkRunID.known("rc2"), with: .failed(reason: "x"))
        _ = try await harness.bulk.store.finish(BulkRunID.known("rc2"))
        for path in ["/resume", "/cancel"] { replies.append(await harness.call(.post, "/bulk-runs/rc2\(path)")) }
        return replies
    }

    // MARK: beginning

    @Test func `a run is on disk with its rows when it is answered, once`() async throws {
        let harness = try APIHarness()
        harness.exchange.append(Self.service)
        let mailboxes =
            #"{"email":"ada@x.example","owner":"u-1","tags":{"plan":"gold"}},{"email":"bea@x.example","scopes":["openid"]},{"email":"cy@x.example","profile":"send"}"#
        let reply = await harness.call(.post, "/bulk-runs", order(mailboxes), key: "k")
        #expect(reply.status == 201 && reply["state"]?.text == "queued" && reply["mailboxes"]?.number == 3)
        #expect(reply["outcomes"]?["pending"]?.number == 3 && reply["seconds_left"]?.number == 1)
        #expect(await harness.call(.post, "/bulk-runs", order(mailboxes), key: "k").content == reply.content)
        let id = try #require(reply["id"]?.text.flatMap(BulkRunID.init))
        let rows = try await harness.bulk.store.rows(of: id, standing: nil, after: 0, limit: 9)
        #expect(rows.map(\.address) == ["ada@x.example", "bea@x.example", "cy@x.example"])
        #expect(rows.map(\.owner?.text) == ["u-1", nil, nil] && rows[0].tags == ["plan": "gold"])
        #expect(rows[1].scopes == ["openid"] && rows[0].scopes != rows[2].scopes && !rows[0].scopes.isEmpty)
        #expect(try await harness.bulk.store.servedRuns().map(\.id) == [id])
        #expect(!harness.log.text.contains("ada@") && !harness.log.text.contains("u-1"))
        try harness.exchange.finish()
    }

    @Test func `a dry run says what would be done, and nothing is saved`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1", owner: "ada") {
            $0.address = "ada@x.example"
            $0.providerName = "google"
        }
        harness.exchange.append(Self.service, Self.service, Self.service)
        let mailboxes = #"{"email":"bea@x.example"},{"email":"Ada@X.example","owner":"ada"}"#
        let dry = await harness.call(.post, "/bulk-runs", order(mailboxes, #","dry_run":true"#))
        #expect(dry.status == 200 && dry["mailboxes"]?.number == 2 && dry["to_connect"]?.number == 1)
        #expect(dry["connected_already"]?.elements == [["line": 3, "grant_id": "g-1"]])
        // Nothing is left to be sent: that is no run either.
        let nothing = await harness.call(.post, "/bulk-runs", order(#"{"email":"ada@x.example"}"#))
        #expect(nothing.status == 200 && nothing["to_connect"]?.number == 0)
        #expect(try await harness.bulk.store.bulkRuns(after: nil, limit: 9).isEmpty)
        let again = await harness.call(
            .post,
            "/bulk-runs",
            order(#"{"email":"ada@x.example"}"#, #","include_connected":true"#)
        )
        #expect(again.status == 201 && again["outcomes"]?["pending"]?.number == 1)
    }

    @Test(
        arguments: [
            (#"{"credential_id":"c-1","mailboxes":[]}"#, ["/mailboxes"]),
            (#"{"credential_id":"c/1","mailboxes":[{"email":"a@x.example"}]}"#, ["/credential_id"]),
            (#"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example"}],"profile":"none"}"#, ["/profile"]),
            (
                #"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example"},{"email":"marker"},{"email":"A@x.example"}]}"#,
                ["/mailboxes/1/email", "/mailboxes/2/email"]
            ),
            (#"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example","owner":"a\nb"}]}"#, ["/mailboxes/0/owner"]),
            (#"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example","profile":"m"}]}"#, ["/mailboxes/0/profile"]),
            (#"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example","scopes":["ä"]}]}"#, ["/mailboxes/0/scopes"]),
            (
                #"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example","scopes":["s"],"profile":"read"}]}"#,
                ["/mailboxes/0/profile"]
            ),
            (#"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example","tags":{"t":"v"}}]}"#, ["/mailboxes/0/tags"]),
            (
                #"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example"}],"consented_at":"2099-01-01T00:00:00Z"}"#,
                ["/consented_at"]
            ),
            (
                #"{"credential_id":"c-1","mailboxes":[{"email":"a@x.example"}],"consented_at":"2020-01-01 00:00:00Zx"}"#,
                ["/consented_at"]
            ),
            (
                #"{"credential_id":"c-1","mailboxes":[{"address":"a@x.example"}]}"#,
                ["/mailboxes/0/email", "/mailboxes/0/address"]
            ),
        ]
    )
    func `an order with a fault sends nothing, and says where all of them are`(
        content: String,
        pointers: [String]
    ) async throws {
        let harness = try APIHarness()
        harness.exchange.append(Self.service)
        let reply = await harness.call(.post, "/bulk-runs", content)
        #expect(reply.status == 422 && reply.code == "invalid_content")
        #expect(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } == pointers)
        #expect(!String(decoding: reply.response.content, as: UTF8.self).contains("marker"))
        #expect(try await harness.bulk.store.bulkRuns(after: nil, limit: 9).isEmpty)
    }

    @Test func `a credential that cannot connect organizations is refused`() async throws {
        let harness = try APIHarness()
        let gone = ScriptedExchange.Answer.json(#"{"error":{"type":"not_found_error"}}"#, status: 404)
        harness.exchange.append(
            gone,
            gone,
            .json(#"{"data":{"id":"c-1","name":"n","credential_type":"connector"}}"#)
        )
        for _ in 0..<2 {
            let reply = await harness.call(.post, "/bulk-runs", Self.order)
            #expect(reply.status == 422)
            #expect(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } == ["/credential_id"])
        }
    }

    @Test func `a credential has one unfinished run at a time`() async throws {
        let harness = try APIHarness()
        let id = try await Self.begun(harness)
        harness.exchange.append(Self.service, Self.service)
        let reply = await harness.call(.post, "/bulk-runs", Self.order)
        #expect(reply.status == 409 && reply.code == "run_unfinished" && reply["run_id"]?.text == id.text)
        #expect(await harness.call(.post, "/bulk-runs/\(id)/cancel").status == 200)
        #expect(await harness.call(.post, "/bulk-runs", Self.order).status == 201)
    }

    @Test func `a consent that was reported, or is said, is waited for`() async throws {
        let harness = try APIHarness()
        var consent = try Sample.consent("i", credential: "c-1", at: harness.wallClock.now)
        consent.readyAt = harness.wallClock.now + .seconds(240)
        _ = try await harness.store.report(
            consent,
            of: Sample.consentClaim("s", startedAt: harness.wallClock.now),
            with: Sample.outcome(.consentReported, at: harness.wallClock.now)
        )
        harness.exchange.append(Self.service, Self.service)
        let reply = await harness.call(.post, "/bulk-runs", Self.order)
        #expect(reply["state"]?.text == "awaiting_consent" && reply["waiting_for"]?.text == "consent")
        #expect(reply["waiting_seconds"]?.number == 240 && reply["seconds_left"]?.number == 241)
        #expect(reply["ready_at"]?.text == consent.readyAt.rfc3339)
        let id = try #require(reply["id"]?.text)
        _ = await harness.call(.post, "/bulk-runs/\(id)/cancel")
        let said = await harness.call(
            .post,
            "/bulk-runs",
            order(#"{"email":"a@x.example"}"#, #","consented_at":"2020-01-01T00:00:00Z""#)
        )
        #expect(said.status == 201 && said["ready_at"]?.text == "2020-01-01T00:05:00Z")
    }

    @Test func `only who may call it can send so much`() throws {
        let harness = try APIHarness()
        func limit(_ method: HTTPRequest.Method, _ path: String, _ token: String?) -> Int {
            var fields: HTTPFields = [:]
            if let token { fields[.authorization] = "Bearer \(token)" }
            let head = HTTPRequest(
                method: method,
                scheme: "https",
                authority: "connect.example.com",
                path: path,
                headerFields: fields
            )
            return harness.app.contentLimitBytes(for: head, target: RequestTarget(path: path, query: nil))
        }
        #expect(limit(.post, "/api/v1/bulk-runs", Token.writer) == 4 << 20)
        for token in [nil, Token.reader, "x", String(repeating: "x", count: 40)] {
            #expect(limit(.post, "/api/v1/bulk-runs", token) == 256 << 10)
        }
        #expect(limit(.post, "/api/v1/links", Token.writer) == 256 << 10)
        #expect(limit(.get, "/api/v1/bulk-runs", Token.writer) == 0)
    }

    // MARK: looking and changing

    @Test func `runs are listed in pages, and shown as they stand`() async throws {
        let harness = try APIHarness()
        for credential in ["c-1", "c-2", "c-3"] {
            _ = try await Self.begun(harness, credential: credential)
            harness.wallClock.advance(by: .seconds(1))
        }
        let first = await harness.call(.get, "/bulk-runs?limit=2", token: Token.reader)
        #expect(first["runs"]?.elements?.compactMap { $0["id"]?.text } == ["rc3", "rc2"])
        let cursor = try #require(first["next_cursor"]?.text)
        let second = await harness.call(.get, "/bulk-runs?limit=2&cursor=\(cursor)", token: Token.reader)
        #expect(second["runs"]?.elements?.compactMap { $0["id"]?.text } == ["rc1"] && second["next_cursor"] == .null)
        #expect(await harness.call(.get, "/bulk-runs?cursor=A.b").status == 400)
        let run = await harness.call(.get, "/bulk-runs/rc1", token: Token.reader)
        // A command's: the server is not at it.
        #expect(run["state"]?.text == "stopped" && run["stop_reason"] == .null && run["seconds_left"] == .null)
        let outcomes = ["pending", "connected", "failed", "sent"].map { run["outcomes"]?[$0]?.number }
        #expect(outcomes == [1, 1, 1, 0])
        for id in ["none", "A.b"] { #expect(await harness.call(.get, "/bulk-runs/\(id)").status == 404) }
    }

    @Test func `rows are paged and filtered, and the result is a list again`() async throws {
        let harness = try APIHarness()
        let id = try await Self.begun(harness)
        let first = await harness.call(.get, "/bulk-runs/\(id)/rows?limit=2", token: Token.reader)
        #expect(first["rows"]?.elements?.compactMap { $0["line"]?.number } == [2, 3])
        #expect(first["next_cursor"]?.text == "3")
        let second = await harness.call(.get, "/bulk-runs/\(id)/rows?limit=2&cursor=3", token: Token.reader)
        #expect(second["rows"]?.elements?.compactMap { $0["line"]?.number } == [4] && second["next_cursor"] == .null)
        let failed = await harness.call(.get, "/bulk-runs/\(id)/rows?outcome=failed")["rows"]?.elements
        #expect(failed?.map { $0["reason"]?.text } == ["ErrorInvalidUser"])
        #expect(failed?.first?["owner"]?.text == "user-1" && failed?.first?["tags"]?["plan"]?.text == "süd")
        for bad in ["outcome=none", "cursor=x", "cursor=-1", "limit=201"] {
            #expect(await harness.call(.get, "/bulk-runs/\(id)/rows?\(bad)").status == 400)
        }
        let csv = await harness.call(.get, "/bulk-runs/\(id)/result.csv?only_failed=true", token: Token.reader)
        let text = String(decoding: csv.response.content, as: UTF8.self)
        let list = MailboxList(
            Array(text.utf8),
            ListRules(provider: .google, profiles: ["read": []], defaultProfile: "read")
        )
        #expect(list.faults == [] && list.rows.map(\.address) == ["person-1@x.example"])
        #expect(text.contains("ErrorInvalidUser"))
        let all = await harness.call(.get, "/bulk-runs/\(id)/result.csv")
        #expect(String(decoding: all.response.content, as: UTF8.self).split(separator: "\r\n").count == 4)
    }

    @Test func `a run is given to the server, and ended for good`() async throws {
        let harness = try APIHarness()
        let id = try await Self.begun(harness)
        let resumed = await harness.call(.post, "/bulk-runs/\(id)/resume")
        #expect(resumed.status == 200 && resumed["state"]?.text == "queued")
        #expect(await harness.call(.post, "/bulk-runs/\(id)/resume").content == resumed.content)
        _ = try await harness.bulk.store.take(1, of: id)
        let cancelling = await harness.call(.post, "/bulk-runs/\(id)/cancel")
        #expect(cancelling["state"]?.text == "cancelling" && cancelling["outcomes"]?["sent"]?.number == 1)
        _ = try await harness.bulk.store.answer(4, of: id, with: .again(reason: nil, isAttempt: false))
        _ = try await harness.bulk.store.finish(id)
        let cancelled = await harness.call(.post, "/bulk-runs/\(id)/cancel")
        #expect(cancelled["state"]?.text == "cancelled" && cancelled["outcomes"]?["failed"]?.number == 2)
        #expect(await harness.call(.post, "/bulk-runs/\(id)/resume").code == "run_over")
        for path in ["/resume", "/cancel"] {
            #expect(await harness.call(.post, "/bulk-runs/none\(path)").status == 404)
            #expect(await harness.call(.post, "/bulk-runs/\(id)\(path)", token: Token.reader).status == 403)
        }
    }
}

extension BulkRunID {
    fileprivate static func known(_ text: String) throws -> BulkRunID { try #require(BulkRunID(text)) }
}
