extension FileGrantStore {
    static func openForWriting(
        _ path: String,
        patience: Duration,
        maximumBytes: Int?
    ) throws(StoreError) -> Connection {
        let connection: Connection
        do throws(SQLiteFailure) {
            connection = try Connection(path: path, access: .readWrite, busyTimeout: patience)
            guard !connection.isReadOnly else { throw .readOnly }
        } catch { throw error.storeError }
        // Before anything is written: a file of another program, or of a newer Postern, is left as it is.
        _ = try Schema.found(in: connection)
        do throws(SQLiteFailure) {
            let mode = try connection.row("PRAGMA journal_mode = WAL") { (row) throws(SQLiteFailure) in try row.text() }
            guard mode == "wal" else { throw .cannotOpen }
            // FULL: every commit is synced, not only every checkpoint. What is erased is overwritten: it names people.
            try connection.execute(
                "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216"
            )
            if let maximumBytes {
                let pageBytes = try connection.number("PRAGMA page_size")
                try connection.execute("PRAGMA max_page_count = \(max(Int64(maximumBytes) / pageBytes, 1))")
            }
        } catch { throw error.storeError }
        try Schema.migrate(connection)
        return connection
    }

    static func openForReading(_ path: String, patience: Duration) throws(StoreError) -> Connection {
        let connection: Connection
        do throws(SQLiteFailure) {
            connection = try Connection(path: path, access: .readOnly, busyTimeout: patience)
        } catch { throw error.storeError }
        // An older format is migrated by whoever opens it for writing, not by a look at it.
        guard try Schema.found(in: connection) == Schema.version else { throw .cannotOpen }
        return connection
    }
}
