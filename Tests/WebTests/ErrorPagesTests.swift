import FoundationEssentials
import HTTPSemantics
import HTTPTypes
import Testing
import Web

@Suite("Errors as pages and as JSON") struct ErrorPagesTests {
    private struct Answer: Decodable {
        var type: String
        var title: String
        var status: Int
        var code: String
        var detail: String
        var instance: String
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
    func `are a problem for a program, RFC 9457`(fault: HTTPFault) throws {
        for fields: HTTPFields in [
            [.accept: "application/json"], [.authorization: "Bearer x"], [.contentType: "application/json"],
            [.contentType: "Application/JSON; charset=utf-8", .accept: "*/*"],
        ] {
            let response = errors.response(fault, to: request(fields: fields))
            #expect(response.head.status == fault.status)
            #expect(response[.contentType] == "application/problem+json")
            let answer = try JSONDecoder().decode(Answer.self, from: Data(response.content))
            #expect(answer.type == "about:blank" && answer.title == fault.status.reasonPhrase)
            #expect(answer.status == fault.status.code && answer.code == fault.rawValue)
            #expect(answer.detail == "\(fault.title). \(fault.advice)")
            #expect(answer.instance == "q7K2-ref")
        }
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "nonsense"])
    func `are a page for whoever brings something else`(type: String) {
        let response = errors.response(.notFound, to: request(fields: [.contentType: type]))
        #expect(response[.contentType] == "text/html; charset=utf-8")
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
