import CLinux
import Glibc
import Synchronization

/// A registered descriptor: what may be tried on it now, and who waits for what.
///
/// System calls on the descriptor happen under the lock (they never block), so that ``close()`` from another thread, a
/// cancellation for instance, can never let one of them reach a descriptor that was opened anew.
final class Socket: Sendable {
    enum Direction {
        case reading
        case writing
    }

    enum Readiness {
        /// Worth trying, though it may still turn out to block.
        case ready
        case deadlinePassed
        case closed
    }

    /// The outcome of one attempt.
    enum Attempt {
        case moved(Int)
        case wouldBlock
        case failed(errno: Int32)
        case closed
    }

    /// Resumed by whoever takes it out of the state, which nobody can do twice. Not checked at run time: the check would be an
    /// allocation for every request.
    @safe private struct Waiter {
        private let continuation: UnsafeContinuation<Readiness, Never>
        let deadline: Deadline

        init(_ continuation: UnsafeContinuation<Readiness, Never>, until deadline: Deadline) {
            unsafe self.continuation = continuation
            self.deadline = deadline
        }

        func resume(returning readiness: Readiness) {
            unsafe continuation.resume(returning: readiness)
        }
    }

    private struct State: ~Copyable {
        var descriptor: Descriptor?
        var generation: UInt32 = 0
        var isReadable: Bool
        var isWritable: Bool
        /// The peer has sent its last byte: from then on a short read proves nothing.
        var hasEnded = false
        var isLost = false
        /// How many bytes the system has taken for sending.
        var sentBytes = 0
        var reader: Waiter?
        var writer: Waiter?
        /// When the loop will ask next, at the latest. Often earlier than any waiter's deadline: a kept connection
        /// moves its deadline with every request, and moving the entry as well would cost more than a needless look.
        var scheduled: Deadline?
        var lossAction: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>
    let loop: EventLoop

    /// Registers the descriptor, which must be non-blocking. It is closed if that fails.
    ///
    /// - Parameter isReady: whether an attempt is worthwhile before the first event.
    init(adopting descriptor: consuming Descriptor, on loop: EventLoop, isReady: Bool) throws(SystemError) {
        self.loop = loop
        let number = descriptor.number
        state = Mutex(State(descriptor: descriptor, isReadable: isReady, isWritable: isReady))
        let generation: UInt32
        do throws(SystemError) {
            generation = try loop.register(self, number)
        } catch {
            state.withLock { $0.descriptor = nil }
            throw error
        }
        state.withLock { $0.generation = generation }
    }

    /// Deregisters and closes; waiters resume with `.closed`. A second time it does nothing.
    func close() {
        let waiters = state.withLock { state -> (Waiter?, Waiter?) in
            guard let descriptor = state.descriptor.take() else { return (nil, nil) }
            loop.deregister(descriptor.number, state.generation)
            state.lossAction = nil
            return (state.reader.take(), state.writer.take())
        }
        waiters.0?.resume(returning: .closed)
        waiters.1?.resume(returning: .closed)
    }
}

// MARK: trying

extension Socket {
    /// Runs one non-blocking system call on the descriptor. `body` returns a count or -errno.
    func attempt(_ direction: Direction, asking count: Int, _ body: (Int32) -> Int) -> Attempt {
        state.withLock { state in
            guard let descriptor = state.descriptor?.number else { return .closed }
            guard direction == .reading ? state.isReadable : state.isWritable else { return .wouldBlock }
            let moved = body(descriptor)
            guard moved >= 0 || moved == -Int(EAGAIN) else { return .failed(errno: Int32(-moved)) }
            // Fewer bytes than asked for means that the rest would block (epoll(7), edge-triggered streams), and spares
            // the call that would say so: unless the end of the stream has been announced, for which no edge follows.
            if moved < count {
                switch direction {
                case .reading: state.isReadable = state.hasEnded && moved >= 0
                case .writing: state.isWritable = false
                }
            }
            guard moved >= 0 else { return .wouldBlock }
            if direction == .writing { state.sentBytes += moved }
            return .moved(moved)
        }
    }

