import Synchronization
import Timekeeping

extension MemoryGrantStore {
    package func tellResult(of flow: FlowID, to token: String) async throws(StoreError) -> ResultTelling {
        let now = wallClock.now()
        return contents.withLock { contents in
            guard let record = contents.flows[flow] else { return .unknown }
            guard case .answered(let outcome) = record.standing else { return .open(record.claim) }
            let (isTold, change) = ResultRules.telling(outcome, after: contents.receipts[flow], to: token, at: now)
            if let change { contents.receipts[flow] = change }
            return isTold ? .told(record) : .gone
        }
    }

    package func confirm(_ word: HostWord, isOwner: Bool) async throws(StoreError) -> ConfirmationAnswer {
        let now = wallClock.now()
        return contents.withLock { contents in
            let (answer, change) = ConfirmationRules.answering(
                word,
                isOwner: isOwner,
                after: contents.confirmations[word.flow],
                standing: contents.flows[word.flow]?.standing,
                at: now
            )
            if let change { contents.confirmations[word.flow] = change }
            return answer
        }
    }

    package func confirmation(of flow: FlowID) async throws(StoreError) -> FlowConfirmation? {
        contents.withLock { $0.confirmations[flow] }
    }
}
