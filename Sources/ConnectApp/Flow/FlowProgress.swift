import GrantStore
import Synchronization

/// The flows that this process works on, and who waits for their ends.
final class FlowProgress: Sendable {
    enum Stage: Sendable {
        case exchanging
        /// Whether the code was exchanged is being found out.
        case settling
    }

    private struct Entry {
        var stage = Stage.exchanging
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private struct State {
        var entries: [FlowID: Entry] = [:]
        var number = 0
    }

    enum Beginning: Sendable {
        case begun
        /// The flow is under way here already.
        case underWay
        /// As many flows are under way as this process takes on; later there is room again.
        case full
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: of flows under way at a time. Nylas takes 50 exchanges a second, so this many are minutes of work,
    ///   or a Nylas that has stopped answering.
    init(limit: Int = 4096) {
        self.limit = limit
    }

    func begin(_ flow: FlowID, _ stage: Stage = .exchanging) -> Beginning {
        state.withLock { state in
            guard state.entries[flow] == nil else { return .underWay }
            guard state.entries.count < limit else { return .full }
            state.entries[flow] = Entry(stage: stage)
            return .begun
        }
    }

    func settles(_ flow: FlowID) {
        state.withLock { $0.entries[flow]?.stage = .settling }
    }

    /// Wakes everybody who waits for the flow.
    func end(_ flow: FlowID) {
        let waiting = state.withLock { $0.entries.removeValue(forKey: flow)?.waiting }
        for continuation in (waiting ?? [:]).values { continuation.resume() }
    }

    /// nil if the flow is not under way here.
    func stage(of flow: FlowID) -> Stage? {
        state.withLock { $0.entries[flow]?.stage }
    }

    /// How many flows are in each stage.
    var counts: (exchanging: Int, settling: Int) {
        state.withLock { state in
            let settling = state.entries.values.count { $0.stage == .settling }
            return (state.entries.count - settling, settling)
        }
    }

    /// Returns when the flow is not under way here any more, or the task is cancelled.
    func ended(_ flow: FlowID) async {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A cancellation that came first has found nobody to wake.
                    guard state.entries[flow] != nil, !Task.isCancelled else { return true }
                    state.entries[flow]?.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.entries[flow]?.waiting.removeValue(forKey: number) }?.resume()
        }
    }

    /// The same, but not for longer than `limit`.
    func ended(_ flow: FlowID, within limit: Duration, _ time: MonotonicTime) async {
        guard stage(of: flow) != nil else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.ended(flow)
            }
            group.addTask {
                _ = await time.sleep(for: limit)
            }
            await group.next()
            group.cancelAll()
        }
    }
}
