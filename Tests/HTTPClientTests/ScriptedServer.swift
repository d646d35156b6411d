import HTTPClient
import HTTPSemantics
import HTTPTypes
import Sockets
import Synchronization

/// A bound on failure only: no test waits for it.
var soon: Deadline { .now + .seconds(60) }

/// The server's end of one connection, told exactly what to do.
struct ScriptedPeer: Sendable {
    let stream: TCPStream
    /// Which connection this is, from 1.
    let number: Int

    /// Reads one request whose content, if any, has a Content-Length. Empty if the client has ended the connection.
    @discardableResult func request() async throws -> String {
        var octets: [UInt8] = []
        while true {
            let text = String(decoding: octets, as: UTF8.self)
            if let head = text.firstRange(of: "\r\n\r\n") {
                let length = text.firstMatch(of: #/Content-Length: (\d+)/#).flatMap { Int($0.output.1) } ?? 0
                if text[head.upperBound...].utf8.count >= length { return text }
            }
            guard try await stream.read(into: &octets, limit: 1 << 16, before: soon) > 0 else { return text }
        }
    }

    func send(_ text: String) async throws {
        try await stream.write(Array(text.utf8), [], before: soon)
    }

    /// Sends an answer of which the client has read a part when the connection breaks: the rest never comes.
    func end() async {
        await stream.finishWriting()
    }
}

/// What a scripted server has seen.
final class Sightings: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }

    func note(_ text: String) {
        texts.withLock { $0.append(text) }
    }
}

struct Harness: Sendable {
    let client: HTTPClient
    let origin: HTTPOrigin
    let loops: [EventLoop]

    func send(
        _ method: HTTPRequest.Method = .get,
        _ path: String = "/",
        content: String = "",
        timeLimit: Duration = .seconds(60),
        responseLimitBytes: Int = 1 << 20
    ) async throws(ExchangeError) -> OutboundResponse {
        try await client.response(
            to: OutboundRequest(
                origin: origin,
                method: method,
                pathAndQuery: path,
                content: Array(content.utf8),
                timeLimit: timeLimit,
                responseLimitBytes: responseLimitBytes
            )
        )
    }

    func text(_ method: HTTPRequest.Method = .get, _ path: String = "/", content: String = "") async throws -> String {
        String(decoding: try await send(method, path, content: content).content, as: UTF8.self)
    }
}

/// Runs `body` with a client and a server whose connections each follow `script`.
func withScript(
    host: String = "127.0.0.1",
    scheme: HTTPOrigin.Scheme = .http,
    secure: @escaping HTTPClient.Secure = { stream, _, _ in stream },
    idleTime: Duration = .seconds(60),
    script: @escaping @Sendable (ScriptedPeer) async throws -> Void,
    _ body: @Sendable (Harness) async throws -> Void
) async throws {
    let outcome = try await withEventLoops(2) { loops -> Result<Void, any Error> in
        do {
            let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
            let client = HTTPClient(loops: loops, idleTime: idleTime, secure: secure)
            let origin = HTTPOrigin(scheme: scheme, host: host, port: Int(listener.address.port))
            return await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await withDiscardingTaskGroup { peers in
                        var number = 0
                        while let stream = await listener.accept(onto: loops[0]) {
                            number += 1
                            let peer = ScriptedPeer(stream: stream, number: number)
                            // A script that ends in an error has done what it could: its client says what it saw.
                            peers.addTask {
                                try? await script(peer)
                                peer.stream.close()
                            }
                        }
                    }
                }
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body(Harness(client: client, origin: origin, loops: loops)))
                } catch {
                    result = .failure(error)
                }
                listener.close()
                client.closeIdleConnections()
                return result
            }
        } catch {
            return .failure(error)
        }
    }
    try outcome.get()
}

/// An answer with this content.
func answer(_ content: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(content.utf8.count)\r\n\r\n\(content)"
}
