import HTTPSemantics
import HTTPTypes
import Testing

@testable import HTTP1

@Suite("Server connection, RFC 9112 §9")
struct ServerConnectionTests {
    @Test func `answers a request with content`() {
        var connection = ServerConnection()
        connection.input = Array(
            "POST /connect?a=1 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nabc".utf8
        )
        guard case .respond(let request) = connection.next(contentLimitBytes: { _, _ in 3 }) else {
            Issue.record("no request")
            return
        }
        #expect(request.head.authority == "example.com")
        #expect(request.target == RequestTarget(path: "/connect", query: "a=1"))
        #expect(request.content == Array("abc".utf8))
        connection.responded(isPersistent: true)
        guard case .read(.request) = connection.next(contentLimitBytes: { _, _ in 0 }) else {
            Issue.record("not idle")
            return
        }
        #expect(connection.input.isEmpty)
    }
}
