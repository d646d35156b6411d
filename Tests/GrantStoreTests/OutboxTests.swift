import Grants
import Synchronization
import TestSupport
import Testing
import Timekeeping

@testable import GrantStore

@Suite("The outbox")
struct OutboxTests {
    let directory: TemporaryDirectory
    let clock = ManualWallClock()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func open(_ policy: OutboxPolicy = Sample.outbox) throws -> FileGrantStore {
        try FileGrantStore(directory: directory.path, wallClock: clock.clock, outbox: policy)
    }

    @Test func `a store without targets writes no event`() async throws {
        let store = try open(.silent)
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        #expect(try await store.tell(Sample.news(), to: nil) == nil)
        #expect(try await store.events(matching: OutboxFilter()) == [])
    }

    @Test func `an event is on the disk with its grant, as after kill -9`() async throws {
        let store = try open()
        try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
        let copy = try TemporaryDirectory()
        for name in ["postern.db", "postern.db-wal"] { try copy.write(directory.contents(name), to: name) }
        let recovered = try FileGrantStore(directory: copy.path, outbox: Sample.outbox)
        #expect(try await recovered.grants(matching: GrantFilter()).map(\.id.text) == ["g"])
        #expect(try await recovered.events(matching: OutboxFilter()).map(\.event.type) == [.grantConnected])
        try await recovered.checkIntegrity()
    }

    @Test func `two processes that deliver at once are given different events`() async throws {
        let (stores, now) = ([try open(), try open()], clock.now)
        for _ in 0..<20 { _ = try await stores[0].tell(Sample.news(), to: ["crm"]) }
        let taken = await withTaskGroup { group in
            for number in 0..<40 {
                group.addTask {
                    let lease = Sample.lease("\(number)", until: now + .seconds(60))
                    return (try? await stores[number % 2].takeDue(for: "crm", limit: 1, lease: lease, at: now)) ?? []
                }
            }
            return await group.reduce(into: []) { $0 += $1.map(\.event.number) }
        }
        #expect(taken.count == 20)
        #expect(Set(taken).count == 20)
    }

    @Test func `it rings once an event is on the disk, and for nothing else`() async throws {
        let rings = Mutex(0)
        let memory = Mutex(0)
        let file = try open(OutboxPolicy(targets: ["crm"]) { rings.withLock { $0 += 1 } })
        let inMemory = MemoryGrantStore(
            wallClock: clock.clock,
            outbox: OutboxPolicy(targets: ["crm"]) { memory.withLock { $0 += 1 } }
        )
        for store in [file, inMemory] as [any GrantStore] {
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            _ = try await store.refresh(grant, reason: "nothing changed")
            let lease = Sample.lease("a", until: clock.now + .seconds(60))
            let taken = try await store.takeDue(for: "crm", limit: 1, lease: lease, at: clock.now)
            let event = try #require(taken.first?.event)
            _ = try await store.settle(
                event.id,
                for: "crm",
                as: .failed(at: clock.now),
                result: "500",
                heldBy: "a"
            )
        }
        #expect(rings.withLock { $0 } == 1)
        #expect(memory.withLock { $0 } == 1)
        for store in [file, inMemory] as [any GrantStore] {
            #expect(try await store.replay(ReplaySelection(.since(clock.now, evenDelivered: false))) == 1)
        }
        #expect(rings.withLock { $0 } == 2)
        #expect(memory.withLock { $0 } == 2)
    }

    @Test func `a person can read it with SQLite's tool`() async throws {
        let store = try open()
        let event = try #require(try await store.tell(Sample.news(), to: ["crm"]))
        let connection = try Connection(
            path: directory.path + "/postern.db",
            access: .readOnly,
            busyTimeout: .seconds(5)
        )
        let rows = try connection.rows("SELECT id, state, due FROM outbox_readable") { (row) throws(SQLiteFailure) in
            [try row.text(), try row.text(), try row.text()]
        }
        #expect(rows == [[event.id.text, "waiting", "2026-08-21T08:50:00.000Z"]])
    }

    @Test(arguments: ["", "evt_", "evt_a.b", "evt_a b", "msg_abc", "evt_ä", "evt_" + String(repeating: "a", count: 61)])
    func `refuses what is no event's ID`(text: String) {
        #expect(EventID(text) == nil)
    }

    @Test func `takes an event's ID of the longest form`() {
        #expect(EventID("evt_" + String(repeating: "a", count: 60)) != nil)
    }
}
