import FoundationEssentials
import HTTPSemantics
import HTTPTypes
import Testing
import Web

@Suite("Errors as pages and as JSON") struct ErrorPagesTests {
    private struct Answer: Decodable {
        struct Fault: Decodable {
            var status: Int
            var code: String
            var message: String
        }

        var error: Fault
        var reference: String
    }

    @Test(arguments: HTTPFault.allCases)
    func `are a small page for people`(fault: HTTPFault) {
        let response = errors.response(fault, to: request(fields: [.accept: "text/html,*/*;q=0.8"]))
        #expect(response.head.status == fault.status)
        #expect(response[.contentType] == "text/html; charset=utf-8")
        #expect(response[.cacheControl] == "no-store")
        #expect(response.text.contains("<h1>\(fault.title)</h1>"))
        #expect(response.text.contains("q7K2-ref"))
    }

    @Test(arguments: HTTPFault.allCases)
    func `are JSON for a program that prefers it`(fault: HTTPFault) throws {
        let response = errors.response(fault, to: request(fields: [.accept: "application/json"]))
        #expect(response.head.status == fault.status)
        #expect(response[.contentType] == "application/json")
        let answer = try JSONDecoder().decode(Answer.self, from: Data(response.content))
        #expect(answer.error.status == fault.status.code)
        #expect(answer.error.code == fault.rawValue)
        #expect(answer.error.message == fault.title)
        #expect(answer.reference == "q7K2-ref")
    }

    @Test(arguments: [400, 404, 405, 408, 413, 414, 421, 429, 431, 500, 503])
    func `have words of their own for what the server refuses`(code: Int) {
        let status = HTTPResponse.Status(code: code)
        #expect(HTTPFault(status).status == status)
    }

    @Test(arguments: [
        (418, HTTPFault.badRequest), (451, .badRequest), (507, .internalServerError), (599, .internalServerError),
    ])
    func `keep a status without words, and say what its class says`(code: Int, fault: HTTPFault) {
        let response = errors.response(HTTPResponse.Status(code: code), reference: RequestID("r"), accepting: [:])
        #expect(response.head.status.code == code)
        #expect(response.text.contains(fault.title))
    }

    @Test func `say nothing of what was asked`() {
        let hostile = request(
            .get,
            "/<script>",
            query: "code=secret",
            fields: [.accept: "text/html", .cookie: "a=secret"]
        )
        let text = errors.response(.notFound, to: hostile).text
        #expect(!text.contains("script") && !text.contains("secret"))
    }

    @Test(arguments: ["connect.acme.example", "CONNECT.acme.example", "connect.acme.example:443"])
    func `do not come to who uses our own address`(host: String) async {
        #expect(await checked.response(to: request(.get, "/", host: host)).head.status == .ok)
    }

    @Test(
        arguments: [
            nil, "", "evil.example", "connect.acme.example.evil.example", "evil.connect.acme.example",
            "connect.acme.example:80", "connect.acme.example:8443", "connect.acme.example:",
            "connect.acme.example:443x",
            "user@connect.acme.example", "connect.acme.example@evil.example", "connect.acme.example, evil.example",
            "connect.acme.example/", "connect.acme.example#", "127.0.0.1", "[::1]",
            "localhost",
        ]
    )
    func `send who uses another address to ours, with 421`(host: String?) async {
        let response = await checked.response(to: request(.get, "/", host: host))
        #expect(response.head.status == .misdirectedRequest)
        #expect(response.text.contains("<a href=\"https://connect.acme.example/\">"))
        #expect(!response.text.contains("evil"))
        #expect(response.routeTemplate == nil)
    }

    private var checked: HostCheck<Router> {
        HostCheck(
            Router([Route(.get, "/") { _, _ in Response(status: .ok) }], errors: errors),
            publicURL: publicURL,
            errors: errors
        )
    }
}
