import Cryptography
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing

@Suite("POST /v3/connect/token")
struct TokenTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `answers a code with the grant and its tokens`() async throws {
        let answer = await sandbox.exchange(try await sandbox.code())
        #expect(answer.status == .ok)
        #expect(answer.response.head.headerFields[.contentType] == "application/json")
        #expect(answer.json["token_type"]?.text == "Bearer")
        #expect(answer.json["expires_in"]?.number == 3600)
        #expect(answer.json["email"]?.text == "ada@google.example")
        #expect(answer.json["provider"]?.text == "google")
        #expect(answer.json["grant_id"]?.text?.utf8.count == 36)
        #expect(answer.json["access_token"]?.text != nil)
        #expect(answer.json["refresh_token"] == nil)
        #expect(answer.json["data"] == nil && answer.json["request_id"] == nil)
        #expect(answer.json["id_token"]?.text?.split(separator: ".").count == 3)
        #expect(
            answer.json["scope"]?.text
                == "openid https://www.googleapis.com/auth/userinfo.email "
                + "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/gmail.readonly"
        )
    }

    @Test
    func `answers a form as it answers JSON`() async throws {
        let form = [
            ("client_id", SandboxUnderTest.clientID), ("client_secret", SandboxUnderTest.apiKey),
            ("redirect_uri", SandboxUnderTest.callback), ("code", try await sandbox.code()),
            ("grant_type", "authorization_code"),
        ]
        #expect(await sandbox.submit("/v3/connect/token", form).status == .ok)
    }

    @Test(arguments: ["client_id", "redirect_uri", "code", "grant_type"])
    func `names the parameter that is missing`(name: String) async throws {
        let code = try await sandbox.code()
        for changes in [[name: nil], [name: ""]] as [[String: String?]] {
            let answer = await sandbox.exchange(code, changes)
            #expect(answer.status == .badRequest)
            #expect(answer.json["error"]?.text == "invalid_request")
            #expect(answer.json["error_description"]?.text == "Missing required parameter: \(name)")
        }
    }

    @Test(
        arguments: [
            ("application/json", "{"), ("application/json", "[]"), ("application/json", ""), ("text/plain", "{}"),
            ("application/x-www-form-urlencoded", "code=%zz"),
            ("application/x-www-form-urlencoded", "code=a&code=b&grant_type=authorization_code"),
        ]
    )
    func `refuses content it cannot read`(type: String, content: String) async {
        let answer = await sandbox.send(.post, "/v3/connect/token", fields: [.contentType: type], content: content)
        #expect(answer.status == .badRequest)
        #expect(answer.json["error"]?.text == "invalid_request")
    }

    @Test
    func `gives all four fields of an error, its number as a number, and a request ID`() async throws {
        let answer = await sandbox.exchange("unknown")
        #expect(answer.json["error"]?.text == "invalid_grant")
        #expect(answer.json["error_code"]?.number == 400)
        #expect(answer.json["error_description"]?.text != nil)
        #expect(answer.json["error_uri"]?.text?.hasPrefix("https://") == true)
        #expect(answer.json["request_id"]?.text == "request-1")
    }

    @Test
    func `refuses a code whose provider has no connector any more`() async throws {
        let code = try await sandbox.code()
        #expect(await sandbox.call(.delete, "/v3/connectors/google").status == .ok)
        let answer = await sandbox.exchange(code)
        #expect(answer.status == .badRequest && answer.json["error"]?.text == "invalid_request")
    }

    @Test
    func `takes a code once`() async throws {
        let code = try await sandbox.code()
        #expect(await sandbox.exchange(code).status == .ok)
        let second = await sandbox.exchange(code)
        #expect(second.status == .badRequest)
        #expect(second.json["error"]?.text == "invalid_grant")
    }

    @Test
    func `takes a code for ten minutes`() async throws {
        let codes = [try await sandbox.code(), try await sandbox.code(address: "eve@google.example")]
        sandbox.wallClock.advance(by: .seconds(599))
        #expect(await sandbox.exchange(codes[0]).status == .ok)
        sandbox.wallClock.advance(by: .seconds(1))
        #expect(await sandbox.exchange(codes[1]).json["error"]?.text == "invalid_grant")
    }

    @Test(
        arguments: [
            (["client_id": "another"], 401, "invalid_client"),
            (["client_secret": "wrong"], 401, "invalid_client"),
            (["client_secret": nil], 401, "invalid_client"),
            (["redirect_uri": "http://localhost:8080/callback/"], 400, "invalid_grant"),
            (["redirect_uri": SandboxUnderTest.appCallback], 400, "invalid_grant"),
        ] as [([String: String?], Int, String)]
    )
    func `refuses, and the code is spent all the same`(
        changes: [String: String?],
        status: Int,
        error: String
    ) async throws {
        let code = try await sandbox.code()
        let answer = await sandbox.exchange(code, changes)
        #expect(answer.status.code == status)
        #expect(answer.json["error"]?.text == error)
        #expect(await sandbox.exchange(code).status == .badRequest)
    }

    @Test(arguments: ["password", "AUTHORIZATION_CODE", "implicit"])
    func `refuses a grant type it does not know`(grantType: String) async throws {
        let answer = await sandbox.exchange(try await sandbox.code(), ["grant_type": grantType])
        #expect(answer.json["error"]?.text == "unsupported_grant_type")
    }

    @Test
    func `takes the key in the header instead of the content`() async throws {
        let code = try await sandbox.code()
        let fields: HTTPFields = [.authorization: "bearer \(SandboxUnderTest.apiKey)"]
        #expect(await sandbox.exchange(code, ["client_secret": nil], fields: fields).status == .ok)
    }

    @Test(arguments: ["Bearer wrong", "Basic \(SandboxUnderTest.apiKey)", SandboxUnderTest.apiKey, "Bearer"])
    func `refuses a header that is not the key`(field: String) async throws {
        let code = try await sandbox.code()
        #expect(
            await sandbox.exchange(code, ["client_secret": nil], fields: [.authorization: field]).status.code == 401
        )
    }

    @Test
    func `does not let a right header outweigh a wrong secret`() async throws {
        let fields: HTTPFields = [.authorization: "Bearer \(SandboxUnderTest.apiKey)"]
        let answer = await sandbox.exchange(try await sandbox.code(), ["client_secret": "wrong"], fields: fields)
        #expect(answer.status.code == 401)
    }

    @Test
    func `gives a refresh token for offline access, and new access tokens for that`() async throws {
        let answer = await sandbox.exchange(try await sandbox.code(["access_type": "offline"]))
        let refreshToken = try #require(answer.json["refresh_token"]?.text)
        let refresh = ["grant_type": "refresh_token", "refresh_token": refreshToken, "code": nil]
        let refreshed = await sandbox.exchange("", refresh)
        #expect(refreshed.status == .ok)
        #expect(refreshed.json["grant_id"] == answer.json["grant_id"])
        #expect(refreshed.json["access_token"] != answer.json["access_token"])
        #expect(refreshed.json["provider"] == nil)
        #expect(await sandbox.exchange("", refresh.merging(["client_secret": "wrong"]) { $1 }).status.code == 401)
        let unknown = await sandbox.exchange("", refresh.merging(["refresh_token": "unknown"]) { $1 })
        #expect(unknown.json["error"]?.text == "invalid_grant")
    }

    @Test
    func `gives an access token for a grant, once it is verified`() async throws {
        let code = try await sandbox.code()
        let id = try #require(await sandbox.call(.get, "/v3/grants").json["data"]?.elements.first?["id"]?.text)
        let request = ["grant_type": "client_credentials", "grant_id": id]
        #expect(await sandbox.exchange("", request).json["error"]?.text == "invalid_grant")
        #expect(await sandbox.exchange(code).status == .ok)
        #expect(await sandbox.exchange("", request).json["grant_id"]?.text == id)
    }
}

