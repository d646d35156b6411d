import HTTPTypes
import Testing

@testable import HTTP1

@Suite("Client connection, RFC 9112 §9")
struct ClientConnectionTests {
    private func describe(_ action: ClientConnection.Action) -> String {
        switch action {
        case .read: "read"
        case .received(let response):
            "\(response.head.status.code) \(String(decoding: response.content, as: UTF8.self))"
                + (response.isPersistent ? "" : ", then close")
        case .fail(let violation): "fail \(violation)"
        }
    }

    @Test func `one exchange follows the other on a kept connection`() {
        var connection = ClientConnection()
        for content in ["one", "two"] {
            connection.begin(.get, contentLimitBytes: 10)
            #expect(describe(connection.next()) == "read")
            #expect(connection.hasBegun == false)
            connection.input += "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\(content)".utf8
            #expect(describe(connection.next()) == "200 \(content)")
            #expect(connection.hasBegun == true)
            #expect(connection.input.isEmpty)
        }
    }

    @Test func `a response to HEAD has no content and keeps the connection`() {
        var connection = ClientConnection()
        connection.begin(.head, contentLimitBytes: 10)
        connection.input += "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".utf8
        #expect(describe(connection.next()) == "200 ")
    }

    @Test func `what arrives while nobody asked is refused`() {
        var connection = ClientConnection()
        connection.input += "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n".utf8
        #expect(describe(connection.next()) == "fail unexpectedResponse")
    }

    @Test func `what follows a response makes the connection unfit`() {
        var connection = ClientConnection()
        connection.begin(.get, contentLimitBytes: 10)
        connection.input += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n".utf8
        #expect(describe(connection.next()) == "200 , then close")
        #expect(describe(connection.next()) == "fail unexpectedResponse")
    }

    @Test func `an end before any octet says that nothing has begun`() {
        var connection = ClientConnection()
        connection.begin(.post, contentLimitBytes: 10)
        connection.inputEnded()
        #expect(describe(connection.next()) == "fail incompleteMessage")
        #expect(connection.hasBegun == false)
    }

    @Test func `an end inside a response says that it has begun`() {
        var connection = ClientConnection()
        connection.begin(.post, contentLimitBytes: 10)
        connection.input += "H".utf8
        #expect(describe(connection.next()) == "read")
        connection.inputEnded()
        #expect(describe(connection.next()) == "fail incompleteMessage")
        #expect(connection.hasBegun == true)
    }

    @Test func `content until the end may reach the limit and no more`() {
        for (count, outcome) in [(10, "200 aaaaaaaaaa, then close"), (11, "fail contentTooLarge(limitBytes: 10)")] {
            var connection = ClientConnection()
            connection.begin(.get, contentLimitBytes: 10)
            connection.input += "HTTP/1.1 200 OK\r\n\r\n\(String(repeating: "a", count: count))".utf8
            var action = connection.next()
            if case .read = action {
                connection.inputEnded()
                action = connection.next()
            }
            #expect(describe(action) == outcome)
        }
    }

    @Test func `a good response at the end of the stream is the last`() {
        var connection = ClientConnection()
        connection.begin(.get, contentLimitBytes: 10)
        connection.input += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8
        connection.inputEnded()
        #expect(describe(connection.next()) == "200 , then close")
    }
}
