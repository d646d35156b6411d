import HTTPSemantics
import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

@Suite("GET /v3/connect/auth")
struct AuthorizationTests {
    @Test(
        arguments: [
            (["client_id": nil], "app_id_not_allowed", 702),
            (["client_id": "somebody else's"], "app_id_not_allowed", 702),
            (["redirect_uri": nil], "redirect_uri_not_allowed", 25003),
            (["redirect_uri": "http://localhost:8080/callback/"], "redirect_uri_not_allowed", 25003),
            (["redirect_uri": "http://localhost:8080/callback?x=1"], "redirect_uri_not_allowed", 25003),
            (["redirect_uri": "http://LOCALHOST:8080/callback"], "redirect_uri_not_allowed", 25003),
            (["redirect_uri": "https://localhost:8080/callback"], "redirect_uri_not_allowed", 25003),
            (["redirect_uri": "http://localhost/callback"], "redirect_uri_not_allowed", 25003),
            (["state": String(repeating: "s", count: 257)], "invalid_request", 400),
        ] as [([String: String?], String, Int)]
    )
    func `tells the browser, and never redirects, while no redirect can be trusted`(
        changes: [String: String?],
        error: String,
        code: Int
    ) async {
        let answer = await SandboxUnderTest().send(.get, SandboxUnderTest.authorization(changes))
        #expect(answer.status == .badRequest)
        #expect(answer.location == nil)
        #expect(answer.json["error"]?.text == error)
        #expect(answer.json["error_code"]?.number == code)
    }

    @Test(arguments: ["&state=second", "&client_id=x", "&redirect_uri=x", "&response_type=code"])
    func `refuses a repeated parameter`(repetition: String) async {
        let answer = await SandboxUnderTest().send(.get, SandboxUnderTest.authorization() + repetition)
        #expect(answer.status == .badRequest)
        #expect(answer.location == nil)
    }

    @Test(arguments: ["&x=%zz", "&x=%ff", "&x=%"])
    func `refuses a query that cannot be decoded`(broken: String) async {
        let answer = await SandboxUnderTest().send(.get, SandboxUnderTest.authorization() + broken)
        #expect(answer.status == .badRequest)
        #expect(answer.location == nil)
    }

    @Test(
        arguments: [
            ["response_type": nil], ["response_type": "token"], ["response_type": "CODE"],
            ["provider": "hotmail"], ["provider": "nylas"], ["provider": "virtual-calendar"], ["provider": "google,"],
            ["provider": "google, microsoft"], ["provider": "zoom"],
            ["provider": nil, "prompt": "login"], ["provider": nil, "prompt": "detect,detect"],
            ["provider": nil, "prompt": "select_provider, detect"],
            ["login_hint": String(repeating: "a", count: 250) + "@x.example"],
            ["code_challenge": "abc", "code_challenge_method": "S512"],
            ["response_type": "adminconsent", "provider": "google", "credential_id": "c"],
            ["response_type": "adminconsent", "provider": nil, "credential_id": "c"],
            ["response_type": "adminconsent", "provider": "microsoft"],
        ] as [[String: String?]]
    )
    func `tells the application what is wrong once its redirect URI is known`(changes: [String: String?]) async {
        let answer = await SandboxUnderTest().send(.get, SandboxUnderTest.authorization(changes))
        #expect(answer.status == .seeOther)
        #expect(answer.location?.hasPrefix(SandboxUnderTest.callback + "?") == true)
        #expect(answer.returned["error"] == "invalid_request")
        #expect(answer.returned["error_code"] == "400")
        #expect(answer.returned["state"] == "state-of-ours")
        #expect(answer.returned["code"] == nil)
    }

    @Test(
        arguments: [
            ["state": nil], ["state": String(repeating: "s", count: 256)], ["scope": nil], ["prompt": "nonsense"],
            ["code_challenge": "abc", "code_challenge_method": "s256"], ["code_challenge": "abc"],
            ["access_type": "offline", "options": "exclude_google_granted_scopes", "include_grant_scopes": "True"],
            ["a parameter": "nobody knows"],
        ] as [[String: String?]]
    )
    func `leads one provider straight to its sign-in page`(changes: [String: String?]) async throws {
        let sandbox = SandboxUnderTest()
        let answer = await sandbox.send(.get, SandboxUnderTest.authorization(changes))
        #expect(answer.status == .found)
        let location = try #require(answer.location)
        #expect(location.hasPrefix("/login/") && location.hasSuffix("/google"))
        let page = await sandbox.send(.get, location)
        #expect(page.status == .ok)
        #expect(page.text.contains("Sign in to the pretend Google"))
    }

    @Test
    func `takes plus and percent-20 for a space, and slashes and colons as they are`() async throws {
        let sandbox = SandboxUnderTest()
        let start = await sandbox.send(
            .get,
            "/v3/connect/auth?client_id=\(SandboxUnderTest.clientID)&redirect_uri=\(SandboxUnderTest.callback)"
                + "&response_type=code&provider=microsoft&scope=Mail.Read+Mail.Send%20offline_access"
        )
        let signIn = try #require(start.location)
        let consent = try #require(await sandbox.submit(signIn, [("address", "a@microsoft.example")]).location)
        let page = await sandbox.send(.get, consent)
        for scope in ["Mail.Read", "Mail.Send", "offline_access"] {
            #expect(page.text.contains("<code>\(scope)</code>"))
        }
    }
}

