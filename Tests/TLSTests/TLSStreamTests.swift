import Sockets
import Synchronization
import TLS
import TestSupport
import Testing

/// Both ends of one connection in memory, above TLS and below it.
struct StreamPair {
    var client: any ByteStream
    var server: any ByteStream
    var clientTransport: MemoryByteStream
    var serverTransport: MemoryByteStream

    static func open() async throws -> StreamPair {
        let (near, far) = MemoryByteStream.pair()
        let (clientContext, serverContext) = (try Fixture.client(), try Fixture.server())
        async let client = clientContext.connect(near, to: "localhost", before: soon)
        async let server = serverContext.accept(far, before: soon)
        return StreamPair(
            client: try await client,
            server: try await server,
            clientTransport: near,
            serverTransport: far
        )
    }
}

/// A bound on failure only: nothing waits for it.
var soon: Deadline { .now + .seconds(60) }

func outcome<Success>(
    _ body: () async throws(StreamError) -> Success
) async -> Result<Success, StreamError> {
    do throws(StreamError) {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}

func failure(reading stream: any ByteStream) async -> StreamError? {
    do throws(StreamError) {
        _ = try await read(stream)
        return nil
    } catch {
        return error
    }
}

func read(_ stream: any ByteStream, before deadline: Deadline = soon) async throws(StreamError) -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try await stream.read(into: &bytes, limit: 16_384, before: deadline)
    return bytes
}

@Suite("TLS as a stream, RFC 8446 §5 and §6")
struct TLSStreamTests {
    @Test func `a stream says what protects it, and one in the clear that nothing does`() async throws {
        let pair = try await StreamPair.open()
        #expect(pair.server.security == StreamSecurity(version: .tls13, isResumed: false))
        #expect(pair.client.security == StreamSecurity(version: .tls13, isResumed: false))
        #expect(pair.serverTransport.security == nil)
    }

    @Test(arguments: ByteStreamConformance.cases)
    func `the client's end keeps the contract`(of rule: ByteStreamConformance) async throws {
        let pair = try await StreamPair.open()
        try await rule.check(pair.client, pair.server)
    }

    @Test(arguments: ByteStreamConformance.cases)
    func `the server's end keeps the contract`(of rule: ByteStreamConformance) async throws {
        let pair = try await StreamPair.open()
        try await rule.check(pair.server, pair.client)
    }

    @Test
    func `both contexts have the shape that server and client ask for`() async throws {
        typealias Accepting = @Sendable (any ByteStream, Deadline) async throws(StreamError) -> any ByteStream
        typealias Connecting = @Sendable (any ByteStream, String, Deadline) async throws(StreamError) -> any ByteStream
        let accept: Accepting = try Fixture.server().accept
        let connect: Connecting = try Fixture.client().connect
        let (near, far) = MemoryByteStream.pair()
        async let client = connect(near, "localhost", soon)
        _ = try await accept(far, soon)
        _ = try await client
    }

    @Test
    func `head and content travel in one record`() async throws {
        let pair = try await StreamPair.open()
        // The tickets ride with the server's first words.
        try await pair.server.write([1], [], before: soon)
        _ = try await read(pair.client)
        try await pair.server.write([UInt8](repeating: 1, count: 100), [UInt8](repeating: 2, count: 200), before: soon)
        // Five bytes of header, one of type, sixteen of tag.
        #expect(pair.serverTransport.unread.count == 322)
        #expect(try await read(pair.client).count == 300)
    }

    @Test
    func `a server says nothing between a TLS 1.3 handshake and its first response`() async throws {
        let pair = try await StreamPair.open()
        #expect(pair.serverTransport.unread.isEmpty)
        try await pair.server.write([1], [], before: soon)
        #expect(pair.serverTransport.unread.count > 23)
        #expect(try await read(pair.client) == [1])
    }

    @Test
    func `an end of the transport without close_notify is a lost connection, not an end`() async throws {
        let pair = try await StreamPair.open()
        try await pair.server.write(Array("half an ans".utf8), [], before: soon)
        await pair.serverTransport.finishWriting()
        #expect(try await read(pair.client) == Array("half an ans".utf8))
        #expect(await failure(reading: pair.client) == .connectionLost)
    }

    @Test
    func `what a stranger slips in below is refused, and the other side is told`() async throws {
        let pair = try await StreamPair.open()
        try await pair.clientTransport.write([23, 3, 3, 0, 32] + [UInt8](repeating: 0, count: 32), [], before: soon)
        #expect(await failure(reading: pair.server) == .tlsFailed)
        #expect(await failure(reading: pair.client) == .connectionLost)
    }

    @Test
    func `after a refusal nothing is read or written any more`() async throws {
        let pair = try await StreamPair.open()
        try await pair.clientTransport.write([UInt8](repeating: 0, count: 64), [], before: soon)
        #expect(await failure(reading: pair.server) == .tlsFailed)
        #expect(await failure(reading: pair.server) == .connectionLost)
        await #expect(throws: StreamError.connectionLost) { try await pair.server.write([1], [], before: soon) }
    }

