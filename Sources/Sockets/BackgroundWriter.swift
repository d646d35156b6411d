import CLinux
import Glibc
import Synchronization

/// Writes to a descriptor from a thread of its own what others have handed over since, in their order: lines of a log.
///
/// Handing over costs a copy and neither waits nor makes a system call, except for the one that wakes the thread after a
/// pause. The thread gathers for a few milliseconds and writes all of it at once; that much is lost at a kill -9, and nothing
/// when ``flush(within:)`` is called before the process ends. What a reader does not take is kept up to a limit; beyond that
/// it is dropped whole piece by whole piece, counted, and told in its place.
package final class BackgroundWriter: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var lost = 0
        /// Whether the thread waits to be woken, which it only does with nothing pending.
        var isAsleep = false
        var hasThread = false
        var isEnding = false
    }

    private let state = Mutex(State())
    /// Held while pending pieces are taken and written, so that their order is that of their coming.
    private let writing = Mutex(())
    private let descriptor: Int32
    private let bell: Descriptor
    private let limitBytes: Int
    private let gathering: Duration
    private let noteOfLoss: @Sendable (Int) -> [UInt8]

    /// How much goes to a pipe without waiting once it is said to be writable (pipe(7), PIPE_BUF).
    private static let certainBytes = 4096

    /// - Parameters:
    ///   - descriptor: stays the caller's, and blocking or not as it is: it may be shared with other programs.
    ///   - limitBytes: how much waits for a slow reader.
    ///   - gathering: how long pieces wait for others to be written with.
    ///   - noteOfLoss: what is written where so many pieces were dropped.
    package init(
        descriptor: Int32,
        limitBytes: Int = 1 << 20,
        gathering: Duration = .milliseconds(5),
        noteOfLoss: @escaping @Sendable (_ pieces: Int) -> [UInt8]
    ) throws(SystemError) {
        self.descriptor = descriptor
        self.limitBytes = limitBytes
        self.gathering = gathering
        self.noteOfLoss = noteOfLoss
        bell = Descriptor(adopting: try SystemError.check(postern_eventfd_create()))
    }

    /// Hands over one piece, which is written whole or dropped whole. From any thread; never waits for the descriptor.
    package func write(_ piece: [UInt8]) {
        let (startsThread, wakes) = state.withLock { state in
            guard state.pending.count + piece.count <= limitBytes else {
                state.lost += 1
                return (false, false)
            }
            state.pending += piece
            defer {
                state.isAsleep = false
                state.hasThread = true
            }
            return (!state.hasThread, state.isAsleep)
        }
        if startsThread { start() }
        if wakes { _ = postern_eventfd_signal(bell.number) }
    }

    /// Returns when everything handed over before has been written or, with a limit, when that has passed: then some of it is
    /// not, and the last line may be half there.
    ///
    /// - Returns: whether all of it was written, or its reader is gone. The descriptor may be closed then, unless more comes.
    @discardableResult
    package func flush(within limit: Duration? = nil) -> Bool {
        guard let limit else {
            return writing.withLock { _ in writeEverything(before: nil) }
        }
        let deadline = Deadline.now + limit
        // The thread may hold the lock while a stuck reader holds the thread.
        repeat {
            if let isDone = writing.withLockIfAvailable({ _ in writeEverything(before: deadline) }) { return isDone }
            pause(.milliseconds(1))
        } while .now < deadline
        return false
    }

    /// Writes what is left and lets the thread end. What is handed over later has a thread of its own again.
    package func end() {
        flush()
        let wakes = state.withLock { state in
            state.isEnding = true
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { _ = postern_eventfd_signal(bell.number) }
    }
}

// MARK: writing

extension BackgroundWriter {
    /// What became of the pieces that were pending.
    private enum Writing {
        case nothingPending
        case written
        /// The deadline has passed, and some of them are lost.
        case cutOff
    }

    private func writeEverything(before deadline: Deadline?) -> Bool {
        while true {
            switch writePending(before: deadline) {
            case .nothingPending: return true
            case .written: continue
            case .cutOff: return false
            }
        }
    }

    /// To be called with `writing` held.
    private func writePending(before deadline: Deadline?) -> Writing {
        var (pieces, lost) = state.withLock { state in
            let taken = (state.pending, state.lost)
            state.pending = []
            state.lost = 0
            return taken
        }
        guard !pieces.isEmpty || lost > 0 else { return .nothingPending }
        if lost > 0 { pieces += noteOfLoss(lost) }
        return writeAll(pieces, before: deadline) ? .written : .cutOff
    }

    private func writeAll(_ bytes: [UInt8], before deadline: Deadline?) -> Bool {
        var written = 0
        while written < bytes.count {
            if let deadline, !isWritable(before: deadline) { return false }
            let count = min(bytes.count - written, deadline == nil ? .max : Self.certainBytes)
            // Sound: the range lies in the array, which lives across the call.
            let outcome = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), count)
            }
            if outcome >= 0 {
                written += outcome
            } else if errno == EAGAIN {
                // Whoever shares the descriptor has made it non-blocking.
                _ = isWritable(before: deadline ?? .now + .seconds(1))
            } else if errno != EINTR {
                // Nobody reads any more, or the disk is full: a log must not stop the server.
                return true
            }
        }
        return true
    }

    private func isWritable(before deadline: Deadline) -> Bool {
        let rest = Deadline.now.duration(to: deadline)
        var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Sound: one question, which lives across the call.
        return unsafe poll(&question, 1, Int32(max(rest, .zero) / .milliseconds(1))) > 0
    }

    private func pause(_ duration: Duration) {
        // The log's own thread, which nobody waits for: this is how lines gather.
        usleep(UInt32(duration / .microseconds(1)))
    }
}

// MARK: the thread

extension BackgroundWriter {
    private func start() {
        // The thread owns a reference, which it gives up when it ends.
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        // Sound: the argument is the reference just retained, taken exactly once.
        let outcome = unsafe postern_thread_start(
            "log",
            { argument in
                guard let argument = unsafe argument else { return }
                unsafe Unmanaged<BackgroundWriter>.fromOpaque(argument).takeRetainedValue().run()
            },
            argument
        )
        guard outcome < 0 else { return }
        unsafe Unmanaged<BackgroundWriter>.fromOpaque(argument).release()
        // Without a thread of its own it is done here, and tried again with the next piece.
        state.withLock { $0.hasThread = false }
        flush()
    }

    private func run() {
        while true {
            pause(gathering)
            writing.withLock { _ in _ = writePending(before: nil) }
            let (sleeps, ends) = state.withLock { state in
                guard state.pending.isEmpty, state.lost == 0 else { return (false, false) }
                state.isAsleep = !state.isEnding
                state.hasThread = !state.isEnding
                return (state.isAsleep, state.isEnding)
            }
            if ends { return }
            if sleeps { waitForBell() }
        }
    }

    private func waitForBell() {
        var question = pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0)
        // Sound: one question, which lives across the call.
        while unsafe poll(&question, 1, -1) < 0, errno == EINTR {}
        var count: UInt64 = 0
        // Sound: the kernel writes the eight bytes of the number. Taking it makes the bell silent again.
        _ = unsafe read(bell.number, &count, 8)
    }
}
