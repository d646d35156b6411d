import CSQLite

/// What SQLite answered instead of success: its extended result code, never its text, which can quote data.
struct SQLiteFailure: Error, Equatable {
    /// https://www.sqlite.org/rescode.html
    let code: Int32

    /// The file holds something that this version never writes.
    static let unreadableValue = SQLiteFailure(code: SQLITE_CORRUPT)
    static let readOnly = SQLiteFailure(code: SQLITE_READONLY)
    static let cannotOpen = SQLiteFailure(code: SQLITE_CANTOPEN)

    /// The low byte of an extended code is the primary one.
    private var primaryCode: Int32 { code & 0xFF }

    /// What it means for a call that had no effect.
    var storeError: StoreError {
        switch primaryCode {
        case SQLITE_FULL: .diskFull
        case SQLITE_READONLY: .readOnly
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .locked
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: .corrupt
        // The schema and the statements are ours: where they do not fit each other, somebody else changed the file.
        case SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_SCHEMA: .corrupt
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: .cannotOpen
        default: .inputOutput(code: code)
        }
    }

    /// What it means when COMMIT was answered with it.
    ///
    /// A full disk or a lock stop a commit before its last frame is written. After a failed write or sync, that frame
    /// can be on the disk or not: a recovery after power loss would find out.
    var storeErrorOfCommit: StoreError {
        primaryCode == SQLITE_IOERR ? .outcomeUnknown : storeError
    }
}
