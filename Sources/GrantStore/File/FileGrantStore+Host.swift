import Timekeeping

extension FileGrantStore {
    package func tellResult(of flow: FlowID, to token: String) async throws(StoreError) -> ResultTelling {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            guard let record = try connection.flow(flow) else { return .unknown }
            guard case .answered(let outcome) = record.standing else { return .open(record.claim) }
            let receipt = try connection.receipt(of: flow)
            let (isTold, change) = ResultRules.telling(outcome, after: receipt, to: token, at: now)
            if let change { try connection.save(change, of: flow) }
            return isTold ? .told(record) : .gone
        }
    }

    package func confirm(_ word: HostWord, isOwner: Bool) async throws(StoreError) -> ConfirmationAnswer {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            let (answer, change) = ConfirmationRules.answering(
                word,
                isOwner: isOwner,
                after: try connection.confirmation(of: word.flow),
                standing: try connection.flow(word.flow)?.standing,
                at: now
            )
            guard let change else { return answer }
            try connection.save(change, of: word.flow)
            try connection.appendToAudit(
                change.standing == .confirmed ? .flowConfirmed : .flowRefused,
                grant: nil,
                owner: word.owner,
                reference: word.reference,
                detail: nil,
                actor: word.actor,
                at: now
            )
            return answer
        }
    }

    package func confirmation(of flow: FlowID) async throws(StoreError) -> FlowConfirmation? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.confirmation(of: flow) }
    }
}
