import Glibc
import Grants
import TestSupport
import Testing

@testable import GrantStore

@Suite("Faults of the file store")
struct StoreFaultTests {
    let directory: TemporaryDirectory
    let clock = ManualWallClock()

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open(patience: Duration = .seconds(5), maximumBytes: Int? = nil) throws -> FileGrantStore {
        try FileGrantStore(
            directory: directory.path,
            wallClock: clock.clock,
            patience: patience,
            maximumBytes: maximumBytes
        )
    }

    /// Opens the file beside the store, as another process would.
    func openRaw(_ access: Connection.Access = .readWrite) throws -> Connection {
        try Connection(path: directory.path + "/postern.db", access: access, busyTimeout: .zero)
    }

    @Test func `a file that may not grow is full; what was saved stays, and room makes it work again`() async throws {
        let store = try open(maximumBytes: 300_000)
        var saved: [String] = []
        do {
            for number in 0... {
                let name = "g\(number)"
                var grant = try Sample.grant(name, at: clock.now)
                grant.scopes = [String(repeating: "s", count: 8000)]
                try await store.connect(name, saving: grant, clock)
                saved.append(name)
            }
        } catch { #expect(error as? StoreError == .diskFull) }
        #expect(saved.count > 5)
        #expect(Set(try await store.grants(matching: GrantFilter(limit: 1000)).map(\.id.text)) == Set(saved))
        await store.close()
        let roomier = try open()
        try await roomier.connect("more", saving: Sample.grant("more", at: clock.now), clock)
        #expect(try await roomier.grants(matching: GrantFilter(limit: 1000)).count == saved.count + 1)
        #expect(try await roomier.verifyAuditChain() != .broken(at: 1))
    }

    @Test(arguments: [
        (ENOSPC, StoreError.diskFull),
        (EIO, .outcomeUnknown),
        (EFBIG, .outcomeUnknown),
    ])
    func `a write that fails in COMMIT is told, has no effect here and passes`(
        number: CInt,
        error: StoreError
    ) async throws {
        let store = try open()
        try await store.connect("1", saving: Sample.grant("before", at: clock.now), clock)
        await SystemCallFaults.withWritesFailing(in: directory.path, number: number) {
            await #expect(throws: error) {
                try await store.connect("2", saving: Sample.grant("during", at: clock.now), clock)
            }
            await #expect(throws: error) { try await store.checkWritable() }
            #expect((try? await store.grants(matching: GrantFilter()))?.map(\.id.text) == ["before"])
        }
        try await store.checkWritable()
        try await store.connect("3", saving: Sample.grant("after", at: clock.now), clock)
        #expect(Set(try await store.grants(matching: GrantFilter()).map(\.id.text)) == ["before", "after"])
        try await store.checkIntegrity()
    }

