import Timekeeping

extension FileGrantStore {
    package func begin(
        _ call: IdempotentCall,
        lease: Duration
    ) async throws(StoreError) -> IdempotencyStanding {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            try connection.run("DELETE FROM idempotency WHERE ends_at <= ?", .time(now))
            let known = try connection.row(
                "SELECT content_digest, answer FROM idempotency WHERE key_digest = ?",
                .blob(call.keyDigest)
            ) { (row) throws(SQLiteFailure) in (digest: try row.blob(), answer: try row.optionalText()) }
            if let known {
                return IdempotencyRules.standing(of: call, known: known.digest, sealed: known.answer)
            }
            try connection.run(
                "INSERT INTO idempotency (key_digest, content_digest, ends_at) VALUES (?, ?, ?)",
                .blob(call.keyDigest),
                .blob(call.contentDigest),
                .time(now + lease)
            )
            return .begun
        }
    }

    package func finish(
        _ call: IdempotentCall,
        sealedAnswer: String,
        keptFor: Duration
    ) async throws(StoreError) {
        let now = wallClock.now()
        try await write { (connection) throws(SQLiteFailure) in
            // The lease may have run out meanwhile, and the row with it.
            _ = try connection.run(
                """
                INSERT INTO idempotency (key_digest, content_digest, answer, ends_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (key_digest) DO UPDATE SET answer = excluded.answer, ends_at = excluded.ends_at
                    WHERE answer IS NULL AND content_digest = excluded.content_digest
                """,
                .blob(call.keyDigest),
                .blob(call.contentDigest),
                .text(sealedAnswer),
                .time(now + keptFor)
            )
        }
    }

    package func abandon(_ call: IdempotentCall) async throws(StoreError) {
        try await write { (connection) throws(SQLiteFailure) in
            _ = try connection.run(
                "DELETE FROM idempotency WHERE key_digest = ? AND content_digest = ? AND answer IS NULL",
                .blob(call.keyDigest),
                .blob(call.contentDigest)
            )
        }
    }
}
