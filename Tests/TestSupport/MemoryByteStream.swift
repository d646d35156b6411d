package import Sockets
import Synchronization

/// One end of a connection in memory, with the manners of a socket: bounded buffers, half close, deadlines.
package final class MemoryByteStream: ByteStream {
    private let incoming: Pipe
    private let outgoing: Pipe

    private init(incoming: Pipe, outgoing: Pipe) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// Two ends connected with each other, each direction holding at most `capacity` bytes that nobody has read.
    package static func pair(capacity: Int = 1 << 16) -> (MemoryByteStream, MemoryByteStream) {
        let (there, back) = (Pipe(capacity: capacity), Pipe(capacity: capacity))
        return (
            MemoryByteStream(incoming: back, outgoing: there), MemoryByteStream(incoming: there, outgoing: back)
        )
    }

    package func readAtOnce(into buffer: inout [UInt8], limit: Int) throws(StreamError) -> Int? {
        guard let taken = try incoming.take(limit) else { return nil }
        buffer += taken
        return taken.count
    }

    package func writeAtOnce(
        _ head: [UInt8],
        _ content: [UInt8],
        from position: inout Int,
        isLast: Bool
    ) throws(StreamError) -> Bool {
        let all = head + content
        if position < all.count { position += try outgoing.put(all[position...]) }
        return position == all.count
    }

    package func waitUntilReadable(before deadline: Deadline) async throws(StreamError) {
        try await incoming.wait(before: deadline) { !$0.bytes.isEmpty || $0.hasEnded || $0.readerIsGone }
    }

    package func waitUntilWritable(before deadline: Deadline) async throws(StreamError) {
        try await outgoing.wait(before: deadline) { [outgoing] in
            $0.bytes.count < outgoing.capacity || $0.hasEnded || $0.readerIsGone || $0.writerIsGone
        }
    }

    package func finishWriting() async {
        outgoing.end()
    }

    package func close() {
        outgoing.end()
        outgoing.abandon(asReader: false)
        incoming.abandon(asReader: true)
    }

    /// What has been sent and not yet read by the other end.
    package var unread: [UInt8] { outgoing.contents }
}

/// One direction.
private final class Pipe: Sendable {
    struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
        /// The reader or the writer has closed its end: nothing more can be done there.
        var readerIsGone = false
        var writerIsGone = false
        /// Grows with every change, so that nobody sleeps through one.
        var version = 0
        var number = 0
        var waiters: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    var contents: [UInt8] { state.withLock { $0.bytes } }

    /// - Returns: the first bytes, none at the end, nil if there are none yet.
    func take(_ limit: Int) throws(StreamError) -> [UInt8]? {
        try change { state throws(StreamError) in
            if state.readerIsGone { throw Self.closed }
            if state.bytes.isEmpty { return state.hasEnded ? [] : nil }
            let taken = Array(state.bytes.prefix(limit))
            state.bytes.removeFirst(taken.count)
            return taken
        }
    }

    /// - Returns: how many bytes there was room for.
    func put(_ bytes: ArraySlice<UInt8>) throws(StreamError) -> Int {
        try change { state throws(StreamError) in
            if state.writerIsGone { throw Self.closed }
            if state.hasEnded || state.readerIsGone { throw .connectionLost }
            let accepted = bytes.prefix(capacity - state.bytes.count)
            state.bytes += accepted
            return accepted.count
        }
    }

    func end() {
        change { $0.hasEnded = true }
    }

    func abandon(asReader: Bool) {
        change { state in
            if asReader { state.readerIsGone = true } else { state.writerIsGone = true }
        }
    }

    /// Returns once the state is as it should be.
    func wait(before deadline: Deadline, until isReady: @Sendable (State) -> Bool) async throws(StreamError) {
        while true {
            let (isReady, version) = state.withLock { (isReady($0), $0.version) }
            if isReady { return }
            try await wait(past: version, before: deadline)
        }
    }

    private func wait(past version: Int, before deadline: Deadline) async throws(StreamError) {
        // A race with a sleeping task costs too much for a server, and is good enough for a test.
        let changed = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.changed(past: version)
                return true
            }
            group.addTask {
                try? await Task.sleep(for: Deadline.now.duration(to: deadline))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw .cancelled }
        if !changed { throw .deadlinePassed }
    }

    private func changed(past version: Int) async {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isPast = state.withLock { state in
                    if state.version != version || Task.isCancelled { return true }
                    state.waiters.append((number, continuation))
                    return false
                }
                if isPast { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume()
        }
    }

    private func change<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var waiters: [(number: Int, continuation: CheckedContinuation<Void, Never>)] = []
        defer { for waiter in waiters { waiter.continuation.resume() } }
        return try state.withLock { state throws(Failure) in
            let before = (state.bytes.count, state.hasEnded, state.readerIsGone, state.writerIsGone)
            defer {
                if before != (state.bytes.count, state.hasEnded, state.readerIsGone, state.writerIsGone) {
                    state.version += 1
                    swap(&waiters, &state.waiters)
                }
            }
            return try body(&state)
        }
    }

    private static var closed: StreamError { Task.isCancelled ? .cancelled : .connectionLost }
}
