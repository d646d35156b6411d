import HTTPSemantics
import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

let googleKey = """
    {"type": "service_account", "private_key_id": "k", "client_email": "robot@p.example",
     "private_key": "-----BEGIN PRIVATE KEY-----\\nMA==\\n-----END PRIVATE KEY-----"}
    """

extension SandboxUnderTest {
    /// - Returns: the new credential's ID.
    func credential(_ provider: String, _ type: String, _ data: String, name: String = "n") async throws -> String {
        let json = #"{"name": "\#(name)", "credential_type": "\#(type)", "credential_data": \#(data)}"#
        let answer = await call(.post, "/v3/connectors/\(provider)/creds", json: json)
        #expect(answer.status == .created)
        return try #require(answer.json["data"]?["id"]?.text)
    }

    /// An administrator's approval of a credential.
    func consent(to credential: String) async {
        let query = [
            "response_type": "adminconsent", "provider": "microsoft", "credential_id": credential, "auto": "approve",
            "scope": nil,
        ]
        #expect(await send(.get, Self.authorization(query)).returned["admin_consent"] == "True")
    }

    func authenticate(_ provider: String, _ address: String, _ credential: String, scopes: String = "") async -> Answer
    {
        let settings = #"{"email_address": "\#(address)", "credential_id": "\#(credential)"\#(scopes)}"#
        return await call(.post, "/v3/connect/custom", json: #"{"provider": "\#(provider)", "settings": \#(settings)}"#)
    }
}

@Suite("Credentials of a connector")
struct CredentialTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `are made, shown without what they hold, renamed and deleted`() async throws {
        let path = "/v3/connectors/google/creds"
        let id = try await sandbox.credential("google", "serviceaccount", googleKey)
        let shown = await sandbox.call(.get, "\(path)/\(id)")
        #expect(shown.json["data"]?["credential_type"]?.text == "serviceaccount")
        #expect(!shown.text.contains("PRIVATE"))
        #expect(await sandbox.call(.patch, "\(path)/\(id)", json: #"{"name": "m"}"#).json["data"]?["name"]?.text == "m")
        #expect(await sandbox.call(.delete, "\(path)/\(id)").status == .ok)
        for method in [HTTPRequest.Method.get, .delete] {
            #expect(await sandbox.call(method, "\(path)/\(id)").status == .notFound)
        }
    }

    @Test
    func `with the same content are the same, and a name is taken once`() async throws {
        let tenant = #"{"tenant": "common"}"#
        let id = try await sandbox.credential("microsoft", "adminconsent", tenant)
        #expect(try await sandbox.credential("microsoft", "adminconsent", tenant) == id)
        let json = #"{"name": "n", "credential_type": "adminconsent", "credential_data": {"tenant": "t"}}"#
        #expect(await sandbox.call(.post, "/v3/connectors/microsoft/creds", json: json).status == .badRequest)
    }

    @Test
    func `are paged, in the order asked for`() async throws {
        var ids: [String] = []
        for name in ["a", "b", "c"] {
            ids.append(try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "t"}"#, name: name))
        }
        let path = "/v3/connectors/microsoft/creds"
        func list(_ query: String) async -> [String] {
            await sandbox.call(.get, path + query).json["data"]?.elements.compactMap { $0["id"]?.text } ?? []
        }
        #expect(await list("") == ids.reversed())
        #expect(await list("?order_by=asc&limit=2") == Array(ids.prefix(2)))
        #expect(await list("?order_by=asc&limit=2&offset=2") == [ids[2]])
        #expect(await sandbox.call(.get, path + "?order_by=x").status == .badRequest)
        #expect(await sandbox.call(.get, "/v3/connectors/google/creds").json["data"]?.elements.isEmpty == true)
    }

