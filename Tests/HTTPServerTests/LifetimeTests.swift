import Glibc
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Synchronization
import Testing

@Suite("Connections: how many, how long, and how they end", .rested)
struct LifetimeTests {
    @Test func `a handler is cancelled when its client is gone`() async throws {
        let waiting = Gate()
        let handler = StubHandler { request in
            if request.target.path == "/wait" {
                waiting.open()
                await cancelled()
            }
            return Response(status: .ok, content: [1])
        }
        try await withServer(handler) { server in
            let client = try await server.connect()
            try await client.send(get("/") + get("/wait"))
            await waiting.opened()
            // Closing with an unread answer resets the connection.
            client.stream.close()
            await server.journal.reached { records, _ in records.count == 2 }
            #expect(server.journal.records.map(\.isComplete) == [true, false])
        }
    }

    @Test func `a handler is not cancelled when its client has only finished writing`() async throws {
        let (waiting, goOn) = (Gate(), Gate())
        let handler = StubHandler { _ in
            waiting.open()
            await goOn.opened()
            return Response(status: Task.isCancelled ? .internalServerError : .ok)
        }
        try await withServer(handler) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            await waiting.opened()
            await client.stream.finishWriting()
            goOn.open()
            #expect(try await client.answer().status == 200)
        }
    }

    @Test func `a thousand idle connections are served like one`() async throws {
        raiseDescriptorLimit()
        var limits = ServerLimits.patient
        limits.connectionsPerClient = 2000
        try await withServer(limits: limits) { server in
            var clients: [RawClient] = []
            for _ in 0..<1000 { clients.append(try await server.connect()) }
            for (number, client) in clients.enumerated() {
                try await client.send(get("/\(number)"))
                #expect(try await client.answer().content == "GET /\(number) ")
            }
            for client in clients.reversed() {
                try await client.send(get("/again"))
                #expect(try await client.answer().content == "GET /again ")
            }
        }
    }

    @Test func `one client has only so many connections, and gets the next when one ends`() async throws {
        var limits = ServerLimits.patient
        limits.connectionsPerClient = 2
        try await withServer(limits: limits) { server in
            let first = try await server.connect()
            let second = try await server.connect()
            for client in [first, second] {
                try await client.send(get("/"))
                #expect(try await client.answer().status == 200)
            }
            let third = try await server.connect()
            let answer = try await third.answer()
            #expect(answer.status == 503)
            #expect(answer["Connection"] == "close")
            #expect(await third.isEnded())
            #expect(server.journal.faults == [.tooManyConnections(client: .v4(0x7F00_0001), .client)])

            try await first.send(get("/", "Connection: close\r\n"))
            #expect(try await first.answer().status == 200)
            #expect(await first.isEnded())
            // The place is free once the server has seen the end too, which is soon after the client has.
            var status = 503
            while status == 503 {
                let next = try await server.connect()
                try await next.send(get("/"))
                status = (try? await next.answer().status) ?? 503
            }
            #expect(status == 200)
        }
    }

    @Test func `a proxy's clients share no limit, and all clients together have one`() async throws {
        var limits = ServerLimits.patient
        limits.connectionsPerClient = 1
        limits.connections = 3
        try await withServer(limits: limits, isCapped: { _ in false }) { server in
            var clients: [RawClient] = []
            for _ in 0..<3 {
                clients.append(try await server.connect())
                try await clients.last?.send(get("/"))
                #expect(try await clients.last?.answer().status == 200)
            }
            #expect(try await server.connect().answer().status == 503)
        }
    }

    @Test func `a shutdown closes idle connections, finishes what is in hand and accepts nobody`() async throws {
        let (waiting, goOn) = (Gate(), Gate())
        let handler = StubHandler { request in
            if request.target.path == "/wait" {
                waiting.open()
                await goOn.opened()
            }
            return Response(status: .ok, content: Array("done".utf8))
        }
        try await withServer(handler) { server in
            let idle = try await server.connect()
            try await idle.send(get("/"))
            _ = try await idle.answer()
            let busy = try await server.connect()
            try await busy.send(get("/wait"))
            await waiting.opened()
            server.shutdown.begin()
            #expect(await idle.isEnded())
            await #expect(throws: StreamError.self) { _ = try await server.connect() }
            goOn.open()
            let answer = try await busy.answer()
            #expect(answer.content == "done")
            #expect(answer["Connection"] == "close")
        }
    }

    @Test func `after the grace of a shutdown what is in hand is cancelled`() async throws {
        let waiting = Gate()
        var limits = ServerLimits.patient
        limits.shutdownGrace = .milliseconds(20)
        let handler = StubHandler { _ in
            waiting.open()
            await cancelled()
            return Response(status: .ok)
        }
        try await withServer(handler, limits: limits) { server in
            let client = try await server.connect()
            try await client.send(get("/"))
            await waiting.opened()
            server.shutdown.begin()
            #expect(await client.isEnded())
        }
    }

    @Test func `cancelling the server ends it at once`() async throws {
        let waiting = Gate()
        let outcome = try await withEventLoops(1) { loops -> Result<Void, any Error> in
            do {
                let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
                let handler = StubHandler { _ in
                    waiting.open()
                    await cancelled()
                    return Response(status: .ok)
                }
                let server = HTTPServer(
                    loops: loops,
                    limits: .patient,
                    errorResponse: { status, _, _ in Response(status: status) }
                )
                await withTaskGroup { group in
                    group.addTask {
                        let services = [HTTPServer.Service(listeners: [listener], handler: handler)]
                        await server.serve(services, until: GracefulShutdown())
                    }
                    group.addTask {
                        do {
                            let stream = try await TCPStream.connect(to: listener.address, on: loops[0], before: soon)
                            try await stream.write(Array(get("/").utf8), [], before: soon)
                            await waiting.opened()
                        } catch {
                            Issue.record("the request was not sent: \(error)")
                            waiting.open()
                        }
                    }
                    await waiting.opened()
                    group.cancelAll()
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    @Test func `what is put on the stream is what HTTP is spoken over`() async throws {
        try await withServer(secure: { stream, _ in Inverted(stream) }) { server in
            let client = try await server.connect()
            try await client.send(Array(get("/").utf8).map { ~$0 })
            var octets: [UInt8] = []
            while !octets.map({ ~$0 }).contains(UInt8(ascii: "G")) {
                _ = try await client.stream.read(into: &octets, limit: 1000, before: soon)
            }
            #expect(String(decoding: octets.map { ~$0 }, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
            await server.journal.reached { records, _ in records.count == 1 }
            #expect(server.journal.records.first?.isSecure == true)
        }
    }

    @Test(arguments: [
        (closing: [true], isWhole: true, farewells: [true]), ([false, true], true, [false, true]),
        ([true], false, [false]),
    ])
    func `the last response, and no other, is written with the stream's farewell`(
        closing: [Bool],
        isWhole: Bool,
        farewells: [Bool]
    ) async throws {
        let written = Mutex<[Bool]>([])
        let handler = StubHandler { _ in
            var response = Response(status: .ok, content: Array("GET".utf8))
            if !isWhole { response.delivery = .cut(afterBytes: 1) }
            return response
        }
        let secure: HTTPServer.Secure = { stream, _ in
            Inverted(stream) { isLast in written.withLock { $0.append(isLast) } }
        }
        try await withServer(handler, secure: secure) { server in
            let client = try await server.connect()
            let requests = closing.map { get("/", $0 ? "Connection: close\r\n" : "") }.joined()
            try await client.send(Array(requests.utf8).map { ~$0 })
            var octets: [UInt8] = []
            while let count = try? await client.stream.read(into: &octets, limit: 1000, before: soon), count > 0 {}
            await server.journal.reached { records, _ in records.count == farewells.count }
            #expect(written.withLock { $0 } == farewells)
        }
    }

    @Test func `a handshake that fails closes the connection and is a fault`() async throws {
        try await withServer(secure: { _, _ throws(StreamError) in throw .tlsFailed }) { server in
            let client = try await server.connect()
            #expect(await client.isEnded())
            await server.journal.reached { _, faults in faults.count == 1 }
            #expect(server.journal.faults == [.handshakeFailed(client: .v4(0x7F00_0001), .refused)])
            #expect(server.journal.records.isEmpty)
        }
    }

    @Test func `a handshake has its own time`() async throws {
        var limits = ServerLimits.patient
        limits.handshakeTime = .milliseconds(20)
        let secure: HTTPServer.Secure = { stream, deadline throws(StreamError) in
            var octets: [UInt8] = []
            _ = try await stream.read(into: &octets, limit: 1, before: deadline)
            return stream
        }
        try await withServer(limits: limits, secure: secure) { server in
            let client = try await server.connect()
            #expect(await client.isEnded())
        }
    }
}

// MARK: tools

/// Waits until the task is cancelled.
private func cancelled() async {
    let gate = Gate()
    await withTaskCancellationHandler {
        await gate.opened()
    } onCancel: {
        gate.open()
    }
}

/// Something that one task waits for and another lets happen.
private final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func opened() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// A stand-in for TLS: every octet is inverted on the wire.
private final class Inverted: ByteStream {
    private let stream: any ByteStream
    private let willWrite: @Sendable (_ isLast: Bool) -> Void

    init(_ stream: any ByteStream, willWrite: @escaping @Sendable (_ isLast: Bool) -> Void = { _ in }) {
        self.stream = stream
        self.willWrite = willWrite
    }

    func readAtOnce(into buffer: inout [UInt8], limit: Int) throws(StreamError) -> Int? {
        var octets: [UInt8] = []
        let count = try stream.readAtOnce(into: &octets, limit: limit)
        buffer += octets.map { ~$0 }
        return count
    }

    func writeAtOnce(
        _ head: [UInt8],
        _ content: [UInt8],
        from position: inout Int,
        isLast: Bool
    ) throws(StreamError) -> Bool {
        willWrite(isLast)
        return try stream.writeAtOnce(head.map { ~$0 }, content.map { ~$0 }, from: &position, isLast: isLast)
    }

    func waitUntilReadable(before deadline: Deadline) async throws(StreamError) {
        try await stream.waitUntilReadable(before: deadline)
    }

    func waitUntilWritable(before deadline: Deadline) async throws(StreamError) {
        try await stream.waitUntilWritable(before: deadline)
    }

    func finishWriting() async { await stream.finishWriting() }
    func close() { stream.close() }
}

/// Lets the process have as many descriptors as it may: the usual 1,024 are fewer than two thousand ends.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    let files = __rlimit_resource_t(7)
    // Sound: both calls read or write one structure.
    guard unsafe getrlimit(files, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(files, &limit)
}
