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
package protocol ByteStream: AnyObject, Sendable {
    /// Appends at least 1 and at most `limit` bytes to `buffer`, waiting for the first.
    ///
    /// - Returns: how many were appended; 0 when the peer has sent its last byte.
    func read(into buffer: inout [UInt8], limit: Int, before deadline: Deadline) async throws(StreamError) -> Int

    /// Writes all of `head` and then all of `content`, as one segment where they fit.
    ///
    /// - Parameter isLast: where nothing else will be written, a farewell that belongs to the stream (close_notify) goes out in
    ///   the same segment. `finishWriting` or `close` follows.
    func write(
        _ head: [UInt8],
        _ content: [UInt8],
        isLast: Bool,
        before deadline: Deadline
    ) async throws(StreamError)

    /// Says that no more will be written (FIN, close_notify), and may go on reading.
    func finishWriting() async

    /// Releases the descriptor. Reads and writes under way end with `.connectionLost`.
    func close()

    /// What protects the bytes on their way; nil if nothing does. Known once the stream is handed out.
    var security: StreamSecurity? { get }
}

extension ByteStream {
    package func write(_ head: [UInt8], _ content: [UInt8], before deadline: Deadline) async throws(StreamError) {
        try await write(head, content, isLast: false, before: deadline)
    }

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