    @Test(
        arguments: [
            ("microsoft", "serviceaccount", googleKey), ("google", "adminconsent", #"{"tenant": "common"}"#),
            ("imap", "connector", #"{"client_id": "c", "client_secret": "s"}"#), ("google", "password", "{}"),
            ("google", "serviceaccount", "{}"), ("google", "serviceaccount", "[]"),
            ("google", "serviceaccount", googleKey.replacing("PRIVATE", with: "PUBLIC")),
            ("google", "serviceaccount", googleKey.replacing("robot@p.example", with: "robot")),
            ("google", "serviceaccount", googleKey.replacing("service_account", with: "authorized_user")),
            ("microsoft", "adminconsent", "{}"), ("microsoft", "adminconsent", #"{"tenant": ""}"#),
            ("microsoft", "adminconsent", #"{"tenant": "common", "client_id": "c"}"#),
            ("google", "connector", #"{"client_id": "c"}"#),
        ]
    )
    func `are refused when their shape is wrong`(provider: String, type: String, data: String) async {
        let json = #"{"name": "n", "credential_type": "\#(type)", "credential_data": \#(data)}"#
        #expect(await sandbox.call(.post, "/v3/connectors/\(provider)/creds", json: json).status == .badRequest)
    }

    @Test
    func `belong to a connector that exists`() async {
        #expect(await sandbox.call(.get, "/v3/connectors/zoom/creds").status == .notFound)
        #expect(await sandbox.call(.get, "/v3/connectors/x/creds").status == .notFound)
    }
}

@Suite("Authentication without a login")
struct CustomAuthenticationTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `of Google answers as documented: scopes with identity, settings, and no address`() async throws {
        let credential = try await sandbox.credential("google", "serviceaccount", googleKey)
        let scope = "https://www.googleapis.com/auth/gmail.send"
        let answer = await sandbox.authenticate(
            "google",
            "ada@x.example",
            credential,
            scopes: #", "scopes": ["\#(scope)"]"#
        )
        #expect(answer.status == .created)
        let data = try #require(answer.json["data"])
        #expect(data["email"] == nil)
        #expect(data["grant_status"]?.text == "valid" && data["blocked"] == .bool(false))
        #expect(data["scope"]?.texts.last == scope && data["scope"]?.texts.first == "openid")
        #expect(data["settings"]?["scopes"]?.texts == [scope])
        #expect(data["settings"]?["credential_id"]?.text == credential)
        #expect(data["settings"]?["app_permission"] == .bool(true))
        let id = try #require(data["id"]?.text)
        #expect(await sandbox.call(.get, "/v3/grants/\(id)").json["data"]?["email"]?.text == "ada@x.example")
    }

    @Test
    func `of Microsoft brings all the tenant's permissions`() async throws {
        let credential = try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "common"}"#)
        await sandbox.consent(to: credential)
        let data = await sandbox.authenticate("microsoft", "ada@x.example", credential).json["data"]
        #expect(data?["scope"]?.texts.contains("User.Read.All") == true)
        #expect(data?["settings"]?["app_permission_scopes"] == data?["scope"])
    }

    @Test
    func `of an address that has a grant keeps its ID`() async throws {
        let id = try await sandbox.connect()
        let credential = try await sandbox.credential("google", "serviceaccount", googleKey)
        sandbox.wallClock.advance(by: .seconds(10))
        let data = await sandbox.authenticate("google", "ADA@google.example", credential).json["data"]
        #expect(data?["id"]?.text == id)
        #expect(data?["updated_at"]?.number == (data?["created_at"]?.number ?? 0) + 10)
        let counts = await sandbox.send(.get, "/sandbox/counts").json
        #expect(counts["authentications"] == .object(["ada@google.example": .integer(1)]))
    }

    @Test
    func `waits for the administrator, and then for the approval to spread`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.consentPropagation = .seconds(300)
        let sandbox = SandboxUnderTest(limits: limits)
        let credential = try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "common"}"#)
        func attempt() async -> Answer { await sandbox.authenticate("microsoft", "ada@x.example", credential) }
        let before = await attempt()
        #expect(before.status == .forbidden)
        #expect(before.json["error"]?["provider_error"]?["code"]?.text == "AADSTS65001")
        await sandbox.consent(to: credential)
        #expect(await attempt().status == .forbidden)
        sandbox.wallClock.advance(by: .seconds(299))
        #expect(await attempt().status == .forbidden)
        sandbox.wallClock.advance(by: .seconds(1))
        #expect(await attempt().status == .created)
        _ = await sandbox.script(#"{"consent_delay": 400}"#)
        #expect(await attempt().status == .forbidden)
    }

    @Test
    func `stops with its credential`() async throws {
        let credential = try await sandbox.credential("google", "serviceaccount", googleKey)
        let id = try #require(await sandbox.authenticate("google", "a@x.example", credential).json["data"]?["id"]?.text)
        _ = await sandbox.call(.delete, "/v3/connectors/google/creds/\(credential)")
        #expect(await sandbox.call(.get, "/v3/grants/\(id)").json["data"]?["grant_status"]?.text == "invalid")
        #expect(await sandbox.authenticate("google", "a@x.example", credential).status == .badRequest)
    }

    @Test(
        arguments: [
            "{}", "[]", #"{"provider": "imap", "settings": {}}"#, #"{"provider": "google"}"#,
            #"{"provider": "google", "settings": {}}"#,
            #"{"provider": "google", "settings": {"email_address": "a@b"}}"#,
            #"{"provider": "google", "settings": {"email_address": "a", "credential_id": "ID"}}"#,
            #"{"provider": "google", "settings": {"email_address": "a@b", "credential_id": "x"}}"#,
            #"{"provider": "microsoft", "settings": {"email_address": "a@b", "credential_id": "ID"}}"#,
            #"{"provider": "google", "settings": {"email_address": "a@b", "credential_id": "ID", "scope": []}}"#,
            #"{"provider": "google", "settings": {"email_address": "a@b", "credential_id": "ID", "scopes": "s"}}"#,
            #"{"provider": "google", "settings": {"email_address": "a@b", "credential_id": "ID"}, "email": "x"}"#,
        ]
    )
    func `is refused when something is missing, strange or another provider's`(json: String) async throws {
        let credential = try await sandbox.credential("google", "serviceaccount", googleKey)
        let content = json.replacing("ID", with: credential)
        #expect(await sandbox.call(.post, "/v3/connect/custom", json: content).status == .badRequest)
    }

    @Test
    func `fails by script for one address, and for whoever comes next`() async throws {
        let credential = try await sandbox.credential("google", "serviceaccount", googleKey)
        let script = """
            {"next": [{"on": "custom", "address": "Gone@x.example", "outcome": "mailbox_unknown"},
                      {"on": "custom", "outcome": "throttled", "seconds": 3}, {"on": "custom", "outcome": "rate_limited"}]}
            """
        #expect(await sandbox.script(script).status == .ok)
        let throttled = await sandbox.authenticate("google", "ada@x.example", credential)
        #expect(throttled.status == .tooManyRequests && throttled.response.head.headerFields[.retryAfter] == "3")
        let gone = await sandbox.authenticate("google", "gone@x.example", credential)
        #expect(gone.json["error"]?["provider_error"]?["code"]?.text == "ErrorInvalidUser")
        let limited = await sandbox.authenticate("google", "gone@x.example", credential)
        #expect(limited.status == .tooManyRequests && limited.response.head.headerFields[.retryAfter] == nil)
        #expect(await sandbox.authenticate("google", "gone@x.example", credential).status == .created)
    }

    @Test(
        arguments: [
            #"{"next": [{"on": "token", "address": "a@b", "outcome": "slow"}]}"#, #"{"requests_per_second": -1}"#,
            #"{"requests_per_second": "5"}"#, #"{"consent_delay": 1.5}"#, #"{"consent_delay": 99999999}"#,
        ]
    )
    func `has no script that says something else`(script: String) async {
        #expect(await sandbox.script(script).status == .badRequest)
    }

    @Test
    func `keeps to the pace that a script sets, and to none when it is lifted`() async {
        _ = await sandbox.script(#"{"requests_per_second": 1}"#)
        #expect(await sandbox.call(.get, "/v3/grants").status == .ok)
        #expect(await sandbox.call(.get, "/v3/grants").status == .tooManyRequests)
        _ = await sandbox.script(#"{"requests_per_second": 0}"#)
        for _ in 0..<3 { #expect(await sandbox.call(.get, "/v3/grants").status == .ok) }
    }
}
