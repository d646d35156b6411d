import HTTP1
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

/// One limit of a message: a request that just keeps to it, and one that is a single octet or field too much.
struct MessageLimit: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var limits: MessageLimits
    var status: Int
    /// A request with so many octets, or fields, of what is limited.
    var request: @Sendable (Int) -> String
    var limit: Int

    private static func with(_ change: (inout MessageLimits) -> Void) -> MessageLimits {
        var limits = MessageLimits()
        change(&limits)
        return limits
    }

    private static func filler(_ count: Int) -> String { String(repeating: "a", count: count) }

    static let all = [
        MessageLimit(
            testDescription: "request line",
            limits: with { $0.startLineBytes = 100 },
            status: 414,
            request: { "GET /\(filler($0 - 14)) HTTP/1.1\r\nHost: a\r\n\r\n" },
            limit: 100
        ),
        MessageLimit(
            testDescription: "field",
            limits: with { $0.fieldBytes = 100 },
            status: 431,
            request: { "GET / HTTP/1.1\r\nHost: a\r\nX: \(filler($0 - 3))\r\n\r\n" },
            limit: 100
        ),
        MessageLimit(
            testDescription: "field section",
            limits: with { $0.fieldSectionBytes = 200 },
            status: 431,
            // Three fields, each far below the limit of one.
            request: { "GET / HTTP/1.1\r\nHost: a\r\nX: \(filler(86))\r\nY: \(filler($0 - 105))\r\n\r\n" },
            limit: 200
        ),
        MessageLimit(
            testDescription: "field count",
            limits: with { $0.fields = 10 },
            status: 431,
            request: { "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "x: y\r\n", count: $0 - 1))\r\n" },
            limit: 10
        ),
        MessageLimit(
            testDescription: "content by length",
            limits: MessageLimits(),
            status: 413,
            request: { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \($0)\r\n\r\n\(filler($0))" },
            limit: 1024
        ),
        MessageLimit(
            testDescription: "content in chunks",
            limits: MessageLimits(),
            status: 413,
            request: {
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "200\r\n\(filler(512))\r\n\(String($0 - 512, radix: 16))\r\n\(filler($0 - 512))\r\n0\r\n\r\n"
            },
            limit: 1024
        ),
        MessageLimit(
            testDescription: "chunk extensions",
            limits: with { $0.chunkExtensionBytes = 20 },
            status: 413,
            request: {
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "1;\(filler($0 - 1))\r\nx\r\n0\r\n\r\n"
            },
            limit: 20
        ),
        MessageLimit(
            testDescription: "trailer section",
            limits: with { $0.fieldSectionBytes = 200 },
            status: 431,
            request: {
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "1\r\nx\r\n0\r\nX: \(filler(86))\r\nY: \(filler($0 - 96))\r\n\r\n"
            },
            limit: 200
        ),
    ]
}

@Suite("Limits of a message, through the server", .rested)
struct LimitTests {
    @Test(arguments: MessageLimit.all)
    func `exactly the limit is answered, and one more is refused`(_ limit: MessageLimit) async throws {
        try await withServer(limits: .shortLinger, messageLimits: limit.limits) { server in
            let client = try await server.connect()
            // Twice: a limit is of one message, not of a connection.
            for _ in 0..<2 {
                try await client.send(limit.request(limit.limit))
                #expect(try await client.answer().status == 200)
            }
            try await client.send(limit.request(limit.limit + 1))
            let answer = try await client.answer()
            #expect(answer.status == limit.status)
            #expect(answer["Connection"] == "close")
            #expect(await client.isEnded())
        }
    }

    @Test(arguments: MessageLimit.all)
    func `what is too much is refused before it ends`(_ limit: MessageLimit) async throws {
        try await withServer(limits: .shortLinger, messageLimits: limit.limits) { server in
            let client = try await server.connect()
            let endless = limit.request(limit.limit * 4)
            // Its last line never comes.
            try await client.send(String(endless.dropLast(endless.hasSuffix("\r\n\r\n") ? 4 : 1)))
            #expect(try await client.answer().status == limit.status)
        }
    }

    @Test func `a client that sends its content octet by octet has no more time than others`() async throws {
        var limits = ServerLimits.shortLinger
        limits.contentTime = .milliseconds(50)
        let handler = StubHandler(contentLimitBytes: 1 << 40) { _ in Response(status: .ok) }
        try await withServer(handler, limits: limits) { server in
            let client = try await server.connect()
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n")
            async let dripping: Void = {
                while client.stream.isQuiet {
                    try await client.stream.write([0x61], [], before: soon)
                    await Task.yield()
                }
            }()
            #expect(try await RawClient(client.stream).answer().status == 408)
            try? await dripping
        }
    }

    @Test func `a second request's head has its own time, counted from its first octet`() async throws {
        var limits = ServerLimits.shortLinger
        limits.headTime = .seconds(1)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            try await client.send(get("/") + "GET /slow HTTP/1.1\r\nHost:")
            #expect(try await client.answer().status == 200)
            #expect(try await client.answer().status == 408)
            #expect(await client.isEnded())
        }
    }

    @Test func `one client's slowness is nobody else's`() async throws {
        try await withServer { server in
            var slow: [RawClient] = []
            for number in 0..<200 {
                let client = try await server.connect()
                // Each stuck in another part: nothing, request line, fields, content.
                let parts = [
                    "", "GE", "GET / HTTP/1.1\r\nHost: a\r\nX",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
                ]
                try await client.send(parts[number % parts.count])
                slow.append(client)
            }
            let client = try await server.connect()
            for number in 0..<50 {
                try await client.send(get("/\(number)"))
                #expect(try await client.answer().content == "GET /\(number) ")
            }
            #expect(slow.count == 200)
        }
    }
}