    @Test
    func `a write that ended in the middle of a record is followed by nothing`() async throws {
        let pair = try await StreamPair.open()
        await #expect(throws: StreamError.deadlinePassed) {
            try await pair.client.write([], [UInt8](repeating: 7, count: 1 << 20), before: .now + .milliseconds(2))
        }
        let sent = pair.clientTransport.unread
        await pair.client.finishWriting()
        #expect(pair.clientTransport.unread == sent)
        await #expect(throws: StreamError.connectionLost) { try await pair.client.write([1], [], before: soon) }
    }

    @Test
    func `the last write carries the farewell, which finishing does not repeat`() async throws {
        let pair = try await StreamPair.open()
        try await pair.server.write(Array("head,".utf8), Array("content".utf8), isLast: true, before: soon)
        let sent = pair.serverTransport.unread
        #expect(try await read(pair.client) == Array("head,content".utf8))
        #expect(try await read(pair.client) == [])
        await pair.server.finishWriting()
        #expect(pair.serverTransport.unread.isEmpty)
        // Ticket, content, farewell.
        #expect(sent.suffix(24).prefix(5) == [23, 3, 3, 0, 19])
        await #expect(throws: StreamError.connectionLost) { try await pair.server.write([1], [], before: soon) }
        await #expect(throws: StreamError.connectionLost) {
            try await pair.server.write([1], [], isLast: true, before: soon)
        }
    }

    @Test
    func `a stream that waits keeps no room for what may come`() async throws {
        let pair = try await StreamPair.open()
        let server = pair.server
        let room = Mutex(-1)
        async let reading: Void = {
            var buffer: [UInt8] = []
            _ = try? await server.read(into: &buffer, limit: 16_384, before: soon)
            room.withLock { [capacity = buffer.capacity] in $0 = capacity }
        }()
        try await pair.client.write([1], [], before: soon)
        await reading
        #expect((1..<1024).contains(room.withLock { $0 }))
    }

    @Test
    func `finishing twice says goodbye once`() async throws {
        let pair = try await StreamPair.open()
        await pair.client.finishWriting()
        let farewell = pair.clientTransport.unread
        await pair.client.finishWriting()
        #expect(pair.clientTransport.unread == farewell)
        #expect(farewell.count == 24)
    }
}

@Suite("Handshakes over a stream that end early")
struct EarlyEndTests {
    @Test
    func `a client that does not trust says so, to its caller, its observer and the server`() async throws {
        let (near, far) = MemoryByteStream.pair()
        let told = Mutex<[TLSFailure]>([])
        let context = try TLSClientContext(
            trust: .certificates(TestAuthority(named: "Elsewhere").certificate),
            reporting: { host, failure in
                #expect(host == "localhost")
                told.withLock { $0.append(failure) }
            }
        )
        let server = try Fixture.server()
        async let accepted = outcome { () async throws(StreamError) in _ = try await server.accept(far, before: soon) }
        await #expect(throws: StreamError.certificateNotTrusted) {
            try await context.connect(near, to: "localhost", before: soon)
        }
        #expect(isFailure(await accepted, .tlsFailed))
        #expect(told.withLock { $0 } == [.certificateRefused(.unknownIssuer)])
    }

    @Test
    func `a host that is none is refused before a byte is sent`() async throws {
        let (near, _) = MemoryByteStream.pair()
        let context = try Fixture.client()
        await #expect(throws: StreamError.certificateNotTrusted) {
            try await context.connect(near, to: "", before: soon)
        }
        #expect(near.unread.isEmpty)
    }

    @Test(arguments: [0, 1, 5, 200])
    func `a client that goes away in the middle is a lost connection`(_ count: Int) async throws {
        let (near, far) = MemoryByteStream.pair()
        let beginning = [22, 3, 1, 2, 0] + [UInt8](repeating: 1, count: 300)
        try await near.write(Array(beginning.prefix(count)), [], before: soon)
        await near.finishWriting()
        let context = try Fixture.server()
        await #expect(throws: StreamError.connectionLost) { try await context.accept(far, before: soon) }
    }

    @Test
    func `a client that says nothing is left at the deadline`() async throws {
        let (near, far) = MemoryByteStream.pair()
        let context = try Fixture.server()
        await #expect(throws: StreamError.deadlinePassed) {
            try await context.accept(far, before: .now + .milliseconds(2))
        }
        near.close()
    }

    @Test
    func `a cancelled handshake ends as cancelled`() async throws {
        let (near, far) = MemoryByteStream.pair()
        let context = try Fixture.server()
        let accepted = await withTaskGroup { group in
            group.addTask {
                await outcome { () async throws(StreamError) in _ = try await context.accept(far, before: soon) }
            }
            group.cancelAll()
            return await group.next()
        }
        #expect(isFailure(accepted, .cancelled))
        near.close()
    }

    @Test(arguments: [Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), [UInt8](repeating: 0xff, count: 400)])
    func `garbage is refused`(_ bytes: [UInt8]) async throws {
        let (near, far) = MemoryByteStream.pair()
        try await near.write(bytes, [], before: soon)
        let context = try Fixture.server()
        await #expect(throws: StreamError.tlsFailed) { try await context.accept(far, before: soon) }
    }

    @Test
    func `HTTP in the clear gets the answer that was set for it, and the end`() async throws {
        let (near, far) = MemoryByteStream.pair()
        try await near.write(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), [], before: soon)
        let identity = try Fixture.localhost.get()
        let answer = Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8)
        let context = try TLSServerContext(
            certificateChain: identity.certificateChain,
            privateKey: identity.privateKey,
            answerToPlainHTTP: answer
        )
        await #expect(throws: StreamError.tlsFailed) { try await context.accept(far, before: soon) }
        #expect(try await read(near) == answer)
        #expect(try await read(near) == [])
    }

    @Test
    func `HTTP in the clear gets nothing where nothing was set`() async throws {
        let (near, far) = MemoryByteStream.pair()
        try await near.write(Array("GET / HTTP/1.1\r\n\r\n".utf8), [], before: soon)
        let context = try Fixture.server()
        await #expect(throws: StreamError.tlsFailed) { try await context.accept(far, before: soon) }
        #expect(far.unread.isEmpty)
    }

    private func isFailure(_ outcome: Result<Void, StreamError>?, _ error: StreamError) -> Bool {
        if case .failure(error) = outcome { true } else { false }
    }
}