@Suite("PKCE as Nylas has it")
struct CodeChallengeTests {
    private let sandbox = SandboxUnderTest()
    private static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    private static let challenge =
        "MTNkMzFlOTYxYTFhZDhlYzJmMTZiMTBjNGM5ODJlMDg3NmE4NzhhZDZkZjE0NDU2NmVlMTg5NGFjYjcwZjljMw"

    @Test(
        arguments: [
            ("S256", challenge, verifier), ("s256", challenge, verifier),
            ("s256", "ZTk2YmY2Njg2YTNjMzUxMGU5ZTkyN2RiNzA2OWNiMWNiYTliOTliMDIyZjQ5NDgzYTZjZTMyNzA4MDllNjhhMg", "nylas"),
            ("plain", "nylas", "nylas"), ("PLAIN", "nylas", "nylas"), (nil, "nylas", "nylas"),
        ] as [(String?, String, String)]
    )
    func `accepts the right verifier`(method: String?, challenge: String, verifier: String) async throws {
        let code = try await sandbox.code(["code_challenge": challenge, "code_challenge_method": method])
        #expect(await sandbox.exchange(code, ["code_verifier": verifier]).status == .ok)
    }

    @Test(
        arguments: [
            // RFC 7636's own challenge of the same verifier, then the bare digest in hexadecimal.
            ("S256", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", verifier),
            ("S256", "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3", verifier),
            ("S256", challenge + "==", verifier), ("S256", challenge, "another"), ("S256", challenge, nil),
            ("S256", challenge, challenge), ("plain", challenge, verifier), (nil, challenge, verifier),
            ("plain", "nylas", "Nylas"), ("plain", "nylas", nil),
        ] as [(String?, String, String?)]
    )
    func `answers 45004 otherwise`(method: String?, challenge: String, verifier: String?) async throws {
        let code = try await sandbox.code(["code_challenge": challenge, "code_challenge_method": method])
        let answer = await sandbox.exchange(code, ["code_verifier": verifier])
        #expect(answer.status == .badRequest)
        #expect(answer.json["error"]?.text == "invalid_grant")
        #expect(answer.json["error_code"]?.number == 45004)
        #expect(answer.json["error_description"]?.text == "Code verifier challenge failed")
    }

    @Test
    func `lets an app exchange with a proof and no key`() async throws {
        let app: [String: String?] = [
            "redirect_uri": SandboxUnderTest.appCallback, "code_challenge": Self.challenge,
            "code_challenge_method": "S256",
        ]
        let proof: [String: String?] = [
            "redirect_uri": SandboxUnderTest.appCallback, "client_secret": nil, "code_verifier": Self.verifier,
        ]
        #expect(await sandbox.exchange(try await sandbox.code(app), proof).status == .ok)
        let withoutProof = proof.merging(["code_verifier": nil]) { $1 }
        #expect(await sandbox.exchange(try await sandbox.code(app), withoutProof).json["error_code"]?.number == 45004)
        let withWrongKey = proof.merging(["client_secret": "wrong"]) { $1 }
        #expect(await sandbox.exchange(try await sandbox.code(app), withWrongKey).status.code == 401)
    }

    @Test
    func `lets no app exchange with neither proof nor key, and no web page without the key`() async throws {
        let app = try await sandbox.code(["redirect_uri": SandboxUnderTest.appCallback])
        let bare: [String: String?] = ["redirect_uri": SandboxUnderTest.appCallback, "client_secret": nil]
        #expect(await sandbox.exchange(app, bare).status.code == 401)
        let web = try await sandbox.code(["code_challenge": Self.challenge, "code_challenge_method": "S256"])
        let proof: [String: String?] = ["client_secret": nil, "code_verifier": Self.verifier]
        #expect(await sandbox.exchange(web, proof).status.code == 401)
    }
}

@Suite("Tokens afterwards")
struct TokenInfoTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `tells whose token it is`() async throws {
        let tokens = await sandbox.exchange(try await sandbox.code()).json
        let access = try #require(tokens["access_token"]?.text)
        let id = try #require(tokens["id_token"]?.text)
        for query in ["access_token=\(access)", "id_token=\(id)"] {
            let info = await sandbox.send(.get, "/v3/connect/tokeninfo?\(query)")
            #expect(info.status == .ok)
            #expect(info.json["data"]?["sub"] == tokens["grant_id"])
            #expect(info.json["data"]?["email"]?.text == "ada@google.example")
            #expect(info.json["data"]?["iss"]?.text == "https://nylas.com")
            #expect(info.json["request_id"]?.text != nil)
        }
        for query in ["access_token=\(id)", "id_token=\(access)", "access_token=\(access)x"] {
            let info = await sandbox.send(.get, "/v3/connect/tokeninfo?\(query)")
            #expect(info.status == .badRequest)
            #expect(info.json["error"]?.text == "invalid_token")
        }
        for query in ["", "access_token=\(access)&id_token=\(id)", "token=\(access)"] {
            #expect(await sandbox.send(.get, "/v3/connect/tokeninfo?\(query)").json["error"]?.text == "invalid_request")
        }
    }

