import Cryptography
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import TestSupport
import Testing
import Timekeeping

private let application = NylasApplication(
    origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
    clientID: "client-1",
    apiKey: Secret("nyk_v0_secret")
)
private let grantID = "5bf9aa1e-0e2f-4a3c-9c2e-0d6a3d1c1d11"

private func verifiedCallback() throws -> VerifiedCallback {
    let state = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    let pending = PendingAuthorization(
        state: try #require(State(state)),
        codeVerifier: try #require(CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
        expiresAt: Timestamp(secondsSince1970: 10),
        issuer: "https://api.us.nylas.com"
    )
    return try pending.verify(try CallbackQuery("state=\(state)&code=a%2F%22b"), at: Timestamp(secondsSince1970: 1))
}

private func exchange(_ answer: ScriptedExchange.Answer) async throws -> Result<GrantID, NylasError> {
    let script = ScriptedExchange([answer])
    let client = NylasClient(application: application, exchange: script)
    let callback = try verifiedCallback()
    do throws(NylasError) {
        let id = try await client.exchangeCode(of: callback, redirectURI: "https://connect.example.com/callback")
        try? script.finish()
        return .success(id)
    } catch {
        return .failure(error)
    }
}

@Suite("Token exchange at /v3/connect/token, RFC 6749 §4.1.3")
struct TokenExchangeTests {
    @Test func `sends code, verifier and key as one JSON document`() async throws {
        let script = ScriptedExchange([.json(#"{"grant_id":"\#(grantID)","access_token":"t","scope":"a b"}"#)])
        let client = NylasClient(application: application, exchange: script)
        let id = try await client.exchangeCode(
            of: verifiedCallback(),
            redirectURI: "https://connect.example.com/callback"
        )
        #expect(id.text == grantID)
        let request = try #require(script.requests.first)
        #expect(request.method == .post)
        #expect(request.origin.description == "https://api.us.nylas.com")
        #expect(request.pathAndQuery == "/v3/connect/token")
        #expect(request.fields[.contentType] == "application/json")
        #expect(request.fields[.authorization] == "Bearer nyk_v0_secret")
        #expect(request.timeLimit == .seconds(30))
        #expect(
            String(decoding: request.content, as: UTF8.self)
                == #"{"client_id":"client-1","client_secret":"nyk_v0_secret","code":"a/\"b","#
                + #""code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk","grant_type":"authorization_code","#
                + #""redirect_uri":"https://connect.example.com/callback"}"#
        )
        try script.finish()
    }

    @Test(arguments: [
        (
            400,
            #"{"error":"invalid_grant","error_code":45004,"error_description":"Code verifier challenge failed"}"#,
            NylasError.refused(NylasFault(status: 400, code: "invalid_grant", number: 45004))
        ),
        (
            400, #"{"error":"invalid_request","error_code":"400","request_id":"5fa-1"}"#,
            .refused(NylasFault(status: 400, code: "invalid_request", number: 400, requestID: "5fa-1"))
        ),
        (
            403, #"{"request_id":"r1","error":{"type":"grant.access_denied","message":"no"}}"#,
            .refused(NylasFault(status: 403, code: "grant.access_denied", requestID: "r1"))
        ),
        (
            400, #"{"type":"invalid_request_error","message":"extra fields not permitted: x"}"#,
            .refused(NylasFault(status: 400, code: "invalid_request_error"))
        ),
        (
            401, #"{"request_id":"r","error":{"type":"token.unauthorized_access","message":"Bearer token invalid"}}"#,
            .unauthorized(NylasFault(status: 401, code: "token.unauthorized_access", requestID: "r"))
        ),
        (401, "", .unauthorized(NylasFault(status: 401))),
        (
            404, #"{"error":{"type":"not_found_error"}}"#,
            .notFound(NylasFault(status: 404, code: "not_found_error"))
        ),
        (404, "<html>nothing here</html>", .failed(NylasFault(status: 404))),
        (400, "", .failed(NylasFault(status: 400))),
        (400, #"{"error":"<script>alert(1)</script>"}"#, .failed(NylasFault(status: 400))),
        (400, #"{"error":7}"#, .failed(NylasFault(status: 400))),
        (403, "[]", .failed(NylasFault(status: 403))),
        (408, #"{"error":"invalid_request"}"#, .failed(NylasFault(status: 408, code: "invalid_request"))),
        (429, #"{"error":{"type":"rate_limit_error"}}"#, .rateLimited(retryAfter: nil)),
        (
            500, #"{"error":"internal_error","error_code":500}"#,
            .failed(NylasFault(status: 500, code: "internal_error", number: 500))
        ),
        (502, "bad gateway", .failed(NylasFault(status: 502))),
        (
            504, #"{"error":{"type":"api.provider_error"}}"#,
            .failed(NylasFault(status: 504, code: "api.provider_error"))
        ),
        (302, "", .failed(NylasFault(status: 302))),
        (200, "", .unreadable(status: 200)),
        (200, "{", .unreadable(status: 200)),
        (200, "{}", .unreadable(status: 200)),
        (200, #"{"grant_id":"../../me"}"#, .unreadable(status: 200)),
        (200, #"{"grant_id":""}"#, .unreadable(status: 200)),
        (200, #"{"grant_id":"me"}"#, .unreadable(status: 200)),
    ])
    func `tells a refusal from an outcome that nobody knows`(
        status: Int,
        content: String,
        expected: NylasError
    ) async throws {
        #expect(try await exchange(.json(content, status: status)) == .failure(expected))
    }

    @Test(arguments: [
        (ExchangeError.connectionRefused, false), (.nameNotResolved, false), (.certificateNotTrusted, false),
        (.plaintextRefused, false), (.timedOut(sent: false), false), (.connectionLost(sent: false), false),
        (.timedOut(sent: true), true), (.connectionLost(sent: true), true), (.cancelled(sent: true), true),
        (.malformedResponse, true), (.responseTooLarge, true),
    ])
    func `knows whether the code may have been spent`(cause: ExchangeError, mayHaveActed: Bool) async throws {
        let result = try await exchange(.failure(cause))
        #expect(result == .failure(mayHaveActed ? .noAnswer(cause) : .notSent(cause)))
        guard case .failure(let error) = result else { return }
        #expect(error.mayHaveActed == mayHaveActed)
    }

    @Test func `keeps sentences and secrets out of its errors`() async throws {
        let content = #"{"error":"invalid_grant","error_description":"code a/b for jane@example.com","error_uri":"x"}"#
        guard case .failure(let error) = try await exchange(.json(content, status: 400)) else {
            Issue.record("a refusal was taken for a grant")
            return
        }
        #expect("\(error)\(error.summary)".contains("invalid_grant"))
        #expect(!"\(error)\(error.summary)".contains("jane"))
    }

    @Test(arguments: [
        ("7", Duration.seconds(7) as Duration?), ("0", .zero), ("99999", .seconds(3600)), ("", nil), ("-1", nil),
        ("1.5", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil), ("99999999999999999999", nil),
    ])
    func `reads Retry-After in seconds, bounded`(field: String, expected: Duration?) async throws {
        let answer = ScriptedExchange.Answer.json("{}", status: 429, fields: [.retryAfter: field])
        #expect(try await exchange(answer) == .failure(.rateLimited(retryAfter: expected)))
    }
}

@Suite("Grants, connectors and the application")
struct GrantCallTests {
    private static let grant = """
        {"id":"\(grantID)","provider":"google","scope":["https://www.googleapis.com/auth/gmail.readonly","openid"],\
        "grant_status":"valid","email":"jane@example.com","email_aliases":["j@example.com"],"created_at":1787302200,\
        "updated_at":1787302300,"state":"s","ip":"192.0.2.1","settings":{},"blocked":false}
        """

    @Test func `reads a grant, and keeps only a digest of its state`() async throws {
        let script = ScriptedExchange([.json(#"{"request_id":"r","data":\#(Self.grant)}"#)])
        let id = try #require(GrantID(grantID))
        let grant = try await NylasClient(application: application, exchange: script).grant(id, withAliases: true)
        #expect(
            grant
                == Grant(
                    id: id,
                    providerName: "google",
                    scopes: ["https://www.googleapis.com/auth/gmail.readonly", "openid"],
                    status: .valid,
                    email: "jane@example.com",
                    aliases: ["j@example.com"],
                    createdAt: Timestamp(secondsSince1970: 1_787_302_200),
                    updatedAt: Timestamp(secondsSince1970: 1_787_302_300),
                    stateDigest: SHA256.digest("s")
                )
        )
        #expect(script.requests.map(\.pathAndQuery) == ["/v3/grants/\(grantID)?expose_aliases=true"])
        #expect(script.requests.first?.fields[.authorization] == "Bearer nyk_v0_secret")
        try script.finish()
    }

    @Test func `reads the least a grant may have`() async throws {
        let script = ScriptedExchange([.json(#"{"data":{"id":"\#(grantID)","provider":"imap","created_at":5}}"#)])
        let id = try #require(GrantID(grantID))
        let grant = try await NylasClient(application: application, exchange: script).grant(id)
        #expect(grant.scopes == [] && grant.status == nil && grant.email == nil && grant.stateDigest == nil)
        #expect(grant.updatedAt == Timestamp(secondsSince1970: 5))
    }

    @Test(arguments: [
        #"{"data":{"id":"another-grant","provider":"imap","created_at":5}}"#, #"{"data":null}"#, "{}", "null", "",
        #"{"data":{"id":"\#(grantID)","created_at":5}}"#, #"{"data":{"id":"\#(grantID)","provider":"imap"}}"#,
        #"{"data":[]}"#,
    ])
    func `refuses an answer that is not about this grant`(content: String) async throws {
        let client = NylasClient(application: application, exchange: ScriptedExchange([.json(content)]))
        let id = try #require(GrantID(grantID))
        await #expect(throws: NylasError.unreadable(status: 200)) { try await client.grant(id) }
    }

    @Test func `lists by last update, and one strange grant hides no other`() async throws {
        let script = ScriptedExchange([
            .json(#"{"data":[{"id":7},\#(Self.grant),{"id":"a/b","provider":"x","created_at":1}]}"#),
            .json(#"{"data":[]}"#),
        ])
        let client = NylasClient(application: application, exchange: script)
        let first = try await client.grantsNewestUpdateFirst(limit: 3, offset: 0)
        #expect(first.grants.map(\.id.text) == [grantID])
        #expect(!first.isLast)
        #expect(try await client.grantsNewestUpdateFirst(limit: 3, offset: 3) == GrantPage(grants: [], isLast: true))
        #expect(
            script.requests.map(\.pathAndQuery) == [
                "/v3/grants?limit=3&offset=0&sort_by=updated_at&order_by=desc",
                "/v3/grants?limit=3&offset=3&sort_by=updated_at&order_by=desc",
            ]
        )
        try script.finish()
    }

    @Test func `deletes a grant`() async throws {
        let script = ScriptedExchange([
            .json(#"{"request_id":"r"}"#),
            .json(#"{"error":{"type":"grant.not_found"}}"#, status: 404),
        ])
        let client = NylasClient(application: application, exchange: script)
        let id = try #require(GrantID(grantID))
        try await client.deleteGrant(id)
        await #expect(throws: NylasError.notFound(NylasFault(status: 404, code: "grant.not_found"))) {
            try await client.deleteGrant(id)
        }
        #expect(script.requests.map(\.method) == [.delete, .delete])
        #expect(script.requests.first?.pathAndQuery == "/v3/grants/\(grantID)")
        try script.finish()
    }

    @Test func `reads what the doctor needs`() async throws {
        let script = ScriptedExchange([
            .json(#"{"data":{"application_id":"a1","region":"us","environment":"production","callback_uris":[]}}"#),
            .json(
                #"{"data":[{"id":"u1","url":"https://connect.example.com/callback","platform":"web","settings":{}}]}"#
            ),
            .json(#"{"data":[{"name":"g","provider":"google","scope":["a"]},{"provider":"imap"}],"limit":200}"#),
        ])
        let client = NylasClient(application: application, exchange: script)
        #expect(try await client.applicationDetails().applicationID == "a1")
        #expect(try await client.redirectURIs().map(\.url) == ["https://connect.example.com/callback"])
        #expect(try await client.connectors().map(\.provider) == ["google", "imap"])
        #expect(
            script.requests.map(\.pathAndQuery) == [
                "/v3/applications", "/v3/applications/redirect-uris", "/v3/connectors?limit=200",
            ]
        )
        try script.finish()
    }
}

@Suite("The scripted exchange")
struct ScriptedExchangeTests {
    @Test func `fails on a call that was not written`() async throws {
        let script = ScriptedExchange()
        let client = NylasClient(application: application, exchange: script)
        await #expect(throws: NylasError.notSent(.connectionRefused)) { try await client.connectors() }
        #expect(
            throws: ScriptedExchange.Departure(unusedAnswers: 0, unexpectedCalls: ["GET /v3/connectors"])
        ) { try script.finish() }
    }

    @Test func `fails on an answer that nobody asked for`() {
        #expect(throws: ScriptedExchange.Departure(unusedAnswers: 1, unexpectedCalls: [])) {
            try ScriptedExchange([.json("{}")]).finish()
        }
    }
}
