package import Grants
package import Timekeeping

extension FileGrantStore {
    package func noteHint(_ grant: GrantID) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in try connection.noteHint(grant, at: now) }
    }

    package func takeHints(
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [GrantHint] {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.takeHints(limit: limit, lease: lease, at: now)
        }
    }

    package func settleHint(
        _ hint: GrantHint,
        retryAt moment: Timestamp?,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            try connection.settleHint(hint, retryAt: moment, heldBy: instance, at: now)
        }
    }

    package func nextHintDue() async throws(StoreError) -> Timestamp? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.nextHintDue() }
    }
}