    @Test
    func `forgets an access token after an hour`() async throws {
        let access = try #require(await sandbox.exchange(try await sandbox.code()).json["access_token"]?.text)
        let fields: HTTPFields = [.authorization: "Bearer \(access)"]
        sandbox.wallClock.advance(by: .seconds(3599))
        #expect(await sandbox.send(.get, "/v3/grants/me", fields: fields).status == .ok)
        sandbox.wallClock.advance(by: .seconds(1))
        #expect(await sandbox.send(.get, "/v3/grants/me", fields: fields).status == .unauthorized)
    }

    @Test
    func `revokes a token with its family, and leaves the grant`() async throws {
        let tokens = await sandbox.exchange(try await sandbox.code(["access_type": "offline"])).json
        let access = try #require(tokens["access_token"]?.text)
        let refresh = try #require(tokens["refresh_token"]?.text)
        let revoked = await sandbox.send(.post, "/v3/connect/revoke?token=\(access)")
        #expect(revoked.status == .ok)
        #expect(revoked.json == .object([:]))
        let fields: HTTPFields = [.authorization: "Bearer \(access)"]
        #expect(await sandbox.send(.get, "/v3/grants/me", fields: fields).status == .unauthorized)
        let again = ["grant_type": "refresh_token", "refresh_token": refresh]
        #expect(await sandbox.exchange("", again).json["error"]?.text == "invalid_grant")
        let id = try #require(tokens["grant_id"]?.text)
        #expect(await sandbox.call(.get, "/v3/grants/\(id)").json["data"]?["grant_status"]?.text == "valid")
        #expect(await sandbox.send(.post, "/v3/connect/revoke?token=\(access)").json["error"]?.text == "invalid_token")
        #expect(await sandbox.send(.post, "/v3/connect/revoke").json["error"]?.text == "invalid_request")
    }
}
