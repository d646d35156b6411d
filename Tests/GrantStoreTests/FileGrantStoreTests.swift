import Dispatch
import Glibc
import Grants
import Synchronization
import TestSupport
import Testing
import Timekeeping

@testable import GrantStore

@Suite("The file store")
struct FileGrantStoreTests {
    let directory: TemporaryDirectory
    let clock = ManualWallClock()

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open(_ access: FileGrantStore.Access = .readWrite) throws -> FileGrantStore {
        try FileGrantStore(directory: directory.path, access: access, wallClock: clock.clock)
    }

    @Test(arguments: GrantStoreConformance.cases)
    func `keeps the contract`(rule: GrantStoreConformance) async throws {
        let store = try FileGrantStore(directory: directory.path, wallClock: clock.clock, outbox: Sample.outbox)
        try await rule.check(store, clock)
    }

    @Test(arguments: BulkStoreConformance.cases)
    func `keeps the contract of bulk runs`(rule: BulkStoreConformance) async throws {
        let store = try FileGrantStore(directory: directory.path, wallClock: clock.clock, outbox: Sample.outbox)
        try await rule.check(store, clock)
    }

    @Test func `tells how long each read took, and nothing of writes`() async throws {
        let noted = Mutex<[Duration]>([])
        let store = try FileGrantStore(directory: directory.path, wallClock: clock.clock) { took in
            noted.withLock { $0.append(took) }
        }
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        #expect(noted.withLock { $0.isEmpty })
        _ = try await store.grant(Sample.grantID("g"))
        _ = try await store.grants(matching: GrantFilter())
        #expect(noted.withLock { $0.count == 2 && $0.allSatisfy { $0 > .zero } })
        await store.close()
    }

