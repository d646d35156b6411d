import HTTPSemantics
import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

@Suite("What every route of the API does")
struct EnvelopeTests {
    private let sandbox = SandboxUnderTest()

    private static let routes: [(HTTPRequest.Method, String)] = [
        (.get, "/v3/grants"), (.get, "/v3/grants/x"), (.patch, "/v3/grants/x"), (.delete, "/v3/grants/x"),
        (.get, "/v3/applications"), (.get, "/v3/applications/redirect-uris"), (.get, "/v3/applications/callback-uris"),
        (.post, "/v3/applications/redirect-uris"), (.delete, "/v3/applications/redirect-uris/x"),
        (.get, "/v3/connectors"), (.post, "/v3/connectors"), (.get, "/v3/connectors/google"),
        (.delete, "/v3/connectors/google"), (.get, "/v3/connectors/google/creds"), (.post, "/v3/connect/custom"),
        (.post, "/v3/providers/detect?email=a@b"),
    ]

    @Test(arguments: routes)
    func `asks for the key first`(method: HTTPRequest.Method, path: String) async {
        for field in [nil, "Bearer", "Bearer wrong", "Bearer \(SandboxUnderTest.apiKey)x", SandboxUnderTest.apiKey] {
            var fields: HTTPFields = [:]
            fields[.authorization] = field
            let answer = await sandbox.send(method, path, fields: fields)
            #expect(answer.status == .unauthorized)
            #expect(answer.json["error"]?["type"]?.text == "token.unauthorized_access")
            #expect(answer.json["error"]?["message"]?.text == "Bearer token invalid")
        }
    }

    @Test(arguments: routes)
    func `answers JSON without a charset, with the request's ID in content and field`(
        method: HTTPRequest.Method,
        path: String
    ) async throws {
        let answer = await sandbox.call(method, path)
        #expect(answer.response.head.headerFields[.contentType] == "application/json")
        #expect(answer.json["request_id"]?.text == "request-1")
        let name = try #require(HTTPField.Name("x-request-id"))
        #expect(answer.response.head.headerFields[name] == "request-1")
        #expect(answer.status != .noContent)
    }

    @Test(arguments: ["/v3/", "/v3/messages", "/v3/grants/x/messages", "/v3/Grants", "/v3/grants/"])
    func `knows no other path`(path: String) async {
        let answer = await sandbox.call(.get, path)
        #expect(answer.status == .notFound)
        #expect(answer.json["error"]?["type"]?.text == "api.not_found_error")
    }

    @Test
    func `says what another method could be`() async {
        let answer = await sandbox.call(.put, "/v3/grants/x")
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.response.head.headerFields[.allow] == "DELETE, GET, HEAD, OPTIONS, PATCH")
        #expect(answer.json["error"] != nil)
    }

    @Test
    func `answers 429 beyond its pace, for the rest of the second`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.requestsPerSecond = 2
        let sandbox = SandboxUnderTest(limits: limits)
        for _ in 0..<2 { #expect(await sandbox.call(.get, "/v3/grants").status == .ok) }
        let refused = await sandbox.call(.get, "/v3/grants")
        #expect(refused.status == .tooManyRequests)
        #expect(refused.json["error"]?["type"]?.text == "api.rate_limit_error")
        #expect(await sandbox.exchange("x").json["error_code"]?.number == 429)
        sandbox.wallClock.advance(by: .seconds(1))
        #expect(await sandbox.call(.get, "/v3/grants").status == .ok)
    }
}

