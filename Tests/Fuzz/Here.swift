import Synchronization

/// Runs asynchronous work on the caller's thread, one job after the other: the same input is the same run.
final class Here: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Does all of it before it returns. What waits for a clock or for another thread would never end, and is a finding.
    static func run(_ work: @escaping @Sendable () async throws -> Void) {
        let here = Here()
        let end = End()
        Task(executorPreference: here) {
            do {
                try await work()
            } catch {
                require(false, "the preparation failed: \(error)")
            }
            end.isReached.store(true, ordering: .relaxed)
        }
        while let job = here.jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            // Sound: each job is run once, in the order they came.
            unsafe job.runSynchronously(on: here.asUnownedTaskExecutor())
        }
        require(end.isReached.load(ordering: .relaxed), "waits for somebody else")
    }

    private final class End: Sendable {
        let isReached = Atomic(false)
    }
}