    @Test func `what was saved is there when it is opened again`() async throws {
        let store = try open()
        let owner = try Sample.owner("user-7")
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), owner: owner, clock)
        let open = Sample.claim("open", startedAt: clock.now)
        let lease = Sample.lease("a", until: clock.now + .seconds(30))
        #expect(try await store.claim(open, lease: lease) == .claimed)
        let (grants, flow) = (
            try await store.grants(matching: GrantFilter()), try await store.record(of: FlowID(state: "s"))
        )
        await store.close()
        let again = try self.open()
        #expect(try await again.grants(matching: GrantFilter()) == grants)
        #expect(try await again.record(of: FlowID(state: "s")) == flow)
        #expect(try await again.openClaims() == [FlowRecord(claim: open, standing: .open(lease))])
    }

    @Test func `what was saved is there without closing, as after kill -9`() async throws {
        let store = try open()
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        let copy = try TemporaryDirectory()
        for name in ["postern.db", "postern.db-wal"] { try copy.write(directory.contents(name), to: name) }
        let recovered = try FileGrantStore(directory: copy.path)
        #expect(try await recovered.grants(matching: GrantFilter()).map(\.id.text) == ["g"])
        try await recovered.checkIntegrity()
    }

    @Test func `of claims through two stores of one directory exactly one wins`() async throws {
        let stores = [try open(), try open()]
        let claim = Sample.claim("s", startedAt: clock.now)
        let lease = Sample.lease("a", until: clock.now + .seconds(30))
        let winners = await withTaskGroup { group in
            for number in 0..<100 {
                group.addTask { try? await stores[number % 2].claim(claim, lease: lease) }
            }
            return await group.reduce(into: 0) { $0 += $1 == .claimed ? 1 : 0 }
        }
        #expect(winners == 1)
    }

    @Test func `many may open and create it at once`() async throws {
        let opened = await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { (try? open()) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(opened == 8)
    }

    @Test func `a look at a store that is being made finds none or a whole one`() async throws {
        // Often, since whoever comes in between sees a file half made only for a moment.
        for round in 0..<15 {
            let path = directory.path + "/\(round)"
            let failures = await withTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask { () -> Set<StoreError> in
                        var failures: Set<StoreError> = []
                        for _ in 0..<20_000 {
                            do throws(StoreError) {
                                _ = try FileGrantStore(directory: path, access: .readOnly, wallClock: clock.clock)
                                break
                            } catch { failures.insert(error) }
                        }
                        return failures
                    }
                }
                _ = try? FileGrantStore(directory: path, wallClock: clock.clock)
                return await group.reduce(into: Set<StoreError>()) { $0.formUnion($1) }
            }
            #expect(failures.isSubset(of: [.cannotOpen, .locked]), "round \(round)")
        }
    }

    @Test func `the directory and every file in it are for its owner alone`() async throws {
        let path = directory.path + "/a/b/"
        let store = try FileGrantStore(directory: path, wallClock: clock.clock)
        try await store.checkWritable()
        #expect(try directory.mode("a") == 0o700)
        #expect(try directory.mode("a/b") == 0o700)
        for name in ["postern.db", "postern.db-wal", "postern.db-shm"] {
            #expect(try directory.mode("a/b/\(name)") == 0o600, "\(name)")
        }
        #expect(store.warnings == [])
    }

    @Test func `a directory or a file that others can open is told`() async throws {
        await (try open()).close()
        // Sound: the paths are read during the calls.
        #expect(unsafe chmod(directory.path, 0o1777) == 0)
        #expect(unsafe chmod(directory.path + "/postern.db", 0o640) == 0)
        #expect(try open().warnings == [.directoryOpenToOthers(mode: 0o1777), .fileOpenToOthers(mode: 0o640)])
    }

    @Test func `closing folds the log into the file`() async throws {
        let store = try open()
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        await store.close()
        #expect(try directory.names() == ["postern.db"])
    }

    @Test func `a closed store says so, and closes twice`() async throws {
        let store = try open()
        await store.close()
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.checkWritable() }
        await #expect(throws: StoreError.closed) { try await store.openClaims() }
    }

    @Test func `closing ends the writes that wait`() async throws {
        let store = try open()
        let writer = try #require(store.writer)
        let (beginning, began) = AsyncStream.makeStream(of: Void.self)
        // Waited for on the writer's own thread only, never on a task's.
        let gate = DispatchSemaphore(value: 0)
        await withTaskGroup { group in
            group.addTask {
                _ = try? await writer.write { (_) throws(SQLiteFailure) in
                    began.finish()
                    gate.wait()
                }
            }
            for await _ in beginning {}
            for number in 0..<20 {
                group.addTask {
                    try? await store.connect("\(number)", saving: Sample.grant("g\(number)", at: clock.now), clock)
                }
            }
            group.addTask { await store.close() }
            gate.signal()
        }
        let again = try open()
        for flow in try await again.grants(matching: GrantFilter(limit: 100)) {
            #expect(try await again.record(of: FlowID(state: "\(flow.id.text.dropFirst())")) != nil)
        }
    }

    @Test func `a state is not in the file, nor in its log`() async throws {
        let store = try open()
        let state = "state-that-must-not-be-stored"
        try await store.connect(state, saving: Sample.grant("grant-that-must", at: clock.now), clock)
        func holds(_ text: String, _ name: String) throws -> Bool {
            String(decoding: try directory.contents(name), as: UTF8.self).contains(text)
        }
        #expect(try holds("grant-that-must", "postern.db-wal"))
        #expect(try !holds(state, "postern.db-wal"))
        await store.close()
        #expect(try holds("grant-that-must", "postern.db"))
        #expect(try !holds(state, "postern.db"))
    }

    @Test func `what is purged is overwritten`() async throws {
        let store = try open()
        let claim = Sample.claim("s", startedAt: clock.now, owner: try Sample.owner("owner-to-be-forgotten"))
        _ = try await store.record(Sample.outcome(.declined, at: clock.now), for: claim)
        #expect(try await store.purgeFlows(answeredBefore: clock.now + .seconds(1)) == 1)
        await store.close()
        #expect(
            !String(decoding: try directory.contents("postern.db"), as: UTF8.self).contains("owner-to-be-forgotten")
        )
    }

    @Test func `a person can read it with any SQLite tool`() async throws {
        let store = try open()
        let moment = try #require(Timestamp(year: 2026, month: 8, day: 21, hour: 9, minute: 30, second: 0))
        clock.advance(by: moment.duration(since: clock.now) + .milliseconds(250))
        for owner in ["ada", "bea"] {
            try await store.connect(owner, saving: Sample.grant("g", at: moment), owner: Sample.owner(owner), clock)
        }
        let texts = try await store.reader.run { (connection) throws(SQLiteFailure) in
            try connection.rows("SELECT owners, scopes, saved FROM grants_readable") { (row) throws(SQLiteFailure) in
                [try row.text(), try row.text(), try row.text()]
            }
        }
        #expect(texts == [["ada, bea", #"["gmail.readonly","openid"]"#, "2026-08-21T09:30:00.250Z"]])
    }
}