@Suite("Application, callback URIs, connectors, detection")
struct ApplicationTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `shows the application with its callback URIs`() async {
        let application = await sandbox.call(.get, "/v3/applications").json["data"]
        #expect(application?["application_id"]?.text == SandboxUnderTest.clientID)
        #expect(application?["callback_uris"]?.elements.first?["url"]?.text == SandboxUnderTest.callback)
        let list = await sandbox.call(.get, "/v3/applications/redirect-uris").json["data"]
        #expect(list == application?["callback_uris"])
        #expect(await sandbox.call(.get, "/v3/applications/callback-uris").json["data"] == list)
    }

    @Test
    func `registers an address, uses it, and forgets it`() async throws {
        let url = "https://app.example/callback"
        let path = "/v3/applications/redirect-uris"
        let created = await sandbox.call(.post, path, json: #"{"url": "\#(url)", "platform": "web"}"#)
        #expect(created.status == .ok)
        let id = try #require(created.json["data"]?["id"]?.text)
        #expect(await sandbox.call(.get, "\(path)/\(id)").json["data"]?["url"]?.text == url)
        #expect(try await sandbox.approve(["redirect_uri": url]).location?.hasPrefix(url + "?code=") == true)
        let moved = await sandbox.call(.patch, "\(path)/\(id)", json: #"{"url": "\#(url)2"}"#)
        #expect(moved.json["data"]?["url"]?.text == url + "2")
        #expect(await sandbox.call(.delete, "\(path)/\(id)").status == .ok)
        for method in [HTTPRequest.Method.get, .delete] {
            #expect(await sandbox.call(method, "\(path)/\(id)").status == .notFound)
        }
        #expect(await sandbox.send(.get, SandboxUnderTest.authorization(["redirect_uri": url])).status == .badRequest)
    }

    @Test(
        arguments: [
            #"{}"#, #"{"url": 1}"#, #"{"url": "http://app.example/callback"}"#, #"{"url": "app.example/callback"}"#,
            #"{"url": "https:///callback"}"#, #"{"url": "https://user@app.example/"}"#, #"{"url": "https://a b/"}"#,
            #"{"url": "https://a/#f"}"#, #"{"url": "http://localhost.evil.example/"}"#, #"{"url": "localhost:8080/"}"#,
            #"{"url": "com.example://callback"}"#, #"{"url": "javascript:alert(1)", "platform": "ios"}"#,
            #"{"url": "https://a/", "platform": "amiga"}"#, #"{"url": "https://a/", "platform": "js"}"#,
            #"{"url": "x://a/", "platform": "ios"}"#,
            #"{"url": "x://a", "platform": "android", "settings": {"package_name": "p"}}"#,
            "null", "",
        ]
    )
    func `refuses an address that could not be one`(json: String) async {
        let answer = await sandbox.call(.post, "/v3/applications/redirect-uris", json: json)
        #expect(answer.status == .badRequest)
        #expect(await sandbox.call(.get, "/v3/applications/redirect-uris").json["data"]?.elements.count == 2)
    }

    @Test(
        arguments: [
            #"{"url": "http://localhost:3000/cb"}"#, #"{"url": "http://127.0.0.1/cb"}"#, #"{"url": "http://[::1]:1/"}"#,
            #"{"url": "https://a", "platform": "js", "settings": {"origin": "https://a"}}"#,
            #"{"url": "x://a", "platform": "desktop", "settings": null}"#,
        ]
    )
    func `registers the addresses that Nylas would`(json: String) async {
        #expect(await sandbox.call(.post, "/v3/applications/redirect-uris", json: json).status == .ok)
    }

    @Test
    func `has the six mailbox connectors unless told otherwise`() async {
        let list = await sandbox.call(.get, "/v3/connectors").json
        #expect(
            list["data"]?.elements.compactMap { $0["provider"]?.text }
                == ["google", "microsoft", "yahoo", "icloud", "imap", "ews"]
        )
        #expect(list["limit"]?.number == 10 && list["offset"]?.number == 0)
        #expect(await sandbox.call(.get, "/v3/connectors?limit=1&offset=5").json["data"]?.elements.count == 1)
        #expect(await sandbox.call(.get, "/v3/connectors?limit=x").status == .badRequest)
        #expect(await sandbox.call(.get, "/v3/connectors/zoom").status == .notFound)
        #expect(await sandbox.call(.get, "/v3/connectors/hotmail").status == .notFound)
    }

    @Test
    func `makes a connector, uses its scopes, and keeps its secret to itself`() async throws {
        let sandbox = SandboxUnderTest(connectors: [.imap])
        let json = """
            {"provider": "google", "scope": ["https://www.googleapis.com/auth/gmail.send"],
             "settings": {"client_id": "c", "client_secret": "s"}}
            """
        let created = await sandbox.call(.post, "/v3/connectors", json: json)
        #expect(created.status == .created)
        #expect(created.json["data"]?["settings"] == .object(["client_id": .string("c")]))
        let again = await sandbox.call(.post, "/v3/connectors", json: json)
        #expect(again.json["error"]?["type"]?.text == "integration_already_exists")
        let id = try await sandbox.connect(["scope": nil])
        let scopes = await sandbox.call(.get, "/v3/grants/\(id)").json["data"]?["scope"]?.texts
        #expect(scopes?.last == "https://www.googleapis.com/auth/gmail.send")
    }

    @Test(
        arguments: [
            "{}", #"{"provider": "hotmail"}"#, #"{"provider": "zoom"}"#, #"{"provider": "zoom", "settings": 1}"#,
            #"{"provider": "zoom", "settings": {"client_id": "c"}}"#, #"{"provider": "nylas", "scope": [1]}"#, "[",
        ]
    )
    func `makes no connector of what is incomplete`(json: String) async {
        #expect(await sandbox.call(.post, "/v3/connectors", json: json).status == .badRequest)
    }

    @Test
    func `stops every grant of a connector that is deleted`() async throws {
        let google = try await sandbox.connect()
        let yahoo = try await sandbox.connect(["provider": "yahoo"], address: "a@yahoo.example")
        #expect(await sandbox.call(.delete, "/v3/connectors/google").status == .ok)
        #expect(await sandbox.call(.delete, "/v3/connectors/google").status == .notFound)
        #expect(await sandbox.call(.get, "/v3/grants/\(google)").json["data"]?["grant_status"]?.text == "invalid")
        #expect(await sandbox.call(.get, "/v3/grants/\(yahoo)").json["data"]?["grant_status"]?.text == "valid")
        let start = await sandbox.send(.get, SandboxUnderTest.authorization())
        #expect(start.returned["error"] == "invalid_request")
    }

    @Test(
        arguments: [
            ("ada@gmail.com", "google"), ("ada@OUTLOOK.com", "microsoft"), ("a@b@yahoo.com", "yahoo"),
            ("ada@me.com", "icloud"), ("ada@imap.example", "imap"), ("ada@example.org", nil), ("ada", nil),
            ("ada@zoom.example", nil),
        ] as [(String, String?)]
    )
    func `detects a provider`(address: String, provider: String?) async {
        let answer = await sandbox.call(.post, "/v3/providers/detect?email=\(address)&all_provider_types=False").json[
            "data"
        ]
        #expect(answer?["provider"]?.text == provider)
        #expect(answer?["detected"] == .bool(provider != nil))
        #expect(answer?["email_address"]?.text == address)
    }

    @Test
    func `detects providers without a connector only when asked`() async {
        let path = "/v3/providers/detect?email=a@zoom.example&all_provider_types=True"
        #expect(await sandbox.call(.post, path).json["data"]?["provider"]?.text == "zoom")
        #expect(await sandbox.call(.post, "/v3/providers/detect").status == .badRequest)
    }
}
