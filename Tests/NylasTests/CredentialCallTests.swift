import Cryptography
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import TestSupport
import Testing
import Timekeeping

private let application = NylasApplication(
    origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
    clientID: "client-1",
    apiKey: Secret("nyk_v0_secret")
)
private let credential = #"{"id":"c-1","name":"acme","credential_type":"adminconsent","created_at":5,"updated_at":6}"#

private func sent(_ script: ScriptedExchange) -> [String] {
    script.requests.map { "\($0.method) \($0.pathAndQuery) \(String(decoding: $0.content, as: UTF8.self))" }
}

@Suite("Connectors and credentials")
struct CredentialCallTests {
    @Test func `makes connectors with what each provider needs`() async throws {
        let answer =
            #"{"data":{"provider":"x","name":"n","settings":{"client_id":"a","tenant":"common"},"scope":["s"]}}"#
        let script = ScriptedExchange([.json(answer, status: 201), .json(answer), .json(answer)])
        let client = NylasClient(application: application, exchange: script)
        let app = ProviderApp(clientID: "a", clientSecret: Secret("b"))
        let made = try await client.createConnector(
            NewConnector(provider: .microsoft, app: app, tenant: "common", scopes: ["Mail.Read"])
        )
        #expect(made.settings?.clientID == "a" && made.settings?.tenant == "common" && made.scope == ["s"])
        _ = try await client.createConnector(NewConnector(provider: .imap))
        _ = try await client.createConnector(NewConnector(provider: .ews, scopes: ["ews.messages"]))
        #expect(
            sent(script) == [
                #"POST /v3/connectors {"provider":"microsoft","scope":["Mail.Read"],"#
                    + #""settings":{"client_id":"a","client_secret":"b","tenant":"common"}}"#,
                #"POST /v3/connectors {"provider":"imap"}"#,
                #"POST /v3/connectors {"provider":"ews","scopes":["ews.messages"]}"#,
            ]
        )
        try script.finish()
    }

    @Test func `lists credentials by page, and one strange one hides no other`() async throws {
        let script = ScriptedExchange([
            .json(#"{"data":[{"id":"../x"},\#(credential),{"id":"c-2","name":"old"}]}"#), .json(#"{"data":[]}"#),
        ])
        let client = NylasClient(application: application, exchange: script)
        let page = try await client.credentials(of: .microsoft, limit: 3, offset: 0)
        #expect(page.credentials.map(\.id.text) == ["c-1", "c-2"] && !page.isLast)
        #expect(page.credentials.map(\.kind) == [.adminConsent, nil])
        #expect(page.credentials[0].createdAt == Timestamp(secondsSince1970: 5))
        #expect(try await client.credentials(of: .microsoft, limit: 3, offset: 3).isLast)
        let path = "GET /v3/connectors/microsoft/creds?limit=3"
        #expect(
            sent(script) == [0, 3].map { "\(path)&offset=\($0)&sort_by=created_at&order_by=asc " }
        )
        try script.finish()
    }

    @Test func `makes, reads and deletes a credential`() async throws {
        let script = ScriptedExchange([
            .json(#"{"data":\#(credential)}"#, status: 201), .json(#"{"data":\#(credential)}"#, status: 201),
            .json(#"{"data":\#(credential)}"#), .json(#"{"request_id":"r"}"#),
            .json(#"{"error":{"type":"api.not_found_error"}}"#, status: 404),
        ])
        let client = NylasClient(application: application, exchange: script)
        let app = ProviderApp(clientID: "a", clientSecret: Secret("b"))
        let own = NewCredential(name: "acme", content: .adminConsent(tenant: "common", app: nil))
        let id = try await client.createCredential(own).id
        _ = try await client.createCredential(NewCredential(name: "x", content: .adminConsent(tenant: "t", app: app)))
        #expect(try await client.credential(id, of: .microsoft).name == "acme")
        try await client.deleteCredential(id, of: .microsoft)
        await #expect(throws: NylasError.notFound(NylasFault(status: 404, code: "api.not_found_error"))) {
            try await client.deleteCredential(id, of: .microsoft)
        }
        #expect(
            sent(script) == [
                #"POST /v3/connectors/microsoft/creds {"credential_data":{"tenant":"common"},"#
                    + #""credential_type":"adminconsent","name":"acme"}"#,
                #"POST /v3/connectors/microsoft/creds {"credential_data":{"client_id":"a","client_secret":"b","#
                    + #""tenant":"t"},"credential_type":"adminconsent","name":"x"}"#,
                "GET /v3/connectors/microsoft/creds/c-1 ", "DELETE /v3/connectors/microsoft/creds/c-1 ",
                "DELETE /v3/connectors/microsoft/creds/c-1 ",
            ]
        )
        try script.finish()
    }

    @Test func `sends of a key file what Nylas documents and nothing else`() async throws {
        let script = ScriptedExchange([.json(#"{"data":\#(credential)}"#, status: 201)])
        let client = NylasClient(application: application, exchange: script)
        let key = try ServiceAccountKey(keyFile())
        _ = try await client.createCredential(NewCredential(name: "g", content: .serviceAccount(key)))
        let content = try #require(sent(script).first)
        #expect(content.hasPrefix("POST /v3/connectors/google/creds "))
        #expect(content.contains(#""private_key_id":"k1""#) && content.contains("BEGIN PRIVATE KEY"))
        #expect(!content.contains("universe_domain"))
        try script.finish()
    }

    @Test(arguments: [#"{"data":{"id":"c-2","name":"n"}}"#, #"{"data":{"id":"a/b"}}"#, "{}", "", #"{"data":null}"#])
    func `refuses an answer that is not about this credential`(content: String) async throws {
        let client = NylasClient(application: application, exchange: ScriptedExchange([.json(content)]))
        let id = try #require(CredentialID("c-1"))
        await #expect(throws: NylasError.unreadable(status: 200)) { try await client.credential(id, of: .google) }
    }
}

@Suite("Custom authentication at /v3/connect/custom")
struct CustomAuthenticationTests {
    private func request(_ scopes: [String] = []) throws -> CustomAuthentication {
        CustomAuthentication(
            provider: scopes.isEmpty ? .microsoft : .google,
            address: "ada@x.example",
            credentialID: try #require(CredentialID("c-1")),
            scopes: scopes
        )
    }

    @Test func `sends the address and the credential, and scopes only where there are some`() async throws {
        let answer = """
            {"data":{"id":"g-1","provider":"google","scope":["openid"],"grant_status":"valid","created_at":5,\
            "updated_at":6,"settings":{"app_permission":true,"credential_id":"c-1"}}}
            """
        let script = ScriptedExchange([.json(answer, status: 201), .json(answer, status: 201)])
        let client = NylasClient(application: application, exchange: script)
        let grant = try await client.authenticate(request(["https://www.googleapis.com/auth/gmail.readonly"]))
        #expect(grant.id.text == "g-1" && grant.email == nil && grant.credentialID?.text == "c-1")
        _ = try await client.authenticate(request())
        #expect(
            sent(script) == [
                #"POST /v3/connect/custom {"provider":"google","settings":{"credential_id":"c-1","#
                    + #""email_address":"ada@x.example","scopes":["https://www.googleapis.com/auth/gmail.readonly"]}}"#,
                #"POST /v3/connect/custom {"provider":"microsoft","settings":{"credential_id":"c-1","#
                    + #""email_address":"ada@x.example"}}"#,
            ]
        )
        try script.finish()
    }

    @Test func `keeps the provider's name for what is wrong, and the time to come back`() async throws {
        let refusal = """
            {"error":{"type":"grant.access_denied","message":"m","provider_error":{"code":"AADSTS65001","message":"x y"}}}
            """
        let script = ScriptedExchange([
            .json(refusal, status: 403), .json("{}", status: 429, fields: [.retryAfter: "7"]),
            .json("{}", status: 503, fields: [.retryAfter: "9"]),
            .json(#"{"error":{"type":"t","provider_error":"text"}}"#, status: 400),
        ])
        let client = NylasClient(application: application, exchange: script)
        let expected: [NylasError] = [
            .refused(NylasFault(status: 403, code: "grant.access_denied", providerCode: "AADSTS65001")),
            .rateLimited(retryAfter: .seconds(7)),
            .failed(NylasFault(status: 503, retryAfter: .seconds(9))),
            .refused(NylasFault(status: 400, code: "t")),
        ]
        for error in expected {
            let request = try request()
            await #expect(throws: error) { try await client.authenticate(request) }
        }
        try script.finish()
    }

    @Test func `walks over all grants in the order they were made`() async throws {
        let script = ScriptedExchange([.json(#"{"data":[{"id":7}]}"#)])
        let page = try await NylasClient(application: application, exchange: script).grantsOldestFirst(
            limit: 2,
            offset: 4
        )
        #expect(page == GrantPage(grants: [], isLast: true))
        #expect(sent(script) == ["GET /v3/grants?limit=2&offset=4&sort_by=created_at&order_by=asc "])
    }
}
