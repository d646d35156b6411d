import Grants
import Synchronization

/// One door for each grant, so that two flows of one mailbox are judged and saved one after the other.
final class GrantLocks: Sendable {
    /// Grants behind a closed door, and who waits at it, in the order they came.
    private let held = Mutex<[GrantID: [CheckedContinuation<Void, Never>]]>([:])

    func withLock<Result>(_ grant: GrantID, _ body: () async -> Result) async -> Result {
        await acquire(grant)
        defer { release(grant) }
        return await body()
    }

    private func acquire(_ grant: GrantID) async {
        await withCheckedContinuation { continuation in
            let isFree = held.withLock { held in
                guard held[grant] != nil else {
                    held[grant] = []
                    return true
                }
                held[grant]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func release(_ grant: GrantID) {
        let next = held.withLock { held -> CheckedContinuation<Void, Never>? in
            guard held[grant]?.isEmpty == false else {
                held[grant] = nil
                return nil
            }
            return held[grant]?.removeFirst()
        }
        next?.resume()
    }
}