    @Test func `a full disk fails each of a crowd, and keeps none of them`() async throws {
        let store = try open()
        await SystemCallFaults.withWritesFailing(in: directory.path, number: ENOSPC) {
            let errors = await withTaskGroup { group in
                for number in 0..<20 {
                    group.addTask { () -> StoreError? in
                        let claim = Sample.claim("\(number)", startedAt: clock.now)
                        do throws(StoreError) {
                            _ = try await store.claim(claim, lease: Sample.lease("a", until: clock.now))
                            return nil
                        } catch { return error }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(errors == [StoreError?](repeating: .diskFull, count: 20))
        }
        #expect(try await store.openClaims() == [])
    }

    @Test func `another process that writes for longer than our patience locks us out, for as long as it does`()
        async throws
    {
        let store = try open(patience: .milliseconds(1))
        try await store.connect("1", saving: Sample.grant("before", at: clock.now), clock)
        let other = try openRaw()
        try other.run("BEGIN IMMEDIATE")
        await #expect(throws: StoreError.locked) { try await store.checkWritable() }
        #expect(try await store.grants(matching: GrantFilter()).count == 1)
        try other.run("ROLLBACK")
        try await store.checkWritable()
    }

    @Test(arguments: [
        ("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("trusted_schema", "0"),
        ("secure_delete", "1"), ("temp_store", "2"), ("cell_size_check", "1"),
    ])
    func `the writer keeps the settings that durability and safety rest on`(name: String, value: String) async throws {
        let writer = try #require(try open().writer)
        let set = try await writer.write { (connection) throws(SQLiteFailure) in
            try connection.row("SELECT CAST(\(name) AS TEXT) FROM pragma_\(name)") { (row) throws(SQLiteFailure) in
                try row.text()
            }
        }
        #expect(set == value)
    }

    @Test func `a connection that can only read says so`() async throws {
        await (try open()).close()
        let writer = Writer(try openRaw(.readOnly))
        await #expect(throws: StoreError.readOnly) {
            try await writer.write { (connection) throws(SQLiteFailure) in
                _ = try connection.run("UPDATE meta SET value = 1")
            }
        }
    }

    @Test(arguments: [
        Array(
            "this is not a database, but long enough to be mistaken for the header of one: 100 bytes are needed....."
                .utf8
        ),
        Array("short".utf8),
        Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0xFF, count: 4096),
    ])
    func `a file that is no database is corrupt, and left as it is`(bytes: [UInt8]) throws {
        try directory.write(bytes, to: "postern.db")
        #expect(throws: StoreError.corrupt) { try open() }
        #expect(throws: StoreError.corrupt) { try FileGrantStore(directory: directory.path, access: .readOnly) }
        #expect(try directory.contents("postern.db") == bytes)
    }

    @Test(arguments: ["PRAGMA application_id = 7", "PRAGMA user_version = 1", "CREATE TABLE theirs (x)"])
    func `another program's database is refused, and left as it is`(script: String) throws {
        try directory.write([], to: "postern.db")
        try openRaw().execute(script)
        let before = try directory.contents("postern.db")
        #expect(throws: StoreError.corrupt) { try open() }
        #expect(try directory.contents("postern.db") == before)
    }

    @Test func `a newer format is refused, and left as it is`() async throws {
        await (try open()).close()
        try openRaw().execute("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        let before = try directory.contents("postern.db")
        let error = StoreError.newerFormat(found: 99, known: Schema.version)
        #expect(throws: error) { try open() }
        #expect(throws: error) { try FileGrantStore(directory: directory.path, access: .readOnly) }
        #expect(try directory.contents("postern.db") == before)
    }

    @Test func `damage inside the file is found`() async throws {
        let store = try open()
        for number in 0..<50 {
            try await store.connect("\(number)", saving: Sample.grant("g\(number)", at: clock.now), clock)
        }
        await store.close()
        let root = Int(try openRaw().number("SELECT rootpage FROM sqlite_schema WHERE name = 'grants'"))
        var bytes = try directory.contents("postern.db")
        // The first page of the grants: the schema is whole, so the file opens.
        for index in (root - 1) * 4096..<root * 4096 { bytes[index] ^= 0xA5 }
        try directory.write(bytes, to: "postern.db")
        let damaged = try open()
        await #expect(throws: StoreError.corrupt) { try await damaged.checkIntegrity() }
        await #expect(throws: StoreError.corrupt) { try await damaged.grants(matching: GrantFilter()) }
    }

    @Test(arguments: [
        "UPDATE flow_claim SET provider = 'somebody else'", "UPDATE flow_claim SET scopes = 'no JSON'",
        "UPDATE flow_claim SET tags = '[1]'", "UPDATE flow_claim SET kind = ''", "UPDATE flow_claim SET owner = ''",
        "UPDATE flow_claim SET lease_instance = NULL, lease_expires_at = NULL, verdict = 'x', answered_at = 1",
        "DROP TABLE flow_claim",
    ])
    func `what we would never write is corrupt, not a trap`(script: String) async throws {
        let store = try open()
        let claim = Sample.claim("s", startedAt: clock.now)
        _ = try await store.claim(claim, lease: Sample.lease("a", until: clock.now))
        try openRaw().execute(script)
        await #expect(throws: StoreError.corrupt) { try await store.record(of: claim.flow) }
    }

    @Test func `a directory in place of the file, or a file in place of the directory, can't be opened`() throws {
        // Sound: the path is read during the call.
        #expect(unsafe mkdir(directory.path + "/postern.db", 0o700) == 0)
        #expect(throws: StoreError.cannotOpen) { try open() }
        try directory.write([], to: "plain")
        // Sound: the paths are read during the call.
        #expect(unsafe symlink("/nowhere/at/all", directory.path + "/dangling") == 0)
        for path in ["/plain", "/plain/below", "/plain/below/deeper", "/dangling", "/dangling/below"] {
            #expect(throws: StoreError.cannotOpen) { try FileGrantStore(directory: directory.path + path) }
        }
        #expect(throws: StoreError.cannotOpen) { try FileGrantStore(directory: "") }
    }

    private static let meanings: [(Int32, StoreError)] = [
        (13, .diskFull), (8, .readOnly), (776, .readOnly), (5, .locked), (261, .locked), (517, .locked), (6, .locked),
        (15, .locked), (11, .corrupt), (267, .corrupt), (26, .corrupt), (1, .corrupt), (787, .corrupt),
        (14, .cannotOpen), (526, .cannotOpen), (3, .cannotOpen), (1034, .inputOutput(code: 1034)),
        (7, .inputOutput(code: 7)),
    ]

    @Test(arguments: meanings)
    func `each result code of SQLite is one error of ours`(code: Int32, error: StoreError) {
        #expect(SQLiteFailure(code: code).storeError == error)
    }

    @Test(arguments: [10 as Int32, 778, 1034, 1290])
    func `after a failed write or sync in COMMIT nobody knows`(code: Int32) {
        #expect(SQLiteFailure(code: code).storeErrorOfCommit == .outcomeUnknown)
    }
}
