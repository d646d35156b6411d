import Synchronization

/// Says once that the time has come to finish: no more connections, what is in hand to its end.
package final class GracefulShutdown: Sendable {
    private struct State {
        var number = 0
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let isBegun = Atomic(false)
    private let state = Mutex(State())

    package init() {}

    package var hasBegun: Bool { isBegun.load(ordering: .sequentiallyConsistent) }

    /// From any thread; a second time it does nothing.
    package func begin() {
        let actions = state.withLock { state in
            isBegun.store(true, ordering: .sequentiallyConsistent)
            defer { state.actions = [:] }
            return Array(state.actions.values)
        }
        for action in actions { action() }
    }

    /// Waits for the shutdown to begin, or for the task to be cancelled.
    package func begun() async {
        let number = nextNumber()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(number) { continuation.resume() }
                // The cancellation may have come before there was anything to run.
                if Task.isCancelled { run(number) }
            }
        } onCancel: {
            run(number)
        }
    }

    /// Runs `action` when the shutdown begins, at once if it has, unless `body` is over.
    func withAction<Result>(_ action: @escaping @Sendable () -> Void, _ body: () async -> Result) async -> Result {
        let number = nextNumber()
        add(number, action)
        let result = await body()
        state.withLock { $0.actions[number] = nil }
        return result
    }

    private func nextNumber() -> Int {
        state.withLock { state in
            state.number += 1
            return state.number
        }
    }

    private func add(_ number: Int, _ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if hasBegun { return true }
            state.actions[number] = action
            return false
        }
        if isLate { action() }
    }

    private func run(_ number: Int) {
        let action = state.withLock { $0.actions.removeValue(forKey: number) }
        action?()
    }
}
