import CLinux
import Synchronization

/// Threads for calls that may block, such as looking up a name: on an event loop they would stop every connection.
///
/// A thread is started when there is work and ends when there is none.
package final class BlockingPool: Sendable {
    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let threads: Int

    package init(threads: Int = 8) {
        self.threads = threads
    }

    /// Runs `work` on a thread of its own and waits for its value.
    ///
    /// Work that has begun cannot be stopped: after the deadline or a cancellation its value is dropped when it comes.
    ///
    /// - Throws: `.deadlinePassed`, `.cancelled`, or `.system` if there is no thread or descriptor to be had.
    package func run<Value: Sendable>(
        on loop: EventLoop,
        before deadline: Deadline,
        _ work: @escaping @Sendable () -> Value
    ) async throws(StreamError) -> Value {
        // The end of the work is an event of the loop like any other, and so are deadline and cancellation.
        let bell: Socket
        do throws(SystemError) {
            let descriptor = Descriptor(adopting: try SystemError.check(postern_eventfd_create()))
            bell = try Socket(adopting: descriptor, on: loop, isReady: false)
        } catch {
            throw .system(errno: error.number)
        }
        defer { bell.close() }
        let answer = Answer<Value>()
        let started = submit {
            // Not under the lock, which the waiting task takes on its loop.
            let value = work()
            answer.value.withLock { $0 = value }
            // Does nothing if nobody waits any more.
            _ = bell.withDescriptor { postern_eventfd_signal($0) }
        }
        if let started { throw .system(errno: started.number) }
        let readiness = await withTaskCancellationHandler {
            await bell.wait(for: .reading, before: deadline)
        } onCancel: {
            bell.close()
        }
        if let value = answer.value.withLock({ $0 }) { return value }
        switch readiness {
        case .deadlinePassed: throw .deadlinePassed
        case .ready, .closed: throw .cancelled
        }
    }

    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}

// MARK: threads

extension BlockingPool {
    private func submit(_ work: @escaping @Sendable () -> Void) -> SystemError? {
        let needsThread = state.withLock { state in
            state.waiting.append(work)
            guard state.running < threads else { return false }
            state.running += 1
            return true
        }
        guard needsThread else { return nil }
        // The thread owns a reference, which it gives up when it ends.
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        // Sound: the argument is the reference just retained, taken exactly once.
        let outcome = unsafe postern_thread_start(
            "blocking",
            { argument in
                guard let argument = unsafe argument else { return }
                unsafe Unmanaged<BlockingPool>.fromOpaque(argument).takeRetainedValue().work()
            },
            argument
        )
        guard outcome < 0 else { return nil }
        unsafe Unmanaged<BlockingPool>.fromOpaque(argument).release()
        // If another thread runs, it will take the work; if none does, nobody would.
        let isStranded = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return false }
            state.waiting.removeAll()
            return true
        }
        return isStranded ? SystemError(-outcome) : nil
    }

    private func work() {
        while let work = state.withLock({ state -> (@Sendable () -> Void)? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }) {
            work()
        }
    }
}
