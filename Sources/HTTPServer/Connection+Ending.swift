import HTTPTypes
import Sockets
import Synchronization
import Timekeeping

extension Connection {
    /// Closes so that the client can read the last response to its end: what it still sends is read and dropped for a
    /// while, because unread octets at the moment of closing would be answered by a reset, and that discards what the
    /// client has not read yet (RFC 9112 §9.6).
    func linger() async {
        await stream.finishWriting()
        // Beneath TLS: nobody wants to know what it says.
        await drop(limits.lingerBytes, before: .now + limits.lingerTime)
    }

    /// Answers 503 to a connection that is one too many, where that costs nothing: a handshake for it would.
    mutating func refuse() async {
        defer { transport.close() }
        guard !isSecure else { return }
        let id = numbering.next()
        await withTaskCancellationHandler {
            let response = errorResponse(.serviceUnavailable, id, [:])
            let (head, content, _) = octets(
                of: response,
                to: nil,
                id,
                isLast: true,
                at: server.wallClock.now()
            )
            let deadline = Deadline.now + .seconds(1)
            do { try await transport.write(head, content, before: deadline) } catch { return }
            await transport.finishWriting()
            await drop(64 << 10, before: deadline)
        } onCancel: { [transport] in
            transport.close()
        }
    }

    private func drop(_ bytes: Int, before deadline: Deadline) async {
        var rest = bytes
        while rest > 0 {
            var dropped: [UInt8] = []
            do {
                let count = try await transport.read(into: &dropped, limit: 16 << 10, before: deadline)
                guard count > 0 else { return }
                rest -= count
            } catch {
                return
            }
        }
    }
}

/// Runs `body`, whose task is cancelled when the peer breaks the connection: what a handler still does for a client that
/// is gone, nobody will see.
func cancelledWhenLost(_ transport: TCPStream, _ body: () async -> Void) async {
    // Sound: the task that runs this call lives as long as it, and `end` waits for a cancellation under way.
    let handle = unsafe withUnsafeCurrentTask { task in unsafe task.map { unsafe CancellationHandle($0) } }
    transport.whenLost { handle?.cancel() }
    await body()
    handle?.end()
}

/// A task that another thread may cancel until it ends.
///
/// `@unchecked`: the task is only touched under the lock.
@safe private final class CancellationHandle: @unchecked Sendable {
    private var task: UnsafeCurrentTask?
    private let lock = Mutex(())

    init(_ task: UnsafeCurrentTask) {
        unsafe self.task = task
    }

    func cancel() {
        lock.withLock { _ in unsafe task?.cancel() }
    }

    func end() {
        lock.withLock { _ in unsafe task = nil }
    }
}
