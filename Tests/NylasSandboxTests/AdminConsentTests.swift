import HTTPSemantics
import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

@Suite("An administrator's consent")
struct AdminConsentTests {
    private let sandbox = SandboxUnderTest()

    private static func order(_ credential: String?, scope: String? = nil) -> [String: String?] {
        ["response_type": "adminconsent", "provider": "microsoft", "credential_id": credential, "scope": scope]
    }

    /// Up to Microsoft's page.
    ///
    /// - Returns: its address.
    private func begin(tenant: String = "common", scope: String? = nil) async throws -> String {
        let id = try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "\#(tenant)"}"#)
        let answer = await sandbox.send(.get, SandboxUnderTest.authorization(Self.order(id, scope: scope)))
        #expect(answer.status == .found)
        return try #require(answer.location)
    }

    @Test
    func `shows what is approved and for which organisation, and brings no code`() async throws {
        let page = try await begin(tenant: "t-1", scope: "https://graph.microsoft.com/Mail.Read")
        let text = await sandbox.send(.get, page).text
        #expect(text.contains("your whole organisation") && text.contains("t-1") && text.contains("Mail.Read"))
        #expect(!text.contains("Mail.Send"))
        let answer = await sandbox.submit(page, [("decision", "approve")])
        #expect(answer.returned == ["admin_consent": "True", "tenant": "t-1", "state": "state-of-ours"])
        #expect(await sandbox.call(.get, "/v3/grants").json["data"]?.elements == [])
    }

    @Test
    func `of any organisation names the one that was typed`() async throws {
        let page = try await begin()
        #expect(await sandbox.send(.get, page).text.contains("User.Read.All"))
        let answer = await sandbox.submit(page, [("decision", "approve"), ("tenant", "their-own")])
        #expect(answer.returned["tenant"] == "their-own")
    }

    @Test(
        arguments: [
            ("cancel", "permission_denied", "canceled"), ("not_admin", "access_denied", "AADSTS90093"),
        ]
    )
    func `that is not given says why`(decision: String, error: String, words: String) async throws {
        let answer = await sandbox.submit(try await begin(), [("decision", decision)])
        #expect(answer.returned["error"] == error)
        #expect(answer.returned["error_description"]?.contains(words) == true)
        #expect(answer.returned["admin_consent"] == nil && answer.returned["state"] == "state-of-ours")
    }

    @Test
    func `can say yes and no at once, by script or on the page, and then counts for nothing`() async throws {
        let page = try await begin()
        let answer = await sandbox.submit(page, [("decision", "approve"), ("outcome", "consent_and_error")])
        #expect(answer.returned["admin_consent"] == "True" && answer.returned["error"] == "permission_denied")
        _ = await sandbox.script(#"{"next": [{"on": "authorize", "outcome": "consent_and_error"}]}"#)
        let scripted = await sandbox.submit(try await begin(tenant: "common"), [("decision", "approve")])
        #expect(scripted.returned["admin_consent"] == "True" && scripted.returned["error"] != nil)
        let id = try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "common"}"#)
        #expect(await sandbox.authenticate("microsoft", "ada@x.example", id).status == .forbidden)
    }

    @Test
    func `can be given after all by who goes back`() async throws {
        let page = try await begin()
        #expect(await sandbox.submit(page, [("decision", "cancel")]).returned["error"] != nil)
        #expect(await sandbox.submit(page, [("decision", "approve")]).returned["admin_consent"] == "True")
    }

    @Test
    func `wants a credential of its kind, and a scope wants one tenant`() async throws {
        let other = try await sandbox.credential(
            "microsoft",
            "connector",
            #"{"client_id": "c", "client_secret": "s"}"#
        )
        let any = try await sandbox.credential("microsoft", "adminconsent", #"{"tenant": "common"}"#, name: "any")
        for changes in [
            Self.order("unknown"), Self.order(other), Self.order(any, scope: "https://graph.microsoft.com/Mail.Read"),
        ] {
            let answer = await sandbox.send(.get, SandboxUnderTest.authorization(changes))
            #expect(answer.returned["error"] == "invalid_request" && answer.returned["state"] == "state-of-ours")
        }
    }

    @Test(arguments: [[], [("decision", "maybe")], [("decision", "approve"), ("outcome", "nonsense")]])
    func `goes nowhere for a form that is not ours`(form: [(String, String)]) async throws {
        let answer = await sandbox.submit(try await begin(), form)
        #expect(answer.status == .badRequest && answer.location == nil)
    }

    @Test
    func `never becomes a login with a code, nor a login a consent`() async throws {
        let page = try await begin()
        let login = page.replacing("/organization", with: "/microsoft")
        #expect(await sandbox.send(.get, login).status == .notFound)
        let form = [("address", "a@microsoft.example"), ("decision", "continue")]
        #expect(await sandbox.submit(login, form).status == .notFound)
        let consent = try await sandbox.signIn().replacing("/consent", with: "/organization")
        #expect(await sandbox.send(.get, consent).status == .notFound)
        #expect(await sandbox.submit(consent, [("decision", "approve")]).status == .badRequest)
    }

    @Test
    func `is there from the start for credentials of the configuration, also after a reset`() async throws {
        var configuration = SandboxConfiguration(
            origin: HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081),
            clientID: "c",
            apiKey: "k",
            redirectURIs: []
        )
        configuration.adminConsents = ["b": "common", "a": "t-1"]
        let sandbox = SandboxUnderTest(configuration)
        for _ in 0..<2 {
            let list = await sandbox.send(
                .get,
                "/v3/connectors/microsoft/creds?order_by=asc",
                fields: [.authorization: "Bearer k"]
            )
            #expect(list.json["data"]?.elements.compactMap { $0["id"]?.text } == ["a", "b"])
            _ = await sandbox.send(.post, "/sandbox/reset", fields: [.contentType: "application/json"])
        }
    }
}
