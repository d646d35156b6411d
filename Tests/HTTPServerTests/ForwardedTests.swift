import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@Suite("The client behind a proxy, through the server", .rested)
struct ForwardedTests {
    /// Says whom it takes the client for.
    private static let who = StubHandler { Response(status: .ok, content: Array("\($0.client)".utf8)) }
    private static let proxies = TrustedProxies(networks: ["127.0.0.0/8"].compactMap { AddressBlock($0) })

    @Test func `each request of a proxy's connection has a client of its own`() async throws {
        let proxies = Self.proxies
        try await withServer(Self.who, clientOf: { proxies.client(of: $0, $1) }) { server in
            let client = try await server.connect()
            let expected = [
                ("198.51.100.1, 203.0.113.7", "203.0.113.7"), ("2001:db8::7", "2001:db8::7"), ("x", "127.0.0.1"),
            ]
            for (line, address) in expected {
                try await client.send(get("/", "X-Forwarded-For: \(line)\r\n"))
                #expect(try await client.answer().content == address)
            }
            try await client.send(get("/"))
            #expect(try await client.answer().content == "127.0.0.1")
            await server.journal.reached { records, _ in records.count == 4 }
            let logged = server.journal.records.map { "\($0.client)" }
            #expect(logged == ["203.0.113.7", "2001:db8::7", "127.0.0.1", "127.0.0.1"])
        }
    }

    @Test func `what is refused is logged for its own client, and for the proxy where there was no head`() async throws
    {
        let proxies = Self.proxies
        try await withServer(limits: .shortLinger, clientOf: { proxies.client(of: $0, $1) }) { server in
            let large = "POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: 999999\r\n\r\n"
            for request in [large, get("/", "X-Forwarded-For: 203.0.113.8\r\n") + "nonsense\r\n\r\n"] {
                let client = try await server.connect()
                try await client.send(request)
                _ = try await client.rest()
            }
            let logged = server.journal.records.map { "\($0.status.code) \($0.client)" }
            #expect(logged == ["413 203.0.113.7", "200 203.0.113.8", "400 127.0.0.1"])
        }
    }

    @Test func `a service has error pages of its own if it says so`() async throws {
        try await withEventLoops(1) { loops -> Result<Void, any Error> in
            do {
                let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
                let server = HTTPServer(
                    loops: loops,
                    limits: .shortLinger,
                    errorResponse: { status, _, _ in Response(status: status, content: Array("the server's".utf8)) }
                )
                let service = HTTPServer.Service(
                    listeners: [listener],
                    handler: StubHandler.echo,
                    errorResponse: { status, _, _ in Response(status: status, content: Array("its own".utf8)) }
                )
                let shutdown = GracefulShutdown()
                async let serving: Void = server.serve([service], until: shutdown)
                let client = RawClient(try await TCPStream.connect(to: listener.address, on: loops[0], before: soon))
                try await client.send("nonsense\r\n\r\n")
                #expect(try await client.answer().content == "its own")
                shutdown.begin()
                await serving
                return .success(())
            } catch {
                return .failure(error)
            }
        }.get()
    }
}