    var sentBytes: Int { state.withLock { $0.sentBytes } }

    /// Runs a call that neither reads nor writes. Nil if the socket is closed.
    func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result? {
        state.withLock { state in
            guard let descriptor = state.descriptor?.number else { return nil }
            return body(descriptor)
        }
    }

    /// Calls `action` once, from the loop's thread or here, when the connection is gone in both directions. A peer that
    /// has only finished writing is not gone.
    func whenLost(_ action: (@Sendable () -> Void)?) {
        let isLost = state.withLock { state in
            if state.isLost { return true }
            state.lossAction = state.descriptor == nil ? nil : action
            return false
        }
        if isLost { action?() }
    }
}

// MARK: waiting

extension Socket {
    /// Waits until an attempt is worth trying. One task waits per direction.
    func wait(for direction: Direction, before deadline: Deadline) async -> Readiness {
        unsafe await withUnsafeContinuation { continuation in
            let waiter = unsafe Waiter(continuation, until: deadline)
            var schedule: (Int32, UInt32)?
            let readiness = state.withLock { state -> Readiness? in
                guard let descriptor = state.descriptor?.number else { return .closed }
                switch direction {
                case .reading:
                    if state.isReadable { return .ready }
                    precondition(state.reader == nil, "a stream is read by one task at a time")
                    state.reader = waiter
                case .writing:
                    if state.isWritable { return .ready }
                    precondition(state.writer == nil, "a stream is written by one task at a time")
                    state.writer = waiter
                }
                if state.scheduled.map({ deadline < $0 }) ?? true {
                    state.scheduled = deadline
                    schedule = (descriptor, state.generation)
                }
                return nil
            }
            if let readiness { waiter.resume(returning: readiness) }
            if let (descriptor, generation) = schedule {
                loop.schedule(descriptor, generation, noLaterThan: deadline)
            }
        }
    }

    /// Called by the loop's thread with an event.
    func becameReady(_ flags: UInt32) {
        let isLost = flags & UInt32(POSTERN_LOST) != 0
        let (reader, writer, lossAction) = state.withLock { state -> (Waiter?, Waiter?, (@Sendable () -> Void)?) in
            guard state.descriptor != nil else { return (nil, nil, nil) }
            if isLost || flags & UInt32(POSTERN_ENDED) != 0 { state.hasEnded = true }
            if isLost { state.isLost = true }
            if state.hasEnded || flags & UInt32(POSTERN_READABLE) != 0 { state.isReadable = true }
            if isLost || flags & UInt32(POSTERN_WRITABLE) != 0 { state.isWritable = true }
            return (
                state.isReadable ? state.reader.take() : nil,
                state.isWritable ? state.writer.take() : nil,
                isLost ? state.lossAction.take() : nil
            )
        }
        lossAction?()
        reader?.resume(returning: .ready)
        writer?.resume(returning: .ready)
    }

    /// Called by the loop's thread when the scheduled moment has come, which may be before any deadline.
    func deadlineCame(_ now: Deadline) {
        var schedule: (Int32, UInt32, Deadline)?
        let (reader, writer) = state.withLock { state -> (Waiter?, Waiter?) in
            guard let descriptor = state.descriptor?.number else { return (nil, nil) }
            let reader = state.reader.map { $0.deadline <= now } ?? false ? state.reader.take() : nil
            let writer = state.writer.map { $0.deadline <= now } ?? false ? state.writer.take() : nil
            state.scheduled = [state.reader?.deadline, state.writer?.deadline].compactMap(\.self).min()
            if let next = state.scheduled { schedule = (descriptor, state.generation, next) }
            return (reader, writer)
        }
        if let (descriptor, generation, next) = schedule {
            loop.schedule(descriptor, generation, noLaterThan: next)
        }
        reader?.resume(returning: .deadlinePassed)
        writer?.resume(returning: .deadlinePassed)
    }
}
