import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@Suite("Requests and responses on a connection", .rested)
struct ExchangeTests {
    @Test func `adds the date, the length and the request's ID`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send(get("/a"))
            let answer = try await client.answer()
            #expect(answer.status == 200)
            #expect(answer.content == "GET /a ")
            #expect(answer["Content-Length"] == "7")
            #expect(answer["Date"]?.hasSuffix(" GMT") == true)
            #expect(answer["Connection"] == nil)
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(answer["X-Request-ID"] == server.journal.records.first?.requestID.text)
        }
    }

    @Test func `a connection is kept, and its request IDs are of one family`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            var ids: [String] = []
            for number in 0..<5 {
                try await client.send(get("/\(number)"))
                let answer = try await client.answer()
                #expect(answer.content == "GET /\(number) ")
                ids.append(try #require(answer["X-Request-ID"]))
            }
            #expect(Set(ids).count == 5)
            #expect(Set(ids.map { $0.prefix { $0 != "-" } }).count == 1)
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
            let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
            try await client.send((0..<100).map { get("/\($0)") + post + chunked }.joined())
            for number in 0..<100 {
                #expect(try await client.answer().content == "GET /\(number) ")
                #expect(try await client.answer().content == "POST /p xyz")
                #expect(try await client.answer().content == "POST /c ab")
            }
        }
    }

    @Test func `a request that comes octet by octet is understood like any other`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let text = "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
            for octet in (text + text).utf8 { try await client.send([octet]) }
            #expect(try await client.answer().content == "POST /b abc")
            #expect(try await client.answer().content == "POST /b abc")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ])
    func `closes when the client asks for it or knows no other way`(_ request: String) async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send(request)
            let answer = try await client.answer()
            #expect(answer.status == 200)
            #expect(answer["Connection"] == "close")
            #expect(await client.isEnded())
        }
    }

    @Test func `a response to HEAD has the length and no content`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n" + get("/g"))
            #expect(try await client.answer(hasContent: false)["Content-Length"] == "8")
            #expect(try await client.answer().content == "GET /g ")
        }
    }

    @Test func `says 100 to who waits for it, once, and then answers`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let fields = "Content-Length: 4\r\nExpect: 100-continue\r\n"
            try await client.send("POST /e HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            #expect(try await client.answer().head == "HTTP/1.1 100 Continue")
            try await client.send("data")
            #expect(try await client.answer().content == "POST /e data")
        }
    }

    @Test func `does not ask for content that would be too much`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let fields = "Content-Length: 4000000\r\nExpect: 100-continue\r\n"
            try await client.send("POST /e HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 413)
            #expect(answer["Connection"] == "close")
        }
    }

    @Test func `a client that has finished writing is still answered`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send(get("/1") + get("/2"))
            await client.stream.finishWriting()
            #expect(try await client.answer().content == "GET /1 ")
            #expect(try await client.answer().content == "GET /2 ")
            #expect(await client.isEnded())
        }
    }

    @Test func `the log has the route and never the path`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send(get("/secret?code=secret"))
            _ = try await client.answer()
            await server.journal.reached { records, _ in records.count == 1 }
            let record = try #require(server.journal.records.first)
            #expect(record.routeTemplate == "/echo")
            #expect(record.method == .get)
            #expect(record.status == .ok)
            #expect(record.contentBytes == 12)
            #expect(record.client == .v4(0x7F00_0001))
            #expect(record.isComplete)
            #expect(!record.isSecure)
            #expect(!"\(record)".contains("secret"))
        }
    }

    @Test func `a response cut by the sandbox announces all and sends a part`() async throws {
        let handler = StubHandler { _ in
            var response = Response(status: .ok, content: Array("0123456789".utf8))
            response.delivery = .cut(afterBytes: 4)
            return response
        }
        try await withServer(handler) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            let text = try await client.rest()
            #expect(text.contains("Content-Length: 10\r\n"))
            #expect(text.hasSuffix("\r\n\r\n0123"))
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.isComplete == false)
        }
    }

    @Test func `a response that is never delivered ends the connection without an octet`() async throws {
        let handler = StubHandler { _ in
            var response = Response(status: .ok, content: [1])
            response.delivery = .none
            return response
        }
        try await withServer(handler) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            #expect(await client.isEnded())
        }
    }
}
