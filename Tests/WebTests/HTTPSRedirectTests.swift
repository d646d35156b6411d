import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import Web

@Suite("The plain listener's redirect")
struct HTTPSRedirectTests {
    private static let publicURL = HTTPOrigin(scheme: .https, host: "connect.example.com", port: 8443)

    private func answer(
        _ path: String,
        _ query: String? = nil,
        host: String? = "connect.example.com",
        method: HTTPRequest.Method = .get,
        content: String = ""
    ) async -> Response {
        let head = HTTPRequest(method: method, scheme: nil, authority: host, path: path)
        return await HTTPSRedirect(to: Self.publicURL).response(
            to: Request(
                id: RequestID("request-1"),
                head: head,
                target: RequestTarget(path: path, query: query),
                content: Array(content.utf8),
                receivedAt: Timestamp(secondsSince1970: 0)
            )
        )
    }

    @Test(
        arguments: [
            ("/", nil, "https://connect.example.com:8443/"),
            ("/callback", "code=a&state=b", "https://connect.example.com:8443/callback?code=a&state=b"),
            ("/", "", "https://connect.example.com:8443/?"),
            ("/a%2Fb/../c", nil, "https://connect.example.com:8443/a%2Fb/../c"),
            // Never out of our own origin, however the path begins.
            ("//evil.example/", nil, "https://connect.example.com:8443//evil.example/"),
            ("/@evil.example", nil, "https://connect.example.com:8443/@evil.example"),
            (
                "/.well-known/acme-challenge/token", nil,
                "https://connect.example.com:8443/.well-known/acme-challenge/token"
            ),
            ("*", nil, "https://connect.example.com:8443/"),
        ] as [(String, String?, String)]
    )
    func `sends on to the same path and query of the public address`(
        _ path: String,
        _ query: String?,
        _ location: String
    )
        async
    {
        let response = await answer(path, query)
        #expect(response.head.status == .permanentRedirect)
        #expect(response.head.headerFields[.location] == location)
        #expect(response.head.headerFields[.cacheControl] == "no-store")
        #expect(response.content.isEmpty)
        #expect(response.routeTemplate == "redirect")
    }

    @Test(arguments: [HTTPRequest.Method.get, .head, .post, .put, .delete, .options, .patch])
    func `keeps the method, whichever it is, and looks at no content`(_ method: HTTPRequest.Method) async {
        let response = await answer("/connect", method: method, content: "provider=google")
        #expect(response.head.status == .permanentRedirect)
    }

    @Test(arguments: [
        "connect.example.com", "CONNECT.example.com", "connect.example.com:80", "connect.example.com:8080",
    ])
    func `our own name counts at any port`(_ host: String) async {
        #expect(await answer("/", host: host).head.status == .permanentRedirect)
    }

    @Test(arguments: [
        nil, "", "evil.example", "connect.example.com.evil.example", "evil.connect.example.com", "example.com",
        "127.0.0.1", "connect.example.com:0", "connect.example.com@evil.example", "connect.example.com.",
    ])
    func `another name is misdirected, and is nowhere in the answer`(_ host: String?) async throws {
        let response = await answer("/private", "code=marker", host: host)
        #expect(response.head.status == .misdirectedRequest)
        #expect(response.head.headerFields[.location] == nil)
        let text = String(decoding: response.content, as: UTF8.self)
        #expect(text.contains("https://connect.example.com:8443/"))
        #expect(!text.contains("evil"))
        #expect(!text.contains("private") && !text.contains("marker"))
    }

    @Test func `nothing of it is sent with HSTS`() async {
        #expect(await answer("/").head.headerFields[.strictTransportSecurity] == nil)
        #expect(await answer("/", host: "evil.example").head.headerFields[.strictTransportSecurity] == nil)
        let early = HTTPSRedirect(to: Self.publicURL).errors
            .response(.requestTimeout, reference: RequestID("r"), accepting: [:])
        #expect(early.head.headerFields[.strictTransportSecurity] == nil)
    }
}
