package enum StreamError: Error, Hashable, Sendable {
    /// The deadline passed before the operation could finish. After a write the stream is only fit to be closed; a read has taken
    /// nothing and may be tried again.
    case deadlinePassed
    /// The peer broke the connection (reset, broken pipe, TLS alert).
    case connectionLost
    /// The task was cancelled.
    case cancelled
    /// TLS: the peer's certificate does not prove its name.
    case certificateNotTrusted
    /// TLS: the handshake or a record broke the protocol.
    case tlsFailed
    /// Another errno of the operating system.
    case system(errno: Int32)
}

/// An ordered, reliable stream of bytes in both directions: TCP, TLS over it, or memory in tests.
///
/// One task reads and one task writes at a time. A stream is a reference: whoever made it closes it, exactly once matters
/// not (a second close does nothing).
///
/// What can be done at once is done by a call that does not wait; ``read(into:limit:before:)`` and
/// ``write(_:_:isLast:before:)`` put both together. A server makes the calls itself, since nearly always it need not wait, and
/// to be ready to costs more than the call.
package protocol ByteStream: AnyObject, Sendable {
    /// Appends at least 1 and at most `limit` bytes to `buffer`, if some have come.
    ///
    /// - Returns: how many were appended; 0 when the peer has sent its last byte; nil if nothing has come, which is what to wait for.
    func readAtOnce(into buffer: inout [UInt8], limit: Int) throws(StreamError) -> Int?

    /// Writes of `head` and `content` (one segment where they fit) what the other side takes now.
    ///
    /// - Parameters:
    ///   - position: how much of both was written; 0 at first. Nothing else may be written before it is all.
    ///   - isLast: where nothing else will be written, a farewell that belongs to the stream (close_notify) goes out in the same
    ///     segment. `finishWriting` or `close` follows.
    /// - Returns: whether all of it is written. If not: wait, and call again with the same arguments.
    func writeAtOnce(
        _ head: [UInt8],
        _ content: [UInt8],
        from position: inout Int,
        isLast: Bool
    ) throws(StreamError) -> Bool

    /// Returns when a read is worth trying: there is something, or the end.
    func waitUntilReadable(before deadline: Deadline) async throws(StreamError)

    /// Returns when a write is worth trying.
    func waitUntilWritable(before deadline: Deadline) async throws(StreamError)

    /// Says that no more will be written (FIN, close_notify), and may go on reading.
    func finishWriting() async

    /// Releases the descriptor. Reads and writes under way end with `.connectionLost`.
    func close()

    /// Up to how many bytes head and content are best handed over in one array; 0 where two are as good.
    var onePieceBytes: Int { get }

    /// What protects the bytes on their way; nil if nothing does. Known once the stream is handed out.
    var security: StreamSecurity? { get }
}

extension ByteStream {
    /// Appends at least 1 and at most `limit` bytes to `buffer`, waiting for the first.
    ///
    /// - Returns: how many were appended; 0 when the peer has sent its last byte.
    package func read(
        into buffer: inout [UInt8],
        limit: Int,
        before deadline: Deadline
    ) async throws(StreamError) -> Int {
        while true {
            if let count = try readAtOnce(into: &buffer, limit: limit) { return count }
            try await waitUntilReadable(before: deadline)
        }
    }

    /// Writes all of `head` and then all of `content`, as one segment where they fit.
    package func write(
        _ head: [UInt8],
        _ content: [UInt8],
        isLast: Bool = false,
        before deadline: Deadline
    ) async throws(StreamError) {
        var position = 0
        while !(try writeAtOnce(head, content, from: &position, isLast: isLast)) {
            try await waitUntilWritable(before: deadline)
        }
    }

    package var onePieceBytes: Int { 0 }

    package var security: StreamSecurity? { nil }
}

/// How a stream is protected, as far as an operator counts it.
package struct StreamSecurity: Hashable, Sendable {
    package enum Version: UInt8, Sendable, CaseIterable {
        case tls12
        case tls13
    }

    package var version: Version
    /// Whether the handshake took up an earlier session, which costs no signature.
    package var isResumed: Bool

    package init(version: Version, isResumed: Bool) {
        self.version = version
        self.isResumed = isResumed
    }
}
