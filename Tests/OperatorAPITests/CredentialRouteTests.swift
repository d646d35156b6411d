import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing

@testable import OperatorAPI

@Suite("Connectors and credentials by the API")
struct CredentialRouteTests {
    typealias Token = APIHarness.Token

    private static let marker = "SECRETmarkerMarker"
    /// A key of the right shape that opens nothing: a DER sequence of zeros, with a marker where nothing reads it.
    private static let pem =
        #"-----BEGIN PRIVATE KEY-----\nMGQ"# + String(repeating: "A", count: 133) + #"\n-----END PRIVATE KEY-----\n"#
    private static func key(_ change: (String, String) = ("", "")) -> String {
        let members = [
            #""type":"service_account""#, #""private_key_id":"\#(marker)""#, #""private_key":"\#(pem)""#,
            #""client_email":"robot@p.iam.gserviceaccount.example""#, #""universe_domain":"\#(marker)""#,
        ]
        return "{" + members.joined(separator: ",").replacing(change.0.isEmpty ? "\u{0}" : change.0, with: change.1)
            + "}"
    }
    private static let made = #"{"data":{"id":"c-1","name":"acme","credential_type":"serviceaccount","created_at":5}}"#

    private func sent(_ harness: APIHarness) -> [String] {
        harness.exchange.requests.map { "\($0.method) \($0.pathAndQuery)" }
    }

    static let orders = [
        "/connectors": #"{"provider":"imap"}"#,
        "/credentials": #"{"name":"acme","provider":"google","service_account_key":\#(key())}"#,
    ]