@Suite("A look at the file store while others write")
struct ReadOnlyAccessTests {
    let directory: TemporaryDirectory
    let clock = ManualWallClock()

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open(_ access: FileGrantStore.Access) throws -> FileGrantStore {
        try FileGrantStore(directory: directory.path, access: access, wallClock: clock.clock)
    }

    @Test func `it sees each grant as soon as it is saved`() async throws {
        let store = try open(.readWrite)
        let look = try open(.readOnly)
        #expect(try await look.grants(matching: GrantFilter()) == [])
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        #expect(try await look.grants(matching: GrantFilter()).map(\.id.text) == ["g"])
        #expect(try await look.record(of: FlowID(state: "s")) != nil)
    }

    @Test func `it does not wait for a writer`() async throws {
        let store = try open(.readWrite)
        let writer = try #require(store.writer)
        let look = try open(.readOnly)
        try await writer.write { (connection) throws(SQLiteFailure) in
            _ = try connection.run("UPDATE meta SET value = 7")
            // The lane of the other store has its own thread, so waiting for it here can't stop it.
            let done = DispatchSemaphore(value: 0)
            look.reader.enqueue { connection in
                #expect((try? connection?.number("SELECT value FROM meta")) == 0)
                done.signal()
            }
            done.wait()
        }
    }

    @Test func `it can change nothing`() async throws {
        let store = try open(.readWrite)
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        let lapsed = Sample.claim("lapsed", startedAt: clock.now)
        #expect(try await store.claim(lapsed, lease: Sample.lease("dead", until: clock.now)) == .claimed)
        let look = try open(.readOnly)
        let lease = Sample.lease("b", until: clock.now)
        let outcome = Sample.outcome(.unknown, at: clock.now)
        let grant = try Sample.grant("g", at: clock.now)
        await #expect(throws: StoreError.readOnly) { try await look.claim(lapsed, lease: lease) }
        await #expect(throws: StoreError.readOnly) { try await look.record(outcome, for: lapsed) }
        await #expect(throws: StoreError.readOnly) {
            try await look.answer(lapsed.flow, with: outcome, saving: grant, heldBy: "dead")
        }
        await #expect(throws: StoreError.readOnly) { try await look.takeOver(lapsed.flow, lease: lease, at: clock.now) }
        await #expect(throws: StoreError.readOnly) { try await look.purgeFlows(answeredBefore: clock.now) }
        await #expect(throws: StoreError.readOnly) { try await look.refresh(grant, reason: "x") }
        await #expect(throws: StoreError.readOnly) { try await look.checkWritable() }
        #expect(try await store.openClaims().map(\.claim) == [lapsed])
    }

    @Test func `it leaves the file as it was, byte for byte`() async throws {
        let store = try open(.readWrite)
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        await store.close()
        let before = try directory.contents("postern.db")
        let look = try open(.readOnly)
        #expect(try await look.grants(matching: GrantFilter()).count == 1)
        await look.close()
        #expect(try directory.contents("postern.db") == before)
    }

    @Test func `where there is no store it makes none`() throws {
        let missing = directory.path + "/missing"
        #expect(throws: StoreError.cannotOpen) { try FileGrantStore(directory: missing, access: .readOnly) }
        #expect(throws: StoreError.cannotOpen) { try open(.readOnly) }
        #expect(try directory.names() == [])
    }

    @Test func `it does not migrate`() throws {
        try directory.write([], to: "postern.db")
        #expect(throws: StoreError.cannotOpen) { try open(.readOnly) }
        #expect(try directory.contents("postern.db") == [])
    }
}
