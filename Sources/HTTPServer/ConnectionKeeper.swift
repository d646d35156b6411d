import Sockets
import Synchronization

/// Holds a connection for the task that is there as long as it is.
///
/// That task only waits: it works in tasks of their own, since a task keeps the memory of its deepest call for as long as it
/// lives, several times what a connection that rests needs. And it holds a reference, so that its frames have no copies.
final class ConnectionKeeper: Sendable {
    private let kept: Mutex<Connection>
    private let transport: TCPStream

    init(_ connection: Connection) {
        transport = connection.transport
        kept = Mutex(connection)
    }

    /// Serves until the connection ends, which also a cancellation makes it do, at once.
    func run() async {
        // The connection's one handler: it closes the socket, and reads and writes end by themselves.
        await withTaskCancellationHandler {
            await cancelledWhenLost(transport) {
                while let deadline = await work(), (try? await transport.waitUntilReadable(before: deadline)) != nil {}
            }
        } onCancel: {
            transport.close()
        }
        kept.withLock { $0.stream }.close()
        transport.close()
    }

    /// Works until the connection ends or rests.
    ///
    /// - Returns: until when it may rest; nil at its end.
    private func work() async -> Deadline? {
        await withDiscardingTaskGroup { group in
            group.addTask {
                var connection = self.kept.withLock { $0 }
                await connection.converse()
                self.kept.withLock { [connection] in $0 = connection }
            }
        }
        return kept.withLock { $0.restingUntil }
    }
}
