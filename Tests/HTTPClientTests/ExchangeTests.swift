import HTTPClient
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@Suite("Exchanges of the client")
struct ExchangeTests {
    @Test func `sends what was asked, with the fields that are the client's`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            seen.note(try await peer.request())
            try await peer.send(answer("yes"))
        } _: { harness async throws in
            #expect(try await harness.text(.post, "/v3/connect/token?a=%20", content: "{}") == "yes")
            let expected =
                "POST /v3/connect/token?a=%20 HTTP/1.1\r\nHost: \(harness.origin.authority)\r\nContent-Length: 2\r\n\r\n{}"
            #expect(seen.all == [expected])
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: v\r\n\r\n", "abc"),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
        ("HTTP/1.0 200 OK\r\n\r\nold", "old"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer("last"), "last"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno", "no"),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", "no"),
    ])
    func `reads an answer however it is delimited, and follows nothing`(_ sent: String, _ content: String) async throws
    {
        try await withScript { peer in
            try await peer.request()
            for octet in sent.utf8 { try await peer.stream.write([octet], [], before: soon) }
            await peer.end()
        } _: { harness async throws in
            #expect(try await harness.text() == content)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/2 200\r\n\r\n",
        "SSH-2.0-OpenSSH_9\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 50) + answer("x"),
        "HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 100_000),
    ])
    func `refuses an answer that is malformed`(_ sent: String) async throws {
        try await withScript { peer in
            try await peer.request()
            try await peer.send(sent)
            await peer.end()
            try await peer.request()
        } _: { harness async throws in
            await #expect(throws: ExchangeError.malformedResponse) { _ = try await harness.send() }
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ])
    func `an answer cut short is a lost connection, after the request was sent`(_ sent: String) async throws {
        let seen = Sightings()
        try await withScript { peer in
            seen.note(try await peer.request())
            try await peer.send(sent)
        } _: { harness async throws in
            await #expect(throws: ExchangeError.connectionLost(sent: true)) { _ = try await harness.send() }
            #expect(seen.all.count == 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello world",
    ])
    func `an answer beyond the limit is refused`(_ sent: String) async throws {
        try await withScript { peer in
            try await peer.request()
            try await peer.send(sent)
            try await peer.request()
        } _: { harness async throws in
            await #expect(throws: ExchangeError.responseTooLarge) {
                _ = try await harness.send(responseLimitBytes: 10)
            }
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"])
    func `one time limit covers the whole answer`(_ sent: String) async throws {
        try await withScript { peer in
            try await peer.request()
            try await peer.send(sent)
            try await peer.request()
        } _: { harness async throws in
            // A machine that is busy may use a short limit up before it has connected: then it is given a longer one.
            var (limit, outcome): (Duration, ExchangeError?) = (.milliseconds(50), .timedOut(sent: false))
            while outcome == .timedOut(sent: false) {
                limit *= 2
                do throws(ExchangeError) {
                    _ = try await harness.send(timeLimit: limit)
                    outcome = nil
                } catch {
                    outcome = error
                }
            }
            #expect(outcome == .timedOut(sent: true))
        }
    }

    @Test func `a time limit that is over before connecting has sent nothing`() async throws {
        try await withScript { peer in
            try await peer.request()
        } _: { harness async throws in
            await #expect(throws: ExchangeError.timedOut(sent: false)) { _ = try await harness.send(timeLimit: .zero) }
        }
    }

    @Test func `cancelling ends an exchange and says that the request had left`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            seen.note(try await peer.request())
            try await peer.request()
        } _: { harness async throws in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: ExchangeError.cancelled(sent: true)) { _ = try await harness.send() }
                }
                while seen.all.isEmpty { await Task.yield() }
                group.cancelAll()
            }
        }
    }

    @Test func `a cancelled task sends nothing`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            seen.note("connected")
        } _: { harness async throws in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: ExchangeError.cancelled(sent: false)) { _ = try await harness.send() }
                }
            }
            #expect(seen.all.isEmpty)
        }
    }

    @Test(arguments: ["/a b", "/a\r\nX: y", "a", "/ä", ""])
    func `a path that would break out of the request line is not sent`(_ path: String) async throws {
        let seen = Sightings()
        try await withScript { peer in
            seen.note("connected")
        } _: { harness async throws in
            await #expect(throws: ExchangeError.connectionLost(sent: false)) { _ = try await harness.send(.get, path) }
            #expect(seen.all.isEmpty)
        }
    }

    @Test func `sixty-four at once each get their own answer from our server`() async throws {
        let handler = EchoingHandler()
        let outcome = try await withEventLoops(2) { loops -> Result<Void, any Error> in
            do {
                let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
                var limits = ServerLimits()
                // On a machine that has much else to do.
                (limits.headTime, limits.contentTime, limits.writeTime) = (.seconds(600), .seconds(600), .seconds(600))
                let server = HTTPServer(
                    loops: loops,
                    limits: limits,
                    errorResponse: { status, _, _ in Response(status: status) }
                )
                let shutdown = GracefulShutdown()
                let services = [HTTPServer.Service(listeners: [listener], handler: handler)]
                async let serving: Void = server.serve(services, until: shutdown)
                let client = HTTPClient(loops: loops, secure: { stream, _, _ in stream })
                let origin = HTTPOrigin(scheme: .http, host: "127.0.0.1", port: Int(listener.address.port))
                let harness = Harness(client: client, origin: origin, loops: loops)
                await withDiscardingTaskGroup { group in
                    for number in 0..<64 {
                        group.addTask(executorPreference: loops[number % 2]) {
                            for turn in 0..<10 {
                                let text = try? await harness.text(.post, "/\(number)", content: "\(turn)")
                                #expect(text == "/\(number) \(turn)")
                            }
                        }
                    }
                }
                shutdown.begin()
                await serving
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}

private struct EchoingHandler: RequestHandler {
    func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int { 100 }

    func response(to request: Request) async -> Response {
        Response(status: .ok, content: Array("\(request.target.path) ".utf8) + request.content)
    }
}
