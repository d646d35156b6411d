package import Grants
package import Timekeeping

extension FileGrantStore {
    package func leave(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: String,
        by actor: Actor?,
        reference: String?
    ) async throws(StoreError) -> Departure {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            try connection.leave(
                grant,
                leaver,
                reason: reason,
                by: actor,
                reference: reference,
                telling: outbox,
                at: now
            )
        }
    }

    package func forget(
        _ grant: GrantID,
        reason: String,
        reference: String?
    ) async throws(StoreError) -> StoredGrant? {
        let now = wallClock.now()
        return try await write { [outbox] (connection) throws(SQLiteFailure) in
            try connection.forget(grant, reason: reason, reference: reference, telling: outbox, at: now)
        }
    }

    package func recordRevocation(of grant: GrantID, reason: String) async throws(StoreError) {
        let now = wallClock.now()
        try await write { (connection) throws(SQLiteFailure) in
            try connection.appendToAudit(
                .grantRevoked,
                grant: grant,
                owner: nil,
                reference: nil,
                detail: reason,
                at: now
            )
        }
    }

    package func deletionsDue(at moment: Timestamp, limit: Int) async throws(StoreError) -> [StoredGrant] {
        try await reader.run { (connection) throws(SQLiteFailure) in
            try connection.snapshot { (connection) throws(SQLiteFailure) in
                try connection.deletionsDue(at: moment, limit: min(max(limit, 1), 1000))
            }
        }
    }

    package func postponeDeletion(of grant: GrantID, until moment: Timestamp) async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.postponeDeletion(of: grant, until: moment)
        }
    }
}