    /// Calls each operation so that it answers with each status that it has of its own.
    static func everyStatus(of harness: APIHarness) async -> [APIHarness.Reply] {
        var replies: [APIHarness.Reply] = []
        let refusals: [(Int, String)] = [(429, "x"), (500, "x"), (400, "x"), (404, "x")]
        let calls: [(HTTPRequest.Method, String)] = [
            (.get, "/connectors"), (.get, "/connectors/google"), (.post, "/connectors"),
            (.get, "/credentials?provider=google"), (.get, "/credentials/c-1"), (.post, "/credentials"),
            (.delete, "/credentials/c-1"),
        ]
        for (method, path) in calls {
            let order = method == .post ? orders[path] : nil
            for (status, type) in refusals {
                let answer = ScriptedExchange.Answer.json(#"{"error":{"type":"\#(type)"}}"#, status: status)
                harness.exchange.append(answer)
                // It is looked for at two providers.
                if status == 404, path.hasSuffix("c-1") { harness.exchange.append(answer) }
                replies.append(await harness.call(method, path, order))
            }
            let connector = #"{"provider":"imap"}"#
            let data = path == "/connectors" && method == .get ? "[\(connector)]" : connector
            if path.hasPrefix("/connectors") { harness.exchange.append(.json(#"{"data":\#(data)}"#)) }
            if path.hasPrefix("/credentials?") { harness.exchange.append(.json(#"{"data":[]}"#)) }
            if path.hasPrefix("/credentials"), !path.contains("?") { harness.exchange.append(.json(made)) }
            if method == .delete {
                let grant = #"{"id":"g","provider":"google","created_at":1,"credential_id":"c-1"}"#
                harness.exchange.append(.json(#"{"data":[\#(grant)]}"#))
                replies.append(await harness.call(method, path))
                harness.exchange.append(.json(made), .json(#"{"data":[]}"#), .json("{}"))
            }
            replies.append(await harness.call(method, path, order, key: order.map { _ in "made" + path }))
            guard order != nil else { continue }
            replies.append(await harness.call(method, path, "{", key: "bad"))
            replies.append(
                await harness.send(method, "/api/v1" + path, fields: [.authorization: "Bearer \(Token.writer)"])
            )
        }
        return replies
    }

    // MARK: connectors

    @Test func `connectors are listed, shown and made, and no answer has a secret`() async throws {
        let harness = try APIHarness()
        let connector =
            #"{"provider":"microsoft","settings":{"client_id":"a","client_secret":"\#(Self.marker)","tenant":"common"},"scope":["s"]}"#
        harness.exchange.append(
            .json(#"{"data":[\#(connector),{"provider":"imap"}]}"#),
            .json(#"{"data":\#(connector)}"#),
            .json(#"{"data":\#(connector)}"#, status: 201)
        )
        let listed = await harness.call(.get, "/connectors", token: Token.reader)
        #expect(listed["connectors"]?.elements?.compactMap { $0["provider"]?.text } == ["microsoft", "imap"])
        let shown = await harness.call(.get, "/connectors/microsoft", token: Token.reader)
        #expect(shown["client_id"]?.text == "a" && shown["tenant"]?.text == "common")
        let order =
            #"{"provider":"microsoft","client_id":"a","client_secret":"\#(Self.marker)","tenant":"common","scopes":["s"]}"#
        let made = await harness.call(.post, "/connectors", order, key: "k")
        #expect(made.status == 201)
        // The same call again is answered from the record, which has digests and the sealed answer alone.
        #expect(await harness.call(.post, "/connectors", order, key: "k").content == made.content)
        for reply in [listed, shown, made] {
            #expect(!String(decoding: reply.response.content, as: UTF8.self).contains(Self.marker))
        }
        #expect(!harness.log.text.contains(Self.marker))
        #expect(
            sent(harness) == ["GET /v3/connectors?limit=200", "GET /v3/connectors/microsoft", "POST /v3/connectors"]
        )
        #expect(await harness.call(.get, "/connectors/gopher").status == 404)
        try harness.exchange.finish()
    }

    @Test(
        arguments: [
            (#"{"provider":"gopher"}"#, "/provider"), (#"{"provider":"google"}"#, "/client_id"),
            (#"{"provider":"google","client_id":"a"}"#, "/client_id"),
            (#"{"provider":"google","client_secret":"SECRETmarkerMarker"}"#, "/client_id"),
            (#"{"provider":"google","client_id":"a b","client_secret":"SECRETmarkerMarker"}"#, "/client_id"),
            (#"{"provider":"imap","client_id":"a","client_secret":"SECRETmarkerMarker"}"#, "/client_id"),
            (#"{"provider":"google","client_id":"a","client_secret":"b","tenant":"common"}"#, "/tenant"),
            (
                #"{"provider":"microsoft","client_id":"a","client_secret":"b","tenant":"SECRETmarkerMarker/x"}"#,
                "/tenant"
            ),
            (#"{"provider":"imap","scopes":["SECRETmarkerMarker x"]}"#, "/scopes"),
            (#"{"provider":"imap","SECRETmarkerMarker":1}"#, ""),
        ]
    )
    func `a connector that does not fit is not sent`(content: String, pointer: String) async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/connectors", content)
        #expect(reply.status == 422 && reply.code == "invalid_content")
        #expect(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } == [pointer])
        #expect(!String(decoding: reply.response.content, as: UTF8.self).contains(Self.marker))
        #expect(sent(harness).isEmpty)
    }

    // MARK: credentials

    @Test func `a service account's key goes to Nylas and nowhere else`() async throws {
        let harness = try APIHarness()
        harness.exchange.append(.json(Self.made, status: 201))
        let order = #"{"name":"acme","provider":"google","service_account_key":\#(Self.key())}"#
        let reply = await harness.call(.post, "/credentials", order, key: "k")
        #expect(reply.status == 201 && reply["id"]?.text == "c-1" && reply["provider"]?.text == "google")
        #expect(await harness.call(.post, "/credentials", order, key: "k").content == reply.content)
        #expect(sent(harness) == ["POST /v3/connectors/google/creds"])
        let content = String(decoding: harness.exchange.requests[0].content, as: UTF8.self)
        #expect(content.contains(#""private_key_id":"\#(Self.marker)""#) && !content.contains("universe_domain"))
        #expect(!String(decoding: reply.response.content, as: UTF8.self).contains(Self.marker))
        #expect(!harness.log.text.contains(Self.marker))
        try harness.exchange.finish()
    }

    @Test func `an administrator's consent is asked for with or without an app`() async throws {
        let harness = try APIHarness()
        harness.exchange.append(.json(Self.made), .json(Self.made))
        for app in ["", #","client_id":"a","client_secret":"b""#] {
            let order = #"{"name":"acme","provider":"microsoft","tenant":"common"\#(app)}"#
            #expect(await harness.call(.post, "/credentials", order).status == 201)
        }
        #expect(sent(harness) == Array(repeating: "POST /v3/connectors/microsoft/creds", count: 2))
        try harness.exchange.finish()
    }

    @Test(
        arguments: [
            (#"{"name":"a","provider":"imap"}"#, "/provider"),
            (#"{"name":"a","provider":"google"}"#, "/service_account_key"),
            (#"{"name":"a","provider":"google","service_account_key":null}"#, "/service_account_key"),
            (#"{"name":"a","provider":"google","service_account_key":"SECRETmarkerMarker"}"#, "/service_account_key"),
            (#"{"name":"a","provider":"google","service_account_key":{}}"#, "/service_account_key/type"),
            (
                #"{"name":"a","provider":"google","service_account_key":\#(key(("service_account", "x")))}"#,
                "/service_account_key/type"
            ),
            (
                #"{"name":"a","provider":"google","service_account_key":\#(key(("private_key_id", "x")))}"#,
                "/service_account_key/private_key_id"
            ),
            (
                #"{"name":"a","provider":"google","service_account_key":\#(key(("robot@", "")))}"#,
                "/service_account_key/client_email"
            ),
            (
                #"{"name":"a","provider":"google","service_account_key":\#(key(("MGQ", "MEQ")))}"#,
                "/service_account_key/private_key"
            ),
            (#"{"name":"a","provider":"google","tenant":"t","service_account_key":\#(key())}"#, "/tenant"),
            (#"{"name":"a\nb","provider":"google","service_account_key":\#(key())}"#, "/name"),
            (#"{"name":"","provider":"google","service_account_key":\#(key())}"#, "/name"),
            (#"{"name":"a","provider":"microsoft"}"#, "/tenant"),
            (#"{"name":"a","provider":"microsoft","tenant":"a/b"}"#, "/tenant"),
            (#"{"name":"a","provider":"microsoft","tenant":"t","client_id":"a"}"#, "/client_id"),
            (
                #"{"name":"a","provider":"microsoft","tenant":"t","service_account_key":\#(key())}"#,
                "/service_account_key"
            ),
        ]
    )
    func `a credential that does not fit is not sent, and nothing of it comes back`(
        content: String,
        pointer: String
    ) async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/credentials", content)
        #expect(reply.status == 422)
        #expect(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } == [pointer])
        let text = String(decoding: reply.response.content, as: UTF8.self)
        #expect(!text.contains(Self.marker) && !text.contains("MGQ") && !text.contains("robot"))
        #expect(sent(harness).isEmpty && !harness.log.text.contains(Self.marker))
    }

    @Test func `credentials are listed provider by provider, and a missing connector is an empty page`() async throws {
        let harness = try APIHarness()
        let one = #"{"id":"c-1","name":"a"}"#
        harness.exchange.append(
            .json(#"{"data":[\#(one),{"id":"c-2","name":"b"}]}"#),
            .json(#"{"data":[{"id":"c-3","name":"c"}]}"#),
            .json(#"{"error":{"type":"not_found_error"}}"#, status: 404)
        )
        var cursor: String?
        var names: [String] = []
        repeat {
            let page = await harness.call(.get, "/credentials?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
            #expect(page.status == 200)
            names += page["credentials"]?.elements?.compactMap { $0["id"]?.text } ?? []
            cursor = page["next_cursor"]?.text
        } while cursor != nil
        #expect(names == ["c-1", "c-2", "c-3"])
        #expect(
            sent(harness).map { $0.prefix { $0 != "&" } } == [
                "GET /v3/connectors/google/creds?limit=2", "GET /v3/connectors/google/creds?limit=2",
                "GET /v3/connectors/microsoft/creds?limit=2",
            ]
        )
        for bad in ["x", "imap-0", "google--1", "google-", "google-1234567890"] {
            #expect(await harness.call(.get, "/credentials?cursor=\(bad)").status == 400)
        }
        #expect(await harness.call(.get, "/credentials?provider=google&cursor=microsoft-0").status == 400)
        #expect(await harness.call(.get, "/credentials?provider=imap").status == 400)
        try harness.exchange.finish()
    }

    // MARK: deleting

    private func grants(_ ids: [String]) -> ScriptedExchange.Answer {
        let all = ids.map {
            #"{"id":"\#($0)","provider":"google","created_at":1,"grant_status":"valid","credential_id":"c-1"}"#
        }
        let others = [
            #"{"id":"x","provider":"google","created_at":1,"grant_status":"valid","credential_id":"c-2"}"#,
            #"{"id":"y","provider":"google","created_at":1,"grant_status":"invalid","credential_id":"c-1"}"#,
        ]
        return .json(#"{"data":[\#((all + others).joined(separator: ","))]}"#)
    }

    @Test func `a credential that nothing depends on is deleted`() async throws {
        let harness = try APIHarness()
        harness.exchange.append(.json(Self.made), grants([]), .json("{}"))
        let reply = await harness.call(.delete, "/credentials/c-1")
        #expect(reply.status == 200 && reply["stopped_grants"]?.number == 0)
        #expect(sent(harness).last == "DELETE /v3/connectors/google/creds/c-1")
    }

    @Test func `a credential that grants depend on is deleted once their number is said`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g-1") { $0.address = "ada@x.example" }
        harness.exchange.append(.json(Self.made), grants(["g-1", "g-2"]))
        let refused = await harness.call(.delete, "/credentials/c-1")
        #expect(refused.status == 409 && refused.code == "credential_in_use")
        #expect(refused["grants_total"]?.number == 2)
        #expect(refused["grants"]?.elements?.map { $0["address"]?.text } == ["ada@x.example", nil])
        // One more was made meanwhile: that is asked about again.
        harness.exchange.append(.json(Self.made), grants(["g-1", "g-2", "g-3"]))
        #expect(await harness.call(.delete, "/credentials/c-1?confirm_grants=2").status == 409)
        harness.exchange.append(.json(Self.made), grants(["g-1", "g-2", "g-3"]), .json("{}"))
        let done = await harness.call(.delete, "/credentials/c-1?confirm_grants=3")
        #expect(done.status == 200 && done["stopped_grants"]?.number == 3)
        #expect(sent(harness).count { $0.hasPrefix("DELETE") } == 1)
        try harness.exchange.finish()
    }

    @Test(arguments: [("/connectors", "google"), ("/credentials", "c-1")])
    func `a token that may read changes nothing`(path: String, name: String) async throws {
        let harness = try APIHarness()
        #expect(await harness.call(.post, path, token: Token.reader, "{}").status == 403)
        #expect(await harness.call(.delete, "/credentials/\(name)", token: Token.reader).status == 403)
        #expect(sent(harness).isEmpty)
    }

    // MARK: what Nylas says

    @Test(
        arguments: [
            (ScriptedExchange.Answer.failure(.connectionRefused), 503, "nylas_unreachable"),
            (.failure(.timedOut(sent: true)), 502, "nylas_uncertain"),
            (.json("SECRETmarkerMarker", status: 500), 502, "nylas_uncertain"),
            (.json("SECRETmarkerMarker"), 502, "nylas_uncertain"),
            (.json(#"{"error":{"type":"SECRETmarkerMarker is bad"}}"#, status: 401), 502, "nylas_key_refused"),
            (.json(#"{"error":{"type":"x"}}"#, status: 429), 503, "nylas_busy"),
            (.json(#"{"error":{"type":"invalid","message":"SECRETmarkerMarker"}}"#, status: 400), 422, "nylas_refused"),
            (.json(#"{"error":{"type":"not_found_error"}}"#, status: 404), 404, "not_found"),
        ]
    )
    func `a call that Nylas does not fulfil says what may have happened, in names alone`(
        answer: ScriptedExchange.Answer,
        status: Int,
        code: String
    ) async throws {
        let harness = try APIHarness()
        harness.exchange.append(answer)
        let order = #"{"name":"acme","provider":"google","service_account_key":\#(Self.key())}"#
        let reply = await harness.call(.post, "/credentials", order)
        #expect(reply.status == status && reply.code == code)
        let text = String(decoding: reply.response.content, as: UTF8.self)
        #expect(!text.contains(Self.marker) && !harness.log.text.contains(Self.marker))
        if code == "nylas_refused" { #expect(reply["nylas"]?.text == "status 400, invalid") }
    }
}
