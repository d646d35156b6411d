import HTTPSemantics
import HTTPTypes
import Testing

@testable import HTTP1

@Suite("Server connection, RFC 9112 §9")
struct ServerConnectionTests {
    private func describe(_ action: ServerConnection.Action) -> String {
        switch action {
        case .read(let awaited): "read \(awaited)"
        case .sendContinue: "continue"
        case .respond(let request):
            "respond \(request.head.path ?? "") \(String(decoding: request.content, as: UTF8.self))"
        case .reject(let violation, _): "reject \(violation)"
        case .close: "close"
        }
    }

    @Test func `says what it waits for, so that each has its deadline`() {
        var connection = ServerConnection()
        let steps: [(String, String)] = [
            ("", "read request"), ("\r\n", "read request"), ("P", "read head"), ("OST / HTTP/1.1\r\n", "read head"),
            ("Host: a\r\nContent-Length: 2\r\n\r", "read head"), ("\n", "read content"), ("1", "read content"),
            ("2", "respond / 12"),
        ]
        for (arrival, action) in steps {
            connection.input += arrival.utf8
            #expect(describe(connection.next(contentLimitBytes: { _, _ in 9 })) == action)
        }
        connection.responded(isPersistent: true)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 9 })) == "read request")
    }

    @Test func `knows whether more has arrived than was handed out`() {
        var connection = ServerConnection()
        connection.input = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for (action, hasMore) in [("respond /1 ", true), ("respond /2 ", false)] {
            #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == action)
            connection.responded(isPersistent: true)
            let isThere = connection.hasMoreInput
            #expect(isThere == hasMore)
        }
        connection.input += "G".utf8
        let isThere = connection.hasMoreInput
        #expect(isThere)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == "read head")
    }

    @Test func `asks for the content limit once, with the head`() {
        var connection = ServerConnection()
        var asked: [String] = []
        for octet in "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            .utf8
        {
            connection.input.append(octet)
            let action = connection.next { head, target in
                asked.append("\(head.method) \(target.path)")
                return 3
            }
            if case .respond = action { connection.responded(isPersistent: true) }
        }
        #expect(asked == ["POST /2"])
    }

    @Test func `wants 100 sent when the client waits with its content`() {
        var connection = ServerConnection()
        connection.input = Array("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "continue")
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "read content")
        connection.input += "12".utf8
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "respond / 12")
    }

    @Test(
        arguments: [
            "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n1",
            "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2",
            "Content-Length: 2\r\n\r\n",
        ]
    )
    func `wants no 100 sent when content is arriving or nobody asked`(rest: String) {
        var connection = ServerConnection()
        connection.input = Array("POST / HTTP/1.1\r\nHost: a\r\n\(rest)".utf8)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "read content")
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "read content")
    }

    @Test func `refuses too much content instead of asking for it`() {
        var connection = ServerConnection()
        connection.input = Array("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".utf8)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "reject contentTooLarge(limitBytes: 2)")
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 2 })) == "close")
    }

    @Test func `a rejection carries the head that was understood`() {
        var connection = ServerConnection()
        connection.input = Array(
            "POST /x HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nContent-Length: 3\r\n\r\n".utf8
        )
        guard case .reject(_, let head) = connection.next(contentLimitBytes: { _, _ in 2 }) else {
            Issue.record("not rejected")
            return
        }
        #expect(head?.path == "/x")
        #expect(head?.headerFields[.accept] == "application/json")
    }

    @Test func `answers what arrived before the end of the stream, in order`() {
        var connection = ServerConnection()
        connection.input = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        connection.inputEnded()
        var actions: [String] = []
        for _ in 0..<3 {
            let action = connection.next(contentLimitBytes: { _, _ in 0 })
            actions.append(describe(action))
            if case .respond = action { connection.responded(isPersistent: true) }
        }
        #expect(actions == ["respond /1 ", "respond /2 ", "close"])
    }

    @Test func `a response that closes leaves pipelined requests unread`() {
        var connection = ServerConnection()
        connection.input = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        _ = connection.next(contentLimitBytes: { _, _ in 0 })
        connection.responded(isPersistent: false)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == "close")
    }

    @Test func `the storage of a large upload is given back`() {
        var connection = ServerConnection()
        connection.input = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n".utf8)
        connection.input += [UInt8](repeating: 0x61, count: 300_000)
        guard case .respond(let request) = connection.next(contentLimitBytes: { _, _ in 1 << 20 }) else {
            Issue.record("no request")
            return
        }
        #expect(request.content.count == 300_000)
        connection.responded(isPersistent: true)
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == "read request")
        #expect(connection.input.capacity == 0)
    }

    @Test func `a thousand pipelined requests are answered from one arrival`() {
        var connection = ServerConnection()
        for number in 0..<1000 { connection.input += "GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n".utf8 }
        for number in 0..<1000 {
            #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == "respond /\(number) ")
            connection.responded(isPersistent: true)
        }
        #expect(describe(connection.next(contentLimitBytes: { _, _ in 0 })) == "read request")
        #expect(connection.input.isEmpty)
    }

    @Test func `a driver that forgets a response is stopped`() async {
        await #expect(processExitsWith: .failure) {
            var connection = ServerConnection()
            connection.input = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            _ = connection.next(contentLimitBytes: { _, _ in 0 })
            _ = connection.next(contentLimitBytes: { _, _ in 0 })
        }
    }
}
