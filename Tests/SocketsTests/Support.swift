import Sockets
import Synchronization

/// A bound on failure only: no test waits for it.
var soon: Deadline { .now + .seconds(60) }

/// `withEventLoops` for bodies that throw.
func onLoops<Value: Sendable>(
    _ count: Int,
    _ body: @Sendable ([EventLoop]) async throws -> Value
) async throws -> Value {
    try await withEventLoops(count) { loops -> Result<Value, any Error> in
        do { return .success(try await body(loops)) } catch { return .failure(error) }
    }.get()
}

let loopback = SocketAddress(.v4(0x7F00_0001), port: 0)

/// Both ends of a connection over the loopback interface.
func connection(_ near: EventLoop, _ far: EventLoop) async throws -> (TCPStream, TCPStream) {
    let listener = try Listener(at: loopback, on: far)
    defer { listener.close() }
    let client = try await TCPStream.connect(to: listener.address, on: near, before: soon)
    guard let server = await listener.accept(onto: far) else { throw StreamError.connectionLost }
    return (client, server)
}

func read(_ count: Int, from stream: TCPStream) async throws -> [UInt8] {
    var buffer: [UInt8] = []
    while buffer.count < count {
        guard try await stream.read(into: &buffer, limit: count - buffer.count, before: soon) > 0 else { break }
    }
    return buffer
}

/// What several tasks have seen.
final class Record<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        state = Mutex(value)
    }

    var value: Value { state.withLock { $0 } }

    func update(_ change: (inout Value) -> Void) {
        state.withLock { change(&$0) }
    }
}
