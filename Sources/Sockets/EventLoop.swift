import CLinux
import Synchronization

/// One thread that waits for sockets and runs the tasks which prefer it.
///
/// Resuming a task from its own loop is a push onto a queue of the same thread: no context switch, no system call.
/// Whatever may block (name resolution, fsync) must not run here, since every connection of the loop would wait.
package final class EventLoop: TaskExecutor {
    /// Who is told about a descriptor. The generation is in the event, so that an event for a descriptor that was closed
    /// and opened again as something else is recognised and dropped.
    private struct Registration {
        var generation: UInt32
        var socket: Socket
    }

    private struct State {
        var jobs: [UnownedJob] = []
        /// Whether the thread waits, or is about to: whoever adds work must wake it.
        var isAsleep = false
        var isStopping = false
        var generation: UInt32 = 0
        /// By descriptor.
        var registrations: [Registration?] = []
        var deadlines = DeadlineHeap()
        var stopped: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let epoll: Descriptor
    private let alarm: Descriptor
    /// The token of the alarm; generations of sockets begin at 1.
    private static let alarmToken: UInt64 = 0

    /// Makes a loop whose thread runs until ``stop()``.
    package init(number: Int = 0) throws(SystemError) {
        epoll = Descriptor(adopting: try SystemError.check(postern_epoll_create()))
        alarm = Descriptor(adopting: try SystemError.check(postern_eventfd_create()))
        _ = try SystemError.check(postern_epoll_add(epoll.number, alarm.number, Self.alarmToken))
        // The thread owns a reference, which it gives up when it ends.
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        // Sound: the argument is the reference just retained, taken exactly once.
        let started = unsafe postern_thread_start(
            "loop \(number)",
            { argument in
                guard let argument = unsafe argument else { return }
                unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
            },
            argument
        )
        if started < 0 {
            unsafe Unmanaged<EventLoop>.fromOpaque(argument).release()
            throw SystemError(-started)
        }
    }

    /// Ends the thread once every task that prefers it has ended. Must not be called from the loop itself.
    package func stop() async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                state.isStopping = true
                state.stopped = continuation
            }
            wake()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        // Sound: the job is run exactly once, by this thread.
        let job = UnownedJob(job)
        let wakes = state.withLock { state in
            state.jobs.append(job)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { wake() }
    }

    private func wake() {
        _ = postern_eventfd_signal(alarm.number)
    }
}

// MARK: sockets

extension EventLoop {
    /// Begins to tell `socket` about its descriptor.
    ///
    /// - Returns: the generation, which the socket gives back to the other functions.
    func register(_ socket: Socket, _ descriptor: Int32) throws(SystemError) -> UInt32 {
        let generation = state.withLock { state in
            // Zero is the alarm's.
            state.generation = state.generation == .max ? 1 : state.generation + 1
            if state.registrations.count <= Int(descriptor) {
                let missing = Int(descriptor) + 1 - state.registrations.count
                state.registrations.append(contentsOf: repeatElement(nil, count: missing))
            }
            state.registrations[Int(descriptor)] = Registration(generation: state.generation, socket: socket)
            return state.generation
        }
        let token = UInt64(generation) << 32 | UInt64(descriptor)
        // Registered once, edge-triggered: changing the interest before each wait would cost a system call each.
        let added = postern_epoll_add(epoll.number, descriptor, token)
        if added < 0 {
            deregister(descriptor, generation)
            throw SystemError(-added)
        }
        return generation
    }

    /// Forgets the socket. To be called before its descriptor is closed.
    func deregister(_ descriptor: Int32, _ generation: UInt32) {
        state.withLock { state in
            guard state.registrations[Int(descriptor)]?.generation == generation else { return }
            state.registrations[Int(descriptor)] = nil
            state.deadlines.remove(descriptor)
        }
    }

    /// Makes sure that the socket is asked about its deadlines at `due`, if not before.
    func schedule(_ descriptor: Int32, _ generation: UInt32, noLaterThan due: Deadline) {
        let wakes = state.withLock { state in
            guard state.registrations[Int(descriptor)]?.generation == generation else { return false }
            let earliest = state.deadlines.earliest
            state.deadlines.schedule(descriptor, noLaterThan: due)
            // A thread that sleeps until a later deadline must hear of an earlier one.
            guard state.isAsleep, earliest.map({ due < $0 }) ?? true else { return false }
            state.isAsleep = false
            return true
        }
        if wakes { wake() }
    }
}

// MARK: the thread

extension EventLoop {
    private func run() {
        var events = [postern_event](repeating: postern_event(), count: 256)
        var jobs: [UnownedJob] = []
        var ready: [(Socket, UInt32)] = []
        while true {
            runJobs(&jobs)
            guard let timeout = prepareToSleep() else { break }
            // Sound: the shim writes at most as many events as the array has.
            let count = unsafe postern_epoll_wait(epoll.number, &events, Int32(events.count), timeout)
            collect(events.prefix(Int(max(count, 0))), into: &ready)
            for index in ready.indices { ready[index].0.becameReady(ready[index].1) }
            ready.removeAll(keepingCapacity: true)
            expireDeadlines()
        }
        let stopped = state.withLock { $0.stopped.take() }
        stopped?.resume()
    }

    /// Runs what is waiting, and what that adds: but not for ever, since sockets wait meanwhile.
    private func runJobs(_ jobs: inout [UnownedJob]) {
        for _ in 0..<16 {
            state.withLock { swap(&$0.jobs, &jobs) }
            guard !jobs.isEmpty else { return }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
            jobs.removeAll(keepingCapacity: true)
        }
    }

    /// - Returns: milliseconds to sleep, -1 for ever; nil if the thread has to end.
    private func prepareToSleep() -> Int32? {
        let (isStopping, hasWork, earliest) = state.withLock { state in
            state.isAsleep = state.jobs.isEmpty
            return (state.isStopping, !state.jobs.isEmpty, state.deadlines.earliest)
        }
        if hasWork { return 0 }
        if isStopping { return nil }
        guard let earliest else { return -1 }
        // Rounded up, so that the deadline has passed on waking; a longer sleep than an hour would only be one wake-up less.
        return Deadline.now.millisecondsToSleep(until: earliest)
    }

    private func collect(_ events: ArraySlice<postern_event>, into ready: inout [(Socket, UInt32)]) {
        state.withLock { state in
            state.isAsleep = false
            for event in events where event.token != Self.alarmToken {
                let descriptor = Int(event.token & 0xFFFF_FFFF)
                guard let registration = state.registrations[descriptor],
                    registration.generation == UInt32(event.token >> 32)
                else { continue }
                ready.append((registration.socket, event.flags))
            }
        }
    }

    private func expireDeadlines() {
        guard let earliest = state.withLock({ $0.deadlines.earliest }) else { return }
        let now = Deadline.now
        guard earliest <= now else { return }
        while let socket = state.withLock({ state -> Socket? in
            guard let descriptor = state.deadlines.removeEarliest(dueBy: now) else { return nil }
            return state.registrations[Int(descriptor)]?.socket
        }) {
            socket.deadlineCame(now)
        }
    }
}
