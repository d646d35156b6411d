import CSQLite
import Foundation

struct StoreFailure: Error {
    var code: Int32
}

/// One SQLite file; an actor, since a connection serves one at a time.
actor Store {
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private nonisolated(unsafe) let database: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    init(path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else { throw StoreFailure(code: 1) }
        database = opened
        let schema = """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;
            CREATE TABLE IF NOT EXISTS flow (digest BLOB PRIMARY KEY, claimed_at REAL NOT NULL, grant_id TEXT) STRICT, WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS grants (
                id TEXT PRIMARY KEY, provider TEXT NOT NULL, address TEXT, status TEXT, scopes TEXT NOT NULL, saved_at REAL NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS grants_address ON grants (address);
            """
        guard sqlite3_exec(opened, schema, nil, nil, nil) == SQLITE_OK else { throw StoreFailure(code: 2) }
    }

    /// - Returns: false if somebody had it already.
    func claim(_ digest: Data) throws -> Bool {
        try run(
            "INSERT INTO flow (digest, claimed_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.blob(digest), .number(now)]
        )
        return sqlite3_changes(database) == 1
    }

    func save(_ grant: GrantAnswer.Grant, of digest: Data) throws {
        try run("BEGIN IMMEDIATE", [])
        do {
            try run(
                """
                INSERT INTO grants (id, provider, address, status, scopes, saved_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET address = excluded.address, status = excluded.status, scopes = excluded.scopes
                """,
                [
                    .text(grant.id), .text(grant.provider), .text(grant.email ?? ""), .text(grant.grant_status ?? ""),
                    .text((grant.scope ?? []).joined(separator: " ")), .number(now),
                ]
            )
            try run("UPDATE flow SET grant_id = ? WHERE digest = ?", [.text(grant.id), .blob(digest)])
            try run("COMMIT", [])
        } catch {
            try? run("ROLLBACK", [])
            throw error
        }
    }

    func address(of digest: Data) throws -> String? {
        try run("SELECT address FROM flow JOIN grants ON grants.id = grant_id WHERE digest = ?", [.blob(digest)])
    }

    // MARK: SQLite

    private enum Value {
        case text(String)
        case blob(Data)
        case number(Double)
    }

    private var now: Double { Date().timeIntervalSince1970 }

    /// - Returns: the first column of the first row, as text.
    @discardableResult
    private func run(_ sql: String, _ values: [Value]) throws -> String? {
        let statement: OpaquePointer
        if let known = statements[sql] {
            statement = known
        } else {
            var prepared: OpaquePointer?
            guard sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil) == SQLITE_OK,
                let prepared
            else { throw StoreFailure(code: sqlite3_errcode(database)) }
            statements[sql] = prepared
            statement = prepared
        }
        defer { sqlite3_reset(statement) }
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            switch value {
            case .text(let text): sqlite3_bind_text(statement, place, text, -1, Store.transient)
            case .number(let number): sqlite3_bind_double(statement, place, number)
            case .blob(let data):
                _ = data.withUnsafeBytes {
                    sqlite3_bind_blob(statement, place, $0.baseAddress, Int32($0.count), Store.transient)
                }
            }
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return sqlite3_column_text(statement, 0).map { String(cString: $0) }
        case SQLITE_DONE: return nil
        case let code: throw StoreFailure(code: code)
        }
    }
}
