import HTTPSemantics
import HTTPTypes
import Testing

@testable import HTTP1

@Suite("Serializers, RFC 9112 §3 to §5")
struct SerializerTests {
    private let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    private func head(
        _ response: HTTPResponse,
        answering method: HTTPRequest.Method? = .get,
        contentLength: Int = 0,
        isPersistent: Bool = true
    ) -> (text: String, contentFollows: Bool) {
        var output: [UInt8] = []
        let contentFollows = ResponseSerializer.append(
            response,
            answering: method,
            contentLength: contentLength,
            isPersistent: isPersistent,
            date: Array(date.utf8),
            to: &output
        )
        return (String(decoding: output, as: UTF8.self), contentFollows)
    }

    @Test func `writes a response head`() {
        let fields: HTTPFields = [.contentType: "text/html", .setCookie: "a=1"]
        let (text, contentFollows) = head(HTTPResponse(status: .ok, headerFields: fields), contentLength: 1234)
        #expect(
            text == "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\n"
                + "Content-Length: 1234\r\n\r\n"
        )
        #expect(contentFollows)
    }

    @Test(arguments: [200, 103, 204, 303, 304, 404, 503], ["GET", "HEAD", "POST"])
    func `prepared fields are written as the fields themselves`(code: Int, method: String) {
        let fields: HTTPFields = [.contentType: "text/html", .date: "never", .setCookie: "a=1", .contentLength: "9"]
        for appended in [[], [HTTPField(name: .setCookie, value: "b=2"), HTTPField(name: .connection, value: "x")]] {
            for isPersistent in [true, false] {
                var response = Response(status: .init(code: code), fixed: FixedFields(fields))
                for field in appended { response.append(field) }
                let written = [response.prepared, nil].map { prepared in
                    var output: [UInt8] = []
                    let follows = ResponseSerializer.append(
                        response.head,
                        answering: HTTPRequest.Method(method),
                        contentLength: 5,
                        isPersistent: isPersistent,
                        date: Array(date.utf8),
                        prepared: prepared,
                        requestID: RequestID("abc-1"),
                        to: &output
                    )
                    return "\(follows) " + String(decoding: output, as: UTF8.self)
                }
                #expect(written[0] == written[1])
                #expect(written[0].contains("\r\nX-Request-ID: abc-1\r\n"))
                #expect(written[0].contains("b=2") == !appended.isEmpty)
                #expect(!written[0].contains("never"))
            }
        }
    }

    @Test func `the request ID is written once, whatever the response says`() throws {
        var fields: HTTPFields = [:]
        fields[try #require(HTTPField.Name("x-request-id"))] = "its-own"
        var output: [UInt8] = []
        _ = ResponseSerializer.append(
            HTTPResponse(status: .ok, headerFields: fields),
            answering: .get,
            contentLength: 0,
            isPersistent: true,
            date: Array(date.utf8),
            requestID: RequestID("ours"),
            to: &output
        )
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.contains("\r\nX-Request-ID: ours\r\n") && !text.contains("its-own"))
    }

    @Test(
        arguments: [
            (200, "GET", true, true), (200, "HEAD", true, false), (404, "HEAD", true, false),
            (204, "GET", false, false),
            (304, "GET", true, false), (103, "GET", false, false), (303, "POST", true, true), (503, "GET", true, true),
        ]
    )
    func `announces and sends content where the status and the method allow it`(
        code: Int,
        method: String,
        announced: Bool,
        sent: Bool
    ) throws {
        let response = HTTPResponse(status: HTTPResponse.Status(code: code))
        let (text, contentFollows) = head(response, answering: HTTPRequest.Method(method), contentLength: 7)
        #expect(text.contains("\r\nContent-Length: 7\r\n") == announced)
        #expect(contentFollows == sent)
    }

    @Test func `a rejection without a known method has content`() {
        #expect(
            head(HTTPResponse(status: .badRequest), answering: nil, contentLength: 1, isPersistent: false)
                .contentFollows
        )
    }

    @Test func `the server's own fields are not the handler's`() {
        let fields: HTTPFields = [
            .contentLength: "999", .transferEncoding: "chunked", .connection: "keep-alive", .date: "yesterday",
        ]
        let (text, _) = head(HTTPResponse(status: .ok, headerFields: fields), isPersistent: false)
        #expect(text == "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    @Test(arguments: ["a\r\nSet-Cookie: evil=1", "a\nb", "a\0b", "\r\n\r\n<script>"])
    func `a value with a line end cannot become two fields`(value: String) {
        let (text, _) = head(HTTPResponse(status: .ok, headerFields: [.location: value]))
        #expect(text.split(separator: "\r\n").count == 4)
        #expect(!text.contains("\0"))
        #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 5)
    }

    @Test func `writes a request head`() throws {
        var output: [UInt8] = []
        try RequestSerializer.append(
            HTTPRequest(
                method: .post,
                scheme: nil,
                authority: "api.us.nylas.com",
                path: "/v3/connect/token?a=b",
                headerFields: [.accept: "application/json", .connection: "x", .contentLength: "9"]
            ),
            contentLength: 42,
            to: &output
        )
        #expect(
            String(decoding: output, as: UTF8.self)
                == "POST /v3/connect/token?a=b HTTP/1.1\r\nHost: api.us.nylas.com\r\n"
                + "Accept: application/json\r\nContent-Length: 42\r\n\r\n"
        )
    }

    @Test(arguments: [("GET", false), ("DELETE", false), ("POST", true), ("PUT", true), ("PATCH", true)])
    func `says zero where a method gives content a meaning`(method: String, announced: Bool) throws {
        var output: [UInt8] = []
        let request = HTTPRequest(
            method: try #require(HTTPRequest.Method(method)),
            scheme: nil,
            authority: "a",
            path: "/"
        )
        try RequestSerializer.append(request, contentLength: 0, isPersistent: false, to: &output)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.contains("Content-Length: 0") == announced)
        #expect(text.hasSuffix("Connection: close\r\n\r\n"))
    }

    @Test(
        arguments: [
            ("a", "/x y", .invalidRequestTarget), ("a", "/x\r\nX: y", .invalidRequestTarget),
            ("a", "x", .invalidRequestTarget), ("a", "", .invalidRequestTarget), ("a", "/é", .invalidRequestTarget),
            ("a", "/#f", .invalidRequestTarget), ("a b", "/", .invalidHost), ("a/b", "/", .invalidHost),
            ("u@a", "/", .invalidHost), ("", "/", .invalidHost), (nil, "/", .invalidHost),
        ] as [(String?, String, HTTPViolation)]
    )
    func `refuses a target or a host that would break out of the head`(
        host: String?,
        path: String,
        violation: HTTPViolation
    ) {
        var output: [UInt8] = []
        #expect(throws: violation) {
            try RequestSerializer.append(
                HTTPRequest(method: .get, scheme: nil, authority: host, path: path),
                contentLength: 0,
                to: &output
            )
        }
        #expect(output.isEmpty)
    }

    @Test func `what is written is read back the same`() throws {
        var fields = HTTPFields()
        for (name, value) in [("X-A", "1"), ("X-A", "2"), ("Cookie", "a=b; c=d"), ("X-Empty", ""), ("X-Text", "ü\ty")] {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        var output: [UInt8] = []
        let request = HTTPRequest(method: .put, scheme: nil, authority: "a:1", path: "/p?q", headerFields: fields)
        try RequestSerializer.append(request, contentLength: 2, to: &output)
        var server = ServerConnection()
        server.input = output + Array("ok".utf8)
        guard case .respond(let received) = server.next(contentLimitBytes: { _, _ in 2 }) else {
            Issue.record("not read")
            return
        }
        #expect(received.head.method == .put)
        #expect(received.head.authority == "a:1")
        #expect(received.head.path == "/p?q")
        fields.append(HTTPField(name: .contentLength, value: "2"))
        #expect(received.head.headerFields == fields)

        var response: [UInt8] = []
        _ = ResponseSerializer.append(
            HTTPResponse(status: .created, headerFields: fields),
            answering: .put,
            contentLength: 2,
            isPersistent: true,
            date: Array(date.utf8),
            to: &response
        )
        var client = ClientConnection()
        client.begin(.put, contentLimitBytes: 2)
        client.input = response + Array("ok".utf8)
        guard case .received(let answer) = client.next() else {
            Issue.record("not read")
            return
        }
        #expect(answer.head.status == .created)
        #expect(answer.content == Array("ok".utf8))
        fields.append(HTTPField(name: .date, value: date))
        #expect(answer.head.headerFields == fields)
    }
}
