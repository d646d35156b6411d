import HTTPClient
import HTTPSemantics
import HTTPTypes
import Sockets
import Testing

@Suite("Connections of the client")
struct ConnectionTests {
    @Test func `keeps a connection for the next exchange`() async throws {
        try await withScript { peer in
            while try await !peer.request().isEmpty { try await peer.send(answer("\(peer.number)")) }
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            #expect(try await harness.text(.post, content: "x") == "1")
            #expect(try await harness.text() == "1")
        }
    }

    @Test(arguments: ["Connection: close\r\n", "Connection: x, CLOSE\r\n"])
    func `does not keep a connection that the server closes`(_ fields: String) async throws {
        try await withScript { peer in
            while try await !peer.request().isEmpty { try await peer.send(answer("\(peer.number)", fields)) }
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            #expect(try await harness.text() == "2")
        }
    }

    @Test func `does not keep a connection beyond its idle time`() async throws {
        try await withScript(idleTime: .zero) { peer in
            while try await !peer.request().isEmpty { try await peer.send(answer("\(peer.number)")) }
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            #expect(try await harness.text() == "2")
        }
    }

    @Test func `does not believe an answer to a question it has not asked`() async throws {
        try await withScript { peer in
            try await peer.request()
            // The second answer would be taken for that of the next request.
            try await peer.send(answer("\(peer.number)") + answer("forged"))
            try await peer.request()
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            #expect(try await harness.text() == "2")
        }
    }

    @Test func `repeats an idempotent request when the kept connection closes before an answer`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            while true {
                let request = try await peer.request()
                guard !request.isEmpty else { return }
                seen.note("\(peer.number) \(request.prefix(4))")
                // The first connection answers once and then hangs up on the second request.
                if peer.number == 1, seen.all.count == 2 { return }
                try await peer.send(answer("\(peer.number)"))
            }
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            #expect(try await harness.text() == "2")
            #expect(seen.all == ["1 GET ", "1 GET ", "2 GET "])
        }
    }

    @Test func `never repeats a POST of which anything was sent`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            while true {
                let request = try await peer.request()
                guard !request.isEmpty else { return }
                seen.note("\(peer.number) \(request.prefix(4))")
                if request.hasPrefix("POST") { return }
                try await peer.send(answer("\(peer.number)"))
            }
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            await #expect(throws: ExchangeError.connectionLost(sent: true)) {
                _ = try await harness.send(.post, content: "code")
            }
            #expect(seen.all == ["1 GET ", "1 POST"])
        }
    }

    @Test func `does not repeat an idempotent request when an answer had begun, nor more than once`() async throws {
        let seen = Sightings()
        try await withScript { peer in
            while true {
                guard try await !peer.request().isEmpty else { return }
                seen.note("\(peer.number)")
                guard seen.all.count == 1 else {
                    if peer.number == 1 { try await peer.send("HTTP/1.1 2") }
                    return
                }
                try await peer.send(answer("ok"))
            }
        } _: { harness async throws in
            #expect(try await harness.text() == "ok")
            await #expect(throws: ExchangeError.connectionLost(sent: true)) { _ = try await harness.send() }
            #expect(seen.all == ["1", "1"])
            // A new connection that fails is not tried again.
            await #expect(throws: ExchangeError.connectionLost(sent: true)) { _ = try await harness.send() }
            #expect(seen.all == ["1", "1", "2"])
        }
    }

    @Test func `a kept connection that has ended meanwhile is passed over, for a POST as well`() async throws {
        let (ended, seen) = (Sightings(), Sightings())
        try await withScript { peer in
            try await peer.request()
            try await peer.send(answer("\(peer.number)"))
            if peer.number == 1 {
                await peer.end()
                ended.note("")
            }
            seen.note(try await peer.request())
        } _: { harness async throws in
            #expect(try await harness.text() == "1")
            while ended.all.isEmpty { await Task.yield() }
            #expect(try await harness.text(.post, content: "x") == "2")
        }
    }

    @Test func `nobody there is refused`() async throws {
        try await withScript { _ in
        } _: { harness async throws in
            let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: harness.loops[0])
            listener.close()
            let origin = HTTPOrigin(scheme: .http, host: "127.0.0.1", port: Int(listener.address.port))
            await #expect(throws: ExchangeError.connectionRefused) {
                let request = OutboundRequest(origin: origin, method: .get, pathAndQuery: "/")
                _ = try await harness.client.response(to: request)
            }
        }
    }

    @Test(arguments: ["no-such-name.invalid", "a b", ""])
    func `a host without an address is not found`(_ host: String) async throws {
        try await withScript(host: host) { _ in
        } _: { harness async throws in
            await #expect(throws: ExchangeError.nameNotResolved) { _ = try await harness.send() }
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "127.0.0.1"])
    func `plain http goes to loopback, by whatever name`(_ host: String) async throws {
        try await withScript(host: host) { peer in
            try await peer.request()
            try await peer.send(answer("here"))
        } _: { harness async throws in
            #expect(try await harness.text() == "here")
        }
    }

    // 192.0.2.0/24 and 2001:db8::/32 are for documentation: were one of them tried, the time limit would say so.
    @Test(arguments: ["192.0.2.1", "[2001:db8::1]", "0.0.0.0", "10.0.0.1", "[::ffff:192.0.2.1]"])
    func `plain http goes nowhere else`(_ host: String) async throws {
        try await withScript(host: host) { _ in
        } _: { harness async throws in
            await #expect(throws: ExchangeError.plaintextRefused) { _ = try await harness.send() }
        }
    }

    @Test func `https is spoken over what the closure makes, which is told the host`() async throws {
        let seen = Sightings()
        let secure: HTTPClient.Secure = { stream, host, _ throws(StreamError) in
            seen.note(host)
            return stream
        }
        try await withScript(host: "localhost", scheme: .https, secure: secure) { peer in
            while try await !peer.request().isEmpty { try await peer.send(answer("ok")) }
        } _: { harness async throws in
            #expect(try await harness.text() == "ok")
            #expect(try await harness.text() == "ok")
            #expect(seen.all == ["localhost"])
        }
    }

    @Test(arguments: [
        (StreamError.certificateNotTrusted, ExchangeError.certificateNotTrusted), (.tlsFailed, .tlsFailed),
        (.connectionLost, .connectionLost(sent: false)), (.deadlinePassed, .timedOut(sent: false)),
    ])
    func `a handshake that fails has sent nothing of the request`(
        _ failure: StreamError,
        _ error: ExchangeError
    ) async throws {
        let seen = Sightings()
        let secure: HTTPClient.Secure = { stream, _, deadline throws(StreamError) in
            // What a handshake writes is not the request.
            try await stream.write([1, 2, 3], [], before: deadline)
            throw failure
        }
        try await withScript(scheme: .https, secure: secure) { peer in
            seen.note(try await peer.request())
        } _: { harness async throws in
            await #expect(throws: error) { _ = try await harness.send(.post, content: "code") }
            // The connection may still wait to be accepted, and closing the listener would drop it.
            while seen.all.isEmpty { await Task.yield() }
        }
        #expect(seen.all == ["\u{1}\u{2}\u{3}"])
    }
}