@Suite("Hosted login")
struct HostedLoginTests {
    @Test
    func `offers a list of providers in the order given`() async throws {
        let sandbox = SandboxUnderTest()
        let start = await sandbox.send(.get, SandboxUnderTest.authorization(["provider": "yahoo,google"]))
        let page = await sandbox.send(.get, try #require(start.location)).text
        let yahoo = try #require(page.firstRange(of: "Yahoo"))
        let google = try #require(page.firstRange(of: "Google"))
        #expect(yahoo.lowerBound < google.lowerBound)
        #expect(!page.contains("Microsoft"))
    }

    @Test
    func `offers every connector when no provider is asked for`() async throws {
        let sandbox = SandboxUnderTest(connectors: [.imap, .ews, .nylas])
        let start = await sandbox.send(.get, SandboxUnderTest.authorization(["provider": nil]))
        let page = await sandbox.send(.get, try #require(start.location)).text
        #expect(page.contains("IMAP") && page.contains("Exchange"))
        #expect(!page.contains("Google") && !page.contains(">Nylas</a>"))
    }

    @Test
    func `goes straight to the only connector there is`() async throws {
        let start = await SandboxUnderTest(connectors: [.microsoft])
            .send(.get, SandboxUnderTest.authorization(["provider": nil]))
        #expect(start.location?.hasSuffix("/microsoft") == true)
    }

    @Test
    func `guesses the provider from the address when asked to`() async throws {
        let sandbox = SandboxUnderTest()
        let start = await sandbox.send(.get, SandboxUnderTest.authorization(["provider": nil, "prompt": "detect"]))
        let chooser = try #require(start.location)
        #expect(await !sandbox.send(.get, chooser).text.contains("class=\"choices\""))
        let unknown = await sandbox.submit(chooser + "/detect", [("address", "ada@nowhere.example")])
        #expect(unknown.status == .unprocessableContent)
        let found = await sandbox.submit(chooser + "/detect", [("address", "ada@outlook.com")])
        #expect(found.location == chooser + "/microsoft")
        #expect(await sandbox.send(.get, chooser + "/microsoft").text.contains("value=\"ada@outlook.com\""))
    }

    @Test
    func `fills in the address hinted at, escaped`() async throws {
        let sandbox = SandboxUnderTest()
        let start = await sandbox.send(.get, SandboxUnderTest.authorization(["login_hint": "\"><b>@x.example"]))
        let page = await sandbox.send(.get, try #require(start.location))
        #expect(page.text.contains("value=\"&quot;&gt;&lt;b&gt;@x.example\""))
    }

    @Test(arguments: ["", "ada", "@google.example", "ada@", "a@b@c", "a da@x.example", "ada@x.example\n"])
    func `asks again for what is no address`(address: String) async throws {
        let sandbox = SandboxUnderTest()
        let signIn = try #require(await sandbox.send(.get, SandboxUnderTest.authorization()).location)
        let answer = await sandbox.submit(signIn, [("address", address)])
        #expect(answer.status == .unprocessableContent)
        #expect(answer.text.contains("role=\"alert\""))
    }

    @Test(arguments: [SandboxProvider.imap, .icloud, .ews])
    func `asks for a password it never reads`(provider: SandboxProvider) async throws {
        let sandbox = SandboxUnderTest()
        let start = await sandbox.send(
            .get,
            SandboxUnderTest.authorization(["provider": provider.rawValue, "scope": nil])
        )
        let signIn = try #require(start.location)
        #expect(await sandbox.send(.get, signIn).text.contains("type=\"password\""))
        let form = [("address", "ada@x.example"), ("password", "correct horse")]
        let consent = await sandbox.send(.get, try #require(await sandbox.submit(signIn, form).location))
        #expect(consent.text.contains(provider == .ews ? "Use your mail" : "it could do everything"))
        #expect(!consent.text.contains("correct horse"))
    }

    @Test(arguments: ["/login/unknown", "/login/unknown/google", "/login/unknown/consent"])
    func `says that a login it does not know is over`(path: String) async {
        let answer = await SandboxUnderTest().send(.get, path)
        #expect(answer.status == .badRequest)
        #expect(answer.text.contains("This login is over"))
    }

    @Test
    func `ends a login that was left for half an hour`() async throws {
        let sandbox = SandboxUnderTest()
        let consent = try await sandbox.signIn()
        sandbox.wallClock.advance(by: .seconds(1799))
        #expect(await sandbox.send(.get, consent).status == .ok)
        sandbox.wallClock.advance(by: .seconds(1))
        #expect(await sandbox.send(.get, consent).status == .badRequest)
        #expect(await sandbox.submit(consent, [("decision", "approve")]).location == nil)
    }

    @Test
    func `refuses a provider that was not asked for`() async throws {
        let sandbox = SandboxUnderTest()
        let signIn = try #require(await sandbox.send(.get, SandboxUnderTest.authorization()).location)
        let other = signIn.replacing("/google", with: "/microsoft")
        #expect(await sandbox.send(.get, other).status == .notFound)
        #expect(await sandbox.submit(other, [("address", "ada@x.example")]).status == .notFound)
    }

    @Test
    func `has pages that no other site may frame and whose forms may lead back to the app`() async throws {
        let sandbox = SandboxUnderTest()
        let page = await sandbox.send(.get, try await sandbox.signIn())
        let policy = try #require(page.response.head.headerFields[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
        #expect(policy.contains("form-action 'self' com.example.app: http: https:;"))
        #expect(!page.text.contains("<script") && !page.text.contains("style=\""))
        #expect(page.text.contains("nothing here is real"))
    }

    @Test(arguments: ["/sandbox/style.css", "/sandbox/icon.svg", "/"])
    func `serves what its pages refer to`(path: String) async {
        #expect(await SandboxUnderTest().send(.get, path).status == .ok)
    }
}
