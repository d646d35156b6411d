import HTTPSemantics
import HTTPTypes
import Testing
import Web

@Suite("Routes") struct RouterTests {
    private let router: Router = {
        func echo(_ name: String) -> Route.Handle {
            { _, parameters in
                Response(
                    status: .ok,
                    content: Array("\(name) \(parameters["id"] ?? "") \(parameters["part"] ?? "")".utf8)
                )
            }
        }
        return Router(
            [
                Route(.get, "/", echo("root")),
                Route(.post, "/connect", contentLimitBytes: 4096, echo("connect")),
                Route(.get, "/callback", echo("callback")),
                Route(.get, "/connected/{id}", echo("connected")),
                Route(.get, "/disconnect/{id}", echo("ask")),
                Route(.post, "/disconnect/{id}", contentLimitBytes: 100, echo("disconnect")),
                Route(.get, "/connected/latest", echo("latest")),
                Route(.get, "/v3/{id}/parts/{part}", echo("parts")),
                Route(
                    .get,
                    "/ready/{id}",
                    as: "/ready",
                    immediately: { _, parameters in
                        Response(status: .ok, content: Array("ready \(parameters["id"] ?? "") ".utf8))
                    }
                ),
            ],
            errors: errors
        )
    }()

    @Test(
        arguments: [
            ("GET", "/", "root  ", "/"),
            ("HEAD", "/", "root  ", "/"),
            ("POST", "/connect", "connect  ", "/connect"),
            ("GET", "/connected/abc-_.~", "connected abc-_.~ ", "/connected/{id}"),
            ("GET", "/connected/a%20b", "connected a b ", "/connected/{id}"),
            ("GET", "/connected/%C3%BC", "connected ü ", "/connected/{id}"),
            // Decoded once: what is left is text, not an encoding.
            ("GET", "/connected/%252F", "connected %2F ", "/connected/{id}"),
            ("GET", "/connected/...", "connected ... ", "/connected/{id}"),
            ("GET", "/connected/latest", "latest  ", "/connected/latest"),
            ("GET", "/v3/7/parts/x", "parts 7 x", "/v3/{id}/parts/{part}"),
            ("POST", "/disconnect/9", "disconnect 9 ", "/disconnect/{id}"),
            ("GET", "/ready/9", "ready 9 ", "/ready"),
            ("HEAD", "/ready/9", "ready 9 ", "/ready"),
        ]
    )
    func `finds the route and names its template`(
        method: String,
        path: String,
        answer: String,
        template: String
    )
        async throws
    {
        let method = try #require(HTTPRequest.Method(method))
        let response = await router.response(to: request(method, path, query: "code=secret"))
        #expect(response.head.status == .ok)
        #expect(response.text == answer)
        #expect(response.routeTemplate == template)
    }

    @Test(
        arguments: [
            "", "*", "callback", "/callback/", "//callback", "/callback//", "/./callback", "/../callback",
            "/x/../callback",
            "/%63allback", "/Callback", "/callback%2F", "/callback%00", "/callback;a", "/callback#", "/callback ",
            "/connected",
            "/connected/", "/connected//", "/connected/.", "/connected/..", "/connected/%2e", "/connected/%2E%2e",
            "/connected/.%2e", "/connected/a%2Fb", "/connected/%2F", "/connected/a%5Cb", "/connected/a\\b",
            "/connected/%00",
            "/connected/%0A", "/connected/%7F", "/connected/%zz", "/connected/%2", "/connected/%", "/connected/%FF",
            "/connected/%C0%AE", "/connected/a/b", "/connected/../connected/a", "/v3//parts/x", "/v3/7/parts/",
            "/v3/7/parts",
            "/v3/7/PARTS/x", "/v3/7/parts/x/", "https://evil.example/", "/{id}",
        ]
    )
    func `has nothing at a path that only resembles one`(path: String) async {
        let response = await router.response(to: request(.get, path))
        #expect(response.head.status == .notFound)
        #expect(response.routeTemplate == nil)
        #expect(response[.location] == nil)
    }

