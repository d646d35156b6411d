import HTTP1
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@Suite("What the server tells to be counted, and why it refused", .rested)
struct CountingTests {
    @Test func `a connection is counted when it is admitted and when it has ended`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            #expect(try await client.answer().status == 200)
            #expect(server.journal.events == [.connectionOpened])
            client.stream.close()
            await server.journal.counted(.connectionClosed)
            #expect(server.journal.events == [.connectionOpened, .connectionClosed])
        }
    }

    @Test(arguments: [(total: 1, perClient: 9, ConnectionLimit.total), (total: 9, perClient: 1, .client)])
    func `a connection too many is counted by its limit, and neither opened nor closed`(
        _ total: Int,
        _ perClient: Int,
        _ limit: ConnectionLimit
    ) async throws {
        var limits = ServerLimits.shortLinger
        limits.connections = total
        limits.connectionsPerClient = perClient
        try await withServer(limits: limits) { server in
            let first = try await server.connect()
            try await first.send(get("/"))
            #expect(try await first.answer().status == 200)
            let second = try await server.connect()
            #expect(try await second.answer().status == 503)
            #expect(server.journal.events == [.connectionOpened, .connectionRefused(limit)])
            #expect(server.journal.faults == [.tooManyConnections(client: .v4(0x7F00_0001), limit)])
        }
    }

    @Test(arguments: [
        (StreamError.tlsFailed, HandshakeFailure.refused), (.certificateNotTrusted, .refused),
        (.deadlinePassed, .timedOut), (.connectionLost, .lost), (.cancelled, .lost), (.system(errno: 24), .system),
    ])
    func `a failed handshake is counted by its kind, and no fault where the client only left`(
        _ error: StreamError,
        _ kind: HandshakeFailure
    ) async throws {
        try await withServer(secure: { _, _ throws(StreamError) in throw error }) { server in
            let client = try await server.connect()
            #expect(await client.isEnded())
            await server.journal.counted(.connectionClosed)
            #expect(server.journal.events == [.connectionOpened, .handshakeFailed(kind), .connectionClosed])
            let faults: [ServerFault] = kind == .lost ? [] : [.handshakeFailed(client: .v4(0x7F00_0001), kind)]
            #expect(server.journal.faults == faults)
        }
    }

    @Test func `a handshake that is done is counted with what secures the stream`() async throws {
        try await withServer(secure: { stream, _ throws(StreamError) in stream }) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            #expect(try await client.answer().status == 200)
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.events == [.connectionOpened, .handshakeDone(nil)])
            #expect(server.journal.records.first?.security == nil)
            #expect(server.journal.records.first?.refusal == nil)
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", HTTPViolation.Rule.missingHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", .contentTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x: y\r\n", count: 200) + "\r\n", .tooManyFields),
    ])
    func `a refused request says in the log which rule it broke`(
        _ request: String,
        _ rule: HTTPViolation.Rule
    ) async throws {
        try await withServer(limits: .shortLinger) { server in
            let client = try await server.connect()
            try await client.send(request)
            _ = try await client.answer()
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.refusal == .violation(rule))
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", Refusal.headTimedOut),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", .contentTimedOut),
    ])
    func `a request that came too slowly says which part of it did`(_ request: String, _ refusal: Refusal) async throws
    {
        var limits = ServerLimits.shortLinger
        // Enough for what is sent to arrive on a busy machine: before its first octet nothing would be answered.
        limits.headTime = .seconds(1)
        limits.contentTime = .milliseconds(30)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            try await client.send(request)
            #expect(try await client.answer().status == 408)
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.refusal == refusal)
        }
    }

    @Test func `a response that nobody took in time says so`() async throws {
        var limits = ServerLimits.shortLinger
        limits.writeTime = .milliseconds(50)
        let large = StubHandler { _ in Response(status: .ok, content: [UInt8](repeating: 1, count: 64 << 20)) }
        try await withServer(large, limits: limits) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.refusal == .responseTimedOut)
        }
    }

    @Test func `every refusal has a name of its own`() {
        let names = Refusal.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { name in name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } })
    }
}
