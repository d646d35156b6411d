package import Sockets
internal import Synchronization

/// TLS over any other stream.
///
/// Made by `TLSServerContext.accept` and `TLSClientContext.connect`. While it waits it holds no buffer: records go as they
/// come through arrays that live for one call.
///
/// **The end.** `read` gives 0 only after the other side's close_notify. Where the transport ends without it, `read`
/// throws `.connectionLost`: somebody may have cut the connection (RFC 8446 §6.1). Whether that matters is for the
/// framing above to say (RFC 9112 §9.8): nothing is lost between two messages or after a message of known length; a
/// response that ends with its connection is incomplete.
package final class TLSStream: ByteStream {
    /// How a handshake ends early: by the rules of TLS, or because of the transport.
    enum HandshakeError: Error, Hashable {
        case tls(TLSFailure)
        case transport(StreamError)

        var streamError: StreamError {
            switch self {
            case .tls(let failure): failure.streamError
            case .transport(let error): error
            }
        }
    }

    private struct State: ~Copyable {
        var engine: TLSEngine
        /// Records that have arrived beyond the one that was asked for.
        var arrived: [UInt8] = []
        /// Records that were made and not sent yet: a server's tickets, an alert.
        var made: [UInt8] = []
        /// Records that were made for a write, where the transport has not taken all of them, and how much it has.
        var unsent: [UInt8] = []
        var sent = 0
        var isWriting = false
        var hasFailed = false
        var hasFinishedWriting = false
    }

    private let state: Mutex<State>
    private let transport: any ByteStream
    private let role: TLSEngine.Role

    /// A record at its largest (RFC 8446 §5.2), so that a full one arrives at once.
    private static let arrivalBytes = 5 + TLSEngine.recordBytes + 256
    /// Written at once at most: large contents pass through a buffer of this size.
    private static let pieceBytes = 4 * TLSEngine.recordBytes
    /// How long a farewell may take: nobody waits for it longer.
    private static let farewellTime: Duration = .seconds(2)

    init(_ engine: consuming TLSEngine, as role: TLSEngine.Role, over transport: any ByteStream) {
        state = Mutex(State(engine: engine))
        self.transport = transport
        self.role = role
    }

    /// `TLSv1.3` or `TLSv1.2`.
    package var version: String { state.withLock { $0.engine.version } }
    package var cipherSuite: String { state.withLock { $0.engine.cipherSuite } }
    package var isResumed: Bool { state.withLock { $0.engine.isResumed } }
    package var security: StreamSecurity? {
        state.withLock { state in
            StreamSecurity(
                version: state.engine.isVersion13 ? .tls13 : .tls12,
                isResumed: state.engine.isResumed
            )
        }
    }
    /// What fits into a record is encrypted from one place.
    package var onePieceBytes: Int { TLSEngine.recordBytes }
    package var applicationProtocol: String? { state.withLock { $0.engine.applicationProtocol } }

    func handshake(before deadline: Deadline) async throws(HandshakeError) {
        // The client speaks first: without its hello a server's engine would only say that it waits for one.
        if role == .server { try await receive(before: deadline) }
        while true {
            let (step, records) = advanceHandshake()
            do throws(StreamError) {
                // Also after a failure, which may have made an alert: the other side shall learn why.
                if !records.isEmpty { try await transport.write(records, [], before: deadline) }
            } catch {
                if case .failure(let failure) = step { throw .tls(failure) }
                throw .transport(error)
            }
            switch step {
            case .success(.done): return
            case .success(.needsRecords): try await receive(before: deadline)
            case .failure(let failure): throw .tls(failure)
            }
        }
    }

    private func receive(before deadline: Deadline) async throws(HandshakeError) {
        var records: [UInt8] = []
        do throws(StreamError) {
            let count = try await transport.read(into: &records, limit: Self.arrivalBytes, before: deadline)
            try arrived(records, count)
        } catch {
            throw .transport(error)
        }
    }

    private func advanceHandshake() -> (Result<TLSEngine.Progress, TLSFailure>, [UInt8]) {
        state.withLock { state in
            let step = Result { () throws(TLSFailure) in try state.engine.handshake(&state.arrived, &state.made) }
            if case .failure = step { state.hasFailed = true }
            // The tickets that a TLS 1.3 server makes at the end ride with its first response.
            if case .success(.done) = step, role == .server, state.engine.isVersion13 { return (step, []) }
            return (step, take(&state.made))
        }
    }

    package func readAtOnce(into buffer: inout [UInt8], limit: Int) throws(StreamError) -> Int? {
        while true {
            switch open(into: &buffer, limit: limit) {
            case .success(.bytes(let count)): return count
            case .success(.ended): return 0
            case .success(.needsRecords):
                var records: [UInt8] = []
                guard let count = try transport.readAtOnce(into: &records, limit: Self.arrivalBytes) else { return nil }
                try arrived(records, count)
            case .failure(let error):
                if let alert = startSendingAlert() {
                    // It is small, and whoever does not even take that need not know.
                    var position = 0
                    _ = try? transport.writeAtOnce(alert, [], from: &position, isLast: false)
                }
                throw error
            }
        }
    }

    package func waitUntilReadable(before deadline: Deadline) async throws(StreamError) {
        try await transport.waitUntilReadable(before: deadline)
    }

    package func waitUntilWritable(before deadline: Deadline) async throws(StreamError) {
        do throws(StreamError) {
            try await transport.waitUntilWritable(before: deadline)
        } catch {
            // Perhaps half a record is out: whatever followed, even a farewell, would be garbage over there.
            state.withLock { $0.hasFailed = true }
            throw error
        }
    }

    /// Decrypts what has arrived already.
    private func open(into buffer: inout [UInt8], limit: Int) -> Result<TLSEngine.ReadOutcome, StreamError> {
        state.withLock { state in
            guard !state.hasFailed else { return .failure(Self.unusable) }
            do throws(TLSFailure) {
                return .success(try state.engine.read(&state.arrived, &state.made, into: &buffer, limit: limit))
            } catch {
                state.hasFailed = true
                if case .alertReceived = error { return .failure(.connectionLost) }
                return .failure(error.streamError)
            }
        }
    }

    private func startSendingAlert() -> [UInt8]? {
        state.withLock { state in
            // Not into the middle of somebody's write: the connection ends either way.
            guard !state.isWriting, !state.made.isEmpty else { return nil }
            state.isWriting = true
            return take(&state.made)
        }
    }

    private func arrived(_ records: [UInt8], _ count: Int) throws(StreamError) {
        guard count > 0 else { throw .connectionLost }
        // The engine takes all that has arrived before it asks for more, so nothing is overwritten here.
        state.withLock { $0.arrived = records }
    }

    package func writeAtOnce(
        _ head: [UInt8],
        _ content: [UInt8],
        from position: inout Int,
        isLast: Bool
    ) throws(StreamError) -> Bool {
        let total = head.count + content.count
        var (records, sent) = try state.withLock { state throws(StreamError) in
            guard !state.hasFailed else { throw Self.unusable }
            return (take(&state.unsent), state.sent)
        }
        while true {
            do throws(StreamError) {
                guard try transport.writeAtOnce(records, [], from: &sent, isLast: false) else {
                    state.withLock { state in
                        state.unsent = records
                        state.sent = sent
                    }
                    return false
                }
            } catch {
                state.withLock { $0.hasFailed = true }
                throw error
            }
            guard position < total else { break }
            let end = min(position + Self.pieceBytes, total)
            records = try seal(head, content, position..<end, isLast: isLast && end == total)
            sent = 0
            position = end
        }
        state.withLock { $0.isWriting = false }
        return true
    }

    /// Encrypts a range of `head` and `content` seen as one, after whatever reading left to be said.
    private func seal(
        _ head: [UInt8],
        _ content: [UInt8],
        _ range: Range<Int>,
        isLast: Bool
    ) throws(StreamError) -> [UInt8] {
        let fromHead = range.clamped(to: 0..<head.count)
        let fromContent = (max(range.lowerBound, head.count) - head.count)..<max(range.upperBound - head.count, 0)
        return try state.withLock { state throws(StreamError) in
            guard !state.hasFailed, !state.hasFinishedWriting else { throw Self.unusable }
            var records = take(&state.made)
            // Room for one record around it, for what else may have to be said, and for a farewell.
            records.reserveCapacity(records.count + range.count + 256)
            do throws(TLSFailure) {
                if fromContent.isEmpty {
                    try state.engine.write(head.span.extracting(fromHead), &records)
                } else if fromHead.isEmpty {
                    try state.engine.write(content.span.extracting(fromContent), &records)
                } else {
                    // One record where they fit: two would cost a second seal here and a second read over there.
                    var joined: [UInt8] = []
                    joined.reserveCapacity(range.count)
                    joined += head[fromHead]
                    joined += content[fromContent]
                    try state.engine.write(joined.span, &records)
                }
            } catch {
                state.hasFailed = true
                throw error.streamError
            }
            if isLast {
                state.hasFinishedWriting = true
                state.engine.finishWriting(&records)
            }
            state.isWriting = true
            return records
        }
    }

    package func finishWriting() async {
        let farewell = state.withLock { state -> [UInt8]? in
            guard !state.hasFailed else { return nil }
            // Into the middle of a record nothing is said.
            guard !state.hasFinishedWriting, state.unsent.isEmpty else { return [] }
            state.hasFinishedWriting = true
            state.engine.finishWriting(&state.made)
            return take(&state.made)
        }
        guard let farewell else { return }
        if !farewell.isEmpty { try? await transport.write(farewell, [], before: .now + Self.farewellTime) }
        await transport.finishWriting()
    }

    /// A stream is usually closed because its task was cancelled, and whoever meets it then should learn that.
    private static var unusable: StreamError { Task.isCancelled ? .cancelled : .connectionLost }

    package func close() {
        state.withLock { $0.hasFailed = true }
        transport.close()
    }
}

private func take(_ bytes: inout [UInt8]) -> [UInt8] {
    let taken = bytes
    bytes = []
    return taken
}
