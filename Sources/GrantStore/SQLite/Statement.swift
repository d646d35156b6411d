import CSQLite
import Timekeeping

/// A prepared statement; its `Connection` outlives it.
// Sound: the handle is made by `init` and finalized by `deinit`; pointers to columns are copied before the next call.
@safe final class Statement {
    private let handle: OpaquePointer

    init(_ sql: String, on database: OpaquePointer) throws(SQLiteFailure) {
        var prepared: OpaquePointer?
        // Sound: SQLite copies the text; -1 because Swift passes it with its terminating zero.
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let result = unsafe sqlite3_prepare_v3(database, sql, -1, flags, &prepared, nil)
        guard result == SQLITE_OK, let prepared = unsafe prepared else { throw SQLiteFailure(code: result) }
        unsafe handle = prepared
    }

    deinit {
        // Sound: the last use of the handle.
        _ = unsafe sqlite3_finalize(handle)
    }

    /// Binds all parameters, in their order.
    func bind(_ values: [SQLValue]) throws(SQLiteFailure) {
        // Sound: reads a number of the statement.
        let expected = Int(unsafe sqlite3_bind_parameter_count(handle))
        precondition(values.count == expected, "each statement is written with its values, on the same line")
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            let result =
                switch value {
                case .integer(let number):
                    // Sound: passes a number.
                    unsafe sqlite3_bind_int64(handle, position, number)
                case .text(let text): bind(text, at: position)
                case .blob(let bytes):
                    // Sound: SQLite copies the bytes before it returns; an empty array is bound as an empty blob.
                    if bytes.isEmpty {
                        unsafe sqlite3_bind_zeroblob(handle, position, 0)
                    } else {
                        unsafe sqlite3_bind_blob(
                            handle,
                            position,
                            bytes,
                            Int32(clamping: bytes.count),
                            postern_sqlite_transient()
                        )
                    }
                case .null:
                    // Sound: passes nothing.
                    unsafe sqlite3_bind_null(handle, position)
                }
            guard result == SQLITE_OK else { throw SQLiteFailure(code: result) }
        }
    }

    /// With its length, so that a zero character inside does not cut it.
    private func bind(_ text: String, at position: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            // Sound: SQLite copies the bytes before it returns. An empty buffer may have no address, which would bind NULL.
            unsafe bytes.isEmpty
                ? sqlite3_bind_text(handle, position, "", 0, postern_sqlite_transient())
                : bytes.withMemoryRebound(to: CChar.self) { characters in
                    unsafe sqlite3_bind_text(
                        handle,
                        position,
                        characters.baseAddress,
                        Int32(clamping: characters.count),
                        postern_sqlite_transient()
                    )
                }
        }
    }

    /// Goes on to the next row.
    ///
    /// - Returns: false behind the last one.
    func step() throws(SQLiteFailure) -> Bool {
        // Sound: touches nothing but the statement.
        let result = unsafe sqlite3_step(handle)
        switch result {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw SQLiteFailure(code: result)
        }
    }

    /// Makes the statement ready for the next use, and forgets what was bound.
    func reset() {
        // Sound: touches nothing but the statement. The result repeats what `step` threw.
        _ = unsafe sqlite3_reset(handle)
        _ = unsafe sqlite3_clear_bindings(handle)
    }

    fileprivate var columnCount: Int32 {
        // Sound: reads a number of the statement.
        unsafe sqlite3_column_count(handle)
    }

    fileprivate func columnType(_ column: Int32) -> Int32 {
        // Sound: reads a number of the current row.
        unsafe sqlite3_column_type(handle, column)
    }

    fileprivate func integer(_ column: Int32) -> Int64 {
        // Sound: reads a number of the current row.
        unsafe sqlite3_column_int64(handle, column)
    }

    fileprivate func text(_ column: Int32) -> String? {
        // Sound: the pointer and its length are valid until the next call on the statement, and are copied before.
        guard let start = unsafe sqlite3_column_text(handle, column) else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(validating: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    fileprivate func blob(_ column: Int32) -> [UInt8] {
        // Sound: as with `text`; an empty blob has no address.
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// The row a statement stands on. Its columns are read once each, from left to right; it is valid within its closure only.
struct Row {
    private let statement: Statement
    private var column: Int32 = 0

    init(_ statement: Statement) {
        self.statement = statement
    }

    mutating func integer() throws(SQLiteFailure) -> Int64 {
        try required(SQLITE_INTEGER) { $0.integer($1) }
    }

    mutating func text() throws(SQLiteFailure) -> String {
        guard let text = try required(SQLITE_TEXT, read: { $0.text($1) }) else { throw .unreadableValue }
        return text
    }

    mutating func blob() throws(SQLiteFailure) -> [UInt8] {
        try required(SQLITE_BLOB) { $0.blob($1) }
    }

    mutating func time() throws(SQLiteFailure) -> Timestamp {
        Timestamp(microsecondsSince1970: try integer())
    }

    mutating func optionalText() throws(SQLiteFailure) -> String? {
        if isNull {
            column += 1
            return nil
        }
        return try text()
    }

    mutating func optionalTime() throws(SQLiteFailure) -> Timestamp? {
        if isNull {
            column += 1
            return nil
        }
        return try time()
    }

    /// A text that must have the form of a type of ours; nil for NULL.
    mutating func optional<Value>(_ make: (String) -> Value?) throws(SQLiteFailure) -> Value? {
        guard let text = try optionalText() else { return nil }
        guard let value = make(text) else { throw .unreadableValue }
        return value
    }

    /// Whether the next column is NULL.
    var isNull: Bool { statement.columnType(column) == SQLITE_NULL }

    /// Leaves columns out.
    mutating func skip(_ count: Int32) { column += count }

    private mutating func required<Value>(
        _ type: Int32,
        read: (Statement, Int32) -> Value
    ) throws(SQLiteFailure) -> Value {
        precondition(column < statement.columnCount, "each query is written with its reader, on the same page")
        guard statement.columnType(column) == type else { throw .unreadableValue }
        defer { column += 1 }
        return read(statement, column)
    }
}
