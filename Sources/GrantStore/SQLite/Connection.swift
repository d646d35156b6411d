import CSQLite
import Timekeeping

/// One connection to the database file, with its prepared statements. Not thread-safe: a `Lane` confines it to one queue.
// Sound: the handle is opened by `init`, closed by `deinit`, and does not leave this type but for rows within a call.
@safe final class Connection {
    enum Access {
        case readOnly
        /// The file must exist: `StoreDirectory` makes it, with the right mode.
        case readWrite
    }

    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    /// Set by whatever makes a delivery due, cleared before each write: the store then knows whether to ring.
    var hasNews = false

    /// - Parameter busyTimeout: how long a call waits for another process's lock; it blocks its thread.
    init(path: String, access: Access, busyTimeout: Duration) throws(SQLiteFailure) {
        var opened: OpaquePointer?
        let flags = (access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX
        // Sound: SQLite copies the path, and writes to `opened` only during the call.
        let result = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard result == SQLITE_OK, let database = unsafe opened else {
            // Sound: after a failed open the handle must be closed too; nil is allowed.
            let code = unsafe opened == nil ? result : sqlite3_extended_errcode(opened)
            _ = unsafe sqlite3_close_v2(opened)
            throw SQLiteFailure(code: code)
        }
        unsafe handle = database
        let milliseconds = Int32(clamping: busyTimeout.wholeMicroseconds / 1000)
        // Sound: calls on the handle just opened.
        _ = unsafe sqlite3_extended_result_codes(handle, 1)
        _ = unsafe sqlite3_busy_timeout(handle, milliseconds)
        _ = unsafe postern_sqlite_set_defensive(handle)
        // Temporary files would need a writable /tmp, which a container with a read-only root lacks.
        try execute(
            "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY"
        )
    }

    deinit {
        statements.removeAll()
        // Sound: the last use of the handle; its statements are finalized.
        _ = unsafe sqlite3_close_v2(handle)
    }

    /// Runs a script of statements without parameters.
    func execute(_ script: String) throws(SQLiteFailure) {
        // Sound: SQLite reads the text only during the call.
        let result = unsafe sqlite3_exec(handle, script, nil, nil, nil)
        guard result == SQLITE_OK else { throw SQLiteFailure(code: result) }
    }

    /// Runs one statement that answers no rows.
    ///
    /// - Returns: how many rows it inserted, changed or deleted.
    @discardableResult
    func run(_ sql: String, _ values: SQLValue...) throws(SQLiteFailure) -> Int {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
        // Sound: reads a counter of the open handle.
        return Int(unsafe sqlite3_changes64(handle))
    }

    /// Reads all rows of one query.
    func rows<Element>(
        _ sql: String,
        _ values: SQLValue...,
        read: (inout Row) throws(SQLiteFailure) -> Element
    ) throws(SQLiteFailure) -> [Element] {
        var elements: [Element] = []
        try forEachRow(sql, values) { (row) throws(SQLiteFailure) in elements.append(try read(&row)) }
        return elements
    }

    /// Reads the first row of one query; nil if there is none.
    func row<Element>(
        _ sql: String,
        _ values: SQLValue...,
        read: (inout Row) throws(SQLiteFailure) -> Element
    ) throws(SQLiteFailure) -> Element? {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        guard try statement.step() else { return nil }
        var row = Row(statement)
        return try read(&row)
    }

    /// Reads the one number that a query answers.
    func number(_ sql: String) throws(SQLiteFailure) -> Int64 {
        guard let number = try row(sql, read: { (row) throws(SQLiteFailure) in try row.integer() }) else {
            throw .unreadableValue
        }
        return number
    }

    /// Runs the body in a transaction that only reads: all its queries see one moment.
    func snapshot<Value>(
        _ body: (Connection) throws(SQLiteFailure) -> Value
    ) throws(SQLiteFailure) -> Value {
        try run("BEGIN")
        // Nothing was written, so ending it has nothing to fail at.
        defer { _ = try? run("COMMIT") }
        return try body(self)
    }

    /// Whether the file can only be read, by its mode or its file system; SQLite opens it all the same.
    var isReadOnly: Bool {
        // Sound: reads a flag of the open handle; the name is read during the call.
        unsafe sqlite3_db_readonly(handle, "main") == 1
    }

    /// Visits the rows of one query without keeping them.
    func forEachRow(
        _ sql: String,
        _ values: [SQLValue],
        visit: (inout Row) throws(SQLiteFailure) -> Void
    ) throws(SQLiteFailure) {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {
            var row = Row(statement)
            try visit(&row)
        }
    }

    /// Whether a transaction is open. Some failures (a full disk, a failed read) roll it back by themselves.
    var isInTransaction: Bool {
        // Sound: reads a flag of the open handle.
        unsafe sqlite3_get_autocommit(handle) == 0
    }

    /// Moves what the log holds into the database and empties the log, as far as other processes' readers allow.
    func checkpoint() {
        // Sound: no pointers are kept. A failure costs nothing: the log stays, and is read at the next start.
        _ = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }

    /// Statements are prepared once per connection: parsing costs more than most of them take.
    private func prepared(_ sql: String) throws(SQLiteFailure) -> Statement {
        if let known = statements[sql] { return known }
        // Sound: the connection keeps the statement, and drops it before it closes.
        let statement = unsafe try Statement(sql, on: handle)
        statements[sql] = statement
        return statement
    }
}
