import HTTP1
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@Suite("Requests that are refused, and limits", .rested)
struct RefusalTests {
    @Test(arguments: [
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nx : y\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("\u{16}\u{03}\u{01}\u{02}\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", 413),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n"
                + String(repeating: "x", count: 1025), 413
        ),
        ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x: y\r\n", count: 200) + "\r\n", 431),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ])
    func `answers what the standard says, and closes`(_ request: String, _ status: Int) async throws {
        try await withServer(limits: .shortLinger) { server in
            let client = try await server.connect()
            try await client.send(request)
            let answer = try await client.answer()
            #expect(answer.status == status)
            #expect(answer["Connection"] == "close")
            #expect(answer.content == "page \(status) \(answer["X-Request-ID"] ?? "")")
            #expect(await client.isEnded())
        }
    }

    @Test func `a refused request does not take the answers before it along`() async throws {
        try await withServer(limits: .shortLinger) { server in
            let client = try await server.connect()
            try await client.send(get("/1") + get("/2") + "nonsense\r\n\r\n" + get("/3"))
            #expect(try await client.answer().content == "GET /1 ")
            #expect(try await client.answer().content == "GET /2 ")
            #expect(try await client.answer().status == 400)
            #expect(await client.isEnded())
        }
    }

    @Test func `an error is JSON for who wants it, as soon as that is known`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let fields = "Accept: application/json\r\nContent-Length: 9999999\r\n"
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            #expect(try await client.answer().content.hasPrefix("json 413 "))
        }
    }

    @Test func `the answer to an upload that is too long is not lost while the client still sends`() async throws {
        try await withServer { server in
            for _ in 0..<5 {
                let client = try await server.connect()
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
                // All of it goes out after the answer has been written: unread, it would reset the connection.
                try await client.send([UInt8](repeating: 0x78, count: 3_000_000))
                await client.stream.finishWriting()
                #expect(try await client.answer().status == 413)
                #expect(await client.isEnded())
            }
        }
    }

    @Test func `a head that does not come to its end is answered 408`() async throws {
        var limits = ServerLimits.shortLinger
        limits.headTime = .seconds(1)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            let answer = try await client.answer()
            #expect(answer.status == 408)
            #expect(answer["Connection"] == "close")
            #expect(await client.isEnded())
        }
    }

    @Test func `the pieces of a head share one deadline`() async throws {
        var limits = ServerLimits.shortLinger
        limits.headTime = .seconds(1)
        // Nothing but time can end this head.
        var messageLimits = MessageLimits()
        messageLimits.fieldBytes = 1 << 40
        messageLimits.fieldSectionBytes = 1 << 40
        try await withServer(limits: limits, messageLimits: messageLimits) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            async let dripping: Void = {
                while true {
                    try await client.stream.write(Array("a".utf8), [], before: soon)
                    await Task.yield()
                    if !client.stream.isQuiet { return }
                }
            }()
            #expect(try await RawClient(client.stream).answer().status == 408)
            try? await dripping
        }
    }

    @Test func `content that does not come to its end is answered 408`() async throws {
        var limits = ServerLimits.shortLinger
        limits.contentTime = .milliseconds(30)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
            #expect(try await client.answer().status == 408)
            #expect(await client.isEnded())
        }
    }

    @Test func `who connects and says nothing is told nothing`() async throws {
        var limits = ServerLimits.shortLinger
        limits.headTime = .milliseconds(30)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            #expect(await client.isEnded())
            #expect(server.journal.records.isEmpty)
        }
    }

    @Test func `who says nothing between requests is told nothing`() async throws {
        var limits = ServerLimits.shortLinger
        limits.idleTime = .milliseconds(30)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            #expect(try await client.answer().status == 200)
            #expect(await client.isEnded())
            #expect(server.journal.records.count == 1)
        }
    }

    @Test func `a client that does not read is cut`() async throws {
        var limits = ServerLimits.shortLinger
        limits.writeTime = .milliseconds(50)
        let large = StubHandler { _ in Response(status: .ok, content: [UInt8](repeating: 1, count: 64 << 20)) }
        try await withServer(large, limits: limits) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.isComplete == false)
            // By a reset: what the system still held for it is dropped.
            await #expect(throws: StreamError.connectionLost) { _ = try await client.answer() }
        }
    }
}
