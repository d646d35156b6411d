import CLinux
import Glibc

/// A connected stream socket: TCP, or one of a pair in tests.
package final class TCPStream: ByteStream {
    let socket: Socket
    package let peer: SocketAddress

    /// Takes over a connected, non-blocking descriptor, which is closed if it cannot be registered. It sends without delay: who
    /// connects says so, and what is accepted has it from its listener.
    ///
    /// - Parameter isConnected: false while connecting goes on.
    init(
        adopting descriptor: consuming Descriptor,
        peer: SocketAddress,
        on loop: EventLoop,
        isConnected: Bool = true
    ) throws(SystemError) {
        socket = try Socket(adopting: descriptor, on: loop, isReady: isConnected)
        self.peer = peer
    }

    deinit {
        socket.close()
    }

    package func readAtOnce(into buffer: inout [UInt8], limit: Int) throws(StreamError) -> Int? {
        precondition(limit > 0, "a read of no bytes could not be told from the end")
        let first = min(limit, Self.smallBytes)
        switch attemptToReceive(into: &buffer, limit: first) {
        case .moved(let count):
            guard count == first, first < limit else { return count }
            switch attemptToReceive(into: &buffer, limit: limit - first) {
            case .moved(let more): return count + more
            case .failed(let number): throw Self.error(number)
            case .wouldBlock, .closed: return count
            }
        case .wouldBlock: return nil
        case .failed(let number): throw Self.error(number)
        case .closed: throw Self.closed
        }
    }

    package func writeAtOnce(
        _ head: [UInt8],
        _ content: [UInt8],
        from position: inout Int,
        isLast: Bool
    ) throws(StreamError) -> Bool {
        let rest = head.count + content.count - position
        guard rest > 0 else { return true }
        let attempt = socket.attempt(.writing, asking: rest) { descriptor in
            // Sound: both arrays live across the call, which reads as many bytes as they have.
            unsafe postern_send(descriptor, head, head.count, content, content.count, position)
        }
        switch attempt {
        case .moved(let count): position += count
        case .wouldBlock: return false
        case .failed(let number): throw Self.error(number)
        case .closed: throw Self.closed
        }
        return position == head.count + content.count
    }

    package func waitUntilReadable(before deadline: Deadline) async throws(StreamError) {
        try await wait(for: .reading, before: deadline)
    }

    package func waitUntilWritable(before deadline: Deadline) async throws(StreamError) {
        do throws(StreamError) {
            try await wait(for: .writing, before: deadline)
        } catch {
            // After closing, the system would offer the rest for minutes to a peer that does not read, and keep it in memory
            // that no limit of ours counts.
            if error == .deadlinePassed { _ = socket.withDescriptor { postern_reset_on_close($0) } }
            throw error
        }
    }

    package func finishWriting() async {
        _ = socket.withDescriptor { postern_shutdown_writing($0) }
    }

    package func close() {
        socket.close()
    }

    /// Calls `action` once, from any thread, when the peer has broken the connection. A peer that has finished writing
    /// and still reads has not.
    package func whenLost(_ action: (@Sendable () -> Void)?) {
        socket.whenLost(action)
    }

    /// How many bytes the system has taken for sending so far, also by a write that failed in the end.
    package var sentBytes: Int { socket.sentBytes }

    /// Whether the peer has sent nothing that is unread, not even its end: whether a kept connection can be used again.
    package var isQuiet: Bool { socket.withDescriptor { postern_is_quiet($0) } ?? false }

    /// Where this end is; nil once closed.
    package var localAddress: SocketAddress? {
        socket.withDescriptor { Listener.localAddress(of: $0) } ?? nil
    }
}

// MARK: making

extension TCPStream {
    /// Connects to an address.
    ///
    /// - Throws: `.system(ECONNREFUSED)` and its like when nobody answers there, `.deadlinePassed`, `.cancelled`.
    package static func connect(
        to peer: SocketAddress,
        on loop: EventLoop,
        before deadline: Deadline
    ) async throws(StreamError) -> TCPStream {
        var raw = peer.raw
        // Sound: the address is only read, during the call.
        let number = unsafe postern_connect_begin(&raw)
        guard number >= 0 else { throw error(-number) }
        let stream = try adopt(number, peer: peer, on: loop, isConnected: false)
        // One handler for the whole attempt: it closes the socket, and the wait ends by itself.
        let outcome = await withTaskCancellationHandler {
            await stream.socket.waitUntilConnected(before: deadline)
        } onCancel: {
            stream.close()
        }
        if let outcome {
            stream.close()
            throw outcome
        }
        return stream
    }

    /// Two streams connected with each other.
    package static func pair(on loop: EventLoop) throws(StreamError) -> (TCPStream, TCPStream) {
        var (first, second): (Int32, Int32) = (-1, -1)
        // Sound: the shim writes one number to each.
        let outcome = unsafe postern_socket_pair(&first, &second)
        guard outcome >= 0 else { throw error(-outcome) }
        let local = SocketAddress(.local, port: 0)
        let other = Descriptor(adopting: second)
        let stream = try adopt(first, peer: local, on: loop)
        return (stream, try adopt(other.release(), peer: local, on: loop))
    }

    private static func adopt(
        _ number: Int32,
        peer: SocketAddress,
        on loop: EventLoop,
        isConnected: Bool = true
    ) throws(StreamError) -> TCPStream {
        do throws(SystemError) {
            let descriptor = Descriptor(adopting: number)
            // Fails on what is not TCP, and then there is nothing to switch off.
            _ = postern_set_no_delay(number)
            return try TCPStream(adopting: descriptor, peer: peer, on: loop, isConnected: isConnected)
        } catch {
            throw Self.error(error.number)
        }
    }
}

// MARK: outcomes

extension TCPStream {
    private func wait(for direction: Socket.Direction, before deadline: Deadline) async throws(StreamError) {
        switch await socket.wait(for: direction, before: deadline) {
        case .ready: return
        case .deadlinePassed: throw .deadlinePassed
        case .closed: throw Self.closed
        }
    }

    /// What a temporary allocation has on the stack; a larger one would be malloc's, for every request. Nearly all that a
    /// server reads at once is smaller, and whoever sends more is read from twice.
    private static let smallBytes = 1024

    private func attemptToReceive(into buffer: inout [UInt8], limit: Int) -> Socket.Attempt {
        socket.attempt(.reading, asking: limit) { descriptor in
            // Bytes are received beside the array and appended, since an array would have to be filled with zeros first.
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { bytes in
                // Sound: the allocation has `limit` bytes, and only those that were received are looked at.
                let count = unsafe postern_receive(descriptor, bytes.baseAddress, limit)
                if count > 0 { unsafe buffer.append(contentsOf: bytes[0..<count]) }
                return count
            }
        }
    }

    /// A stream is closed under its user's hands when the task is cancelled, or by another task.
    static var closed: StreamError { Task.isCancelled ? .cancelled : .connectionLost }

    static func error(_ number: Int32) -> StreamError {
        switch number {
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: .connectionLost
        default: .system(errno: number)
        }
    }
}

extension Socket {
    /// - Returns: nil once connected, or why it is not.
    fileprivate func waitUntilConnected(before deadline: Deadline) async -> StreamError? {
        switch await wait(for: .writing, before: deadline) {
        case .deadlinePassed: return .deadlinePassed
        case .closed: return TCPStream.closed
        case .ready:
            guard let outcome = withDescriptor({ postern_connect_outcome($0) }) else { return TCPStream.closed }
            return outcome == 0 ? nil : TCPStream.error(-outcome)
        }
    }
}