    @Test(
        arguments: [
            ("GET", "/ready/9", true), ("HEAD", "/ready/9", true), ("PUT", "/ready/9", true),
            ("OPTIONS", "/ready/9", true), ("OPTIONS", "*", true), ("GET", "/nowhere", true), ("GET", "/ready/", true),
            ("GET", "/ready/%2F", true), ("PUT", "/connect", true), ("GET", "/", false), ("POST", "/connect", false),
            ("GET", "/connected/7", false),
        ]
    )
    func `says the same at once where no route has to wait`(
        method: String,
        path: String,
        isImmediate: Bool
    ) async throws {
        let request = request(try #require(HTTPRequest.Method(method)), path)
        let immediate = router.immediateResponse(to: request)
        #expect((immediate != nil) == isImmediate)
        guard let immediate else { return }
        let waited = await router.response(to: request)
        #expect(immediate.head == waited.head && immediate.content == waited.content)
        #expect(immediate.routeTemplate == waited.routeTemplate)
    }

    private static let owners = Router(
        [
            Route(.get, "/owners/{owner}/{id}", opaque: ["owner"]) { _, parameters in
                Response(status: .ok, content: Array("\(parameters["owner"] ?? "") | \(parameters["id"] ?? "")".utf8))
            }
        ],
        errors: errors
    )

    @Test(
        arguments: [
            ("/owners/a%2Fb/1", "a/b | 1"), ("/owners/a%2fb/1", "a/b | 1"), ("/owners/%2F/1", "/ | 1"),
            ("/owners/a%2F..%2Fb/1", "a/../b | 1"), ("/owners/..%2F..%2F/1", "../../ | 1"),
            ("/owners/ACME%5Cjane/1", "ACME\\jane | 1"), ("/owners/a%252Fb/1", "a%2Fb | 1"),
            ("/owners/a%2525/1", "a%25 | 1"), ("/owners/%25/1", "% | 1"), ("/owners/a+b%20c/1", "a+b c | 1"),
            ("/owners/j%40x.example%3Fa=b%23c/1", "j@x.example?a=b#c | 1"), ("/owners/%C3%BC/1", "ü | 1"),
        ]
    )
    func `an opaque parameter is one segment with anything in it, decoded once`(
        path: String,
        values: String
    ) async {
        let response = await Self.owners.response(to: request(.get, path))
        #expect(response.head.status == .ok && response.text == values)
        #expect(response.routeTemplate == "/owners/{owner}/{id}")
    }

    @Test(
        arguments: [
            "/owners/a%00b/1", "/owners/%00/1", "/owners//1", "/owners/./1", "/owners/../1", "/owners/%2E/1",
            "/owners/%2e%2E/1", "/owners/.%2e/1", "/owners/a%0Ab/1", "/owners/a%0D%0Ab/1", "/owners/%7F/1",
            "/owners/%1F/1", "/owners/a\\b/1", "/owners/%/1", "/owners/%2/1", "/owners/%zz/1", "/owners/%2g/1",
            "/owners/%FF/1", "/owners/%C0%AF/1", "/owners/%ED%A0%80/1", "/owners/a/b/1", "/owners/a%2Fb",
            "/owners/a%2F1",
            // The other parameter of the same route is what it always was.
            "/owners/a/1%2F2", "/owners/a/%5C", "/owners%2Fa/1",
        ]
    )
    func `an opaque parameter is never nothing, a step, a control character or more than its segment`(
        path: String
    ) async {
        #expect(await Self.owners.response(to: request(.get, path)).head.status == .notFound)
    }

    @Test func `does not start with an opaque parameter that the template has not`() async {
        await #expect(processExitsWith: .failure) {
            _ = Route(.get, "/a/{id}", opaque: ["owner"]) { _, _ in Response(status: .ok) }
        }
    }

    @Test(
        arguments: [
            ("POST", "/", "GET, HEAD, OPTIONS"), ("PUT", "/", "GET, HEAD, OPTIONS"),
            ("BREW", "/", "GET, HEAD, OPTIONS"),
            ("get", "/", "GET, HEAD, OPTIONS"), ("GET", "/connect", "OPTIONS, POST"),
            ("HEAD", "/connect", "OPTIONS, POST"),
            ("DELETE", "/disconnect/7", "GET, HEAD, OPTIONS, POST"), ("TRACE", "/callback", "GET, HEAD, OPTIONS"),
        ]
    )
    func `refuses another method and says which are allowed`(method: String, path: String, allow: String) async throws {
        let method = try #require(HTTPRequest.Method(method))
        let response = await router.response(to: request(method, path))
        #expect(response.head.status == .methodNotAllowed)
        #expect(response[.allow] == allow)
        #expect(response.routeTemplate != nil)
    }

    @Test(arguments: [("/", "GET, HEAD, OPTIONS"), ("/connect", "OPTIONS, POST"), ("*", "GET, HEAD, OPTIONS, POST")])
    func `says what is allowed when asked`(path: String, allow: String) async {
        let response = await router.response(to: request(.options, path))
        #expect(response.head.status == .noContent)
        #expect(response[.allow] == allow)
        #expect(response.content.isEmpty)
    }

    @Test(
        arguments: [
            ("POST", "/connect", 4096), ("GET", "/", 0), ("HEAD", "/callback", 0), ("POST", "/disconnect/1", 100),
            // Small enough to read, so that the answer is 404 or 405 and not 413.
            ("POST", "/unknown", 16384), ("POST", "/", 16384), ("OPTIONS", "/", 16384),
        ]
    )
    func `limits content by route`(method: String, path: String, limit: Int) throws {
        let request = request(try #require(HTTPRequest.Method(method)), path)
        #expect(router.contentLimitBytes(for: request.head, target: request.target) == limit)
    }

    @Test func `keeps a template that the handler has chosen itself`() async {
        let router = Router(
            [Route(.get, "/a/{id}") { _, _ in Response(status: .ok, routeTemplate: "/a/latest") }],
            errors: errors
        )
        #expect(await router.response(to: request(.get, "/a/1")).routeTemplate == "/a/latest")
    }

    @Test func `does not start with two routes for one method and path`() async {
        await #expect(processExitsWith: .failure) {
            let route = Route(.get, "/a/{id}") { _, _ in Response(status: .ok) }
            _ = Router([route, route], errors: errors)
        }
    }

    @Test func `does not start with one name for two parameters`() async {
        await #expect(processExitsWith: .failure) {
            _ = Route(.get, "/a/{id}/{id}") { _, _ in Response(status: .ok) }
        }
    }
}
