import Dispatch
import TestSupport
import Testing

@testable import GrantStore

@Suite("Group commit")
struct WriterTests {
    let directory: TemporaryDirectory
    let store: FileGrantStore
    let writer: Writer

    init() throws {
        directory = try TemporaryDirectory()
        store = try FileGrantStore(directory: directory.path)
        writer = try #require(store.writer)
    }

    private typealias Body = @Sendable (Connection) throws(SQLiteFailure) -> Void

    private static func adding(_ name: String) -> Body {
        { (connection) throws(SQLiteFailure) in try connection.run("INSERT INTO meta VALUES (?, 0)", .text(name)) }
    }

    private func names() async throws -> Set<String> {
        let names = try await store.reader.run { (connection) throws(SQLiteFailure) in
            try connection.rows("SELECT name FROM meta WHERE name <> 'writes_tried'") { (row) throws(SQLiteFailure) in
                try row.text()
            }
        }
        return Set(names)
    }

    /// Runs the bodies in one transaction: they all wait while the writer is held, then it is let go.
    ///
    /// - Returns: how each of them failed.
    private func together(_ bodies: [Body]) async -> [StoreError?] {
        let (beginning, began) = AsyncStream.makeStream(of: Void.self)
        // Waited for on the writer's own thread only, never on a task's.
        let gate = DispatchSemaphore(value: 0)
        return await withTaskGroup(of: (number: Int, failure: StoreError?).self) { group in
            group.addTask {
                try? await writer.write { (_) throws(SQLiteFailure) in
                    began.finish()
                    gate.wait()
                }
                return (-1, nil)
            }
            for await _ in beginning {}
            for (number, body) in bodies.enumerated() {
                group.addTask {
                    do throws(StoreError) {
                        try await writer.write(body)
                        return (number, nil)
                    } catch { return (number, error) }
                }
            }
            while writer.waiting < bodies.count { await Task.yield() }
            gate.signal()
            var failures = [StoreError?](repeating: nil, count: bodies.count)
            for await result in group where result.number >= 0 { failures[result.number] = result.failure }
            return failures
        }
    }

    @Test func `everything that waits shares one commit`() async throws {
        let before = writer.commits
        let failures = await together((0..<50).map { Self.adding("\($0)") })
        #expect(failures == [StoreError?](repeating: nil, count: 50))
        #expect(writer.commits - before == 2, "the one that held the writer, and one for the fifty")
        #expect(try await names().count == 50)
    }

    @Test func `one that fails is undone alone, all of it`() async throws {
        let failing: Body = { (connection) throws(SQLiteFailure) in
            try Self.adding("half")(connection)
            throw SQLiteFailure(code: 10)
        }
        let repeating: Body = { (connection) throws(SQLiteFailure) in
            try Self.adding("half too")(connection)
            try Self.adding("half too")(connection)
        }
        let failures = await together([Self.adding("first"), failing, repeating, Self.adding("last")])
        #expect(failures == [nil, .inputOutput(code: 10), .corrupt, nil])
        #expect(try await names() == ["first", "last"])
    }

    @Test func `one that breaks the transaction fails all that shared it, and none of them is saved`() async throws {
        let breaking: Body = { (connection) throws(SQLiteFailure) in
            try connection.run("ROLLBACK")
            throw SQLiteFailure(code: 13)
        }
        let failures = await together([Self.adding("first"), breaking, Self.adding("last")])
        #expect(failures == [.diskFull, .diskFull, .diskFull])
        #expect(try await names() == [])
        try await store.checkWritable()
    }

    @Test func `nobody is answered before the commit`() async throws {
        let directory = self.directory
        try await writer.write(Self.adding("kept"))
        let copy = try TemporaryDirectory()
        for name in ["postern.db", "postern.db-wal"] { try copy.write(directory.contents(name), to: name) }
        let recovered = try FileGrantStore(directory: copy.path)
        let found = try await recovered.reader.run { (connection) throws(SQLiteFailure) in
            try connection.number("SELECT count(*) FROM meta WHERE name = 'kept'")
        }
        #expect(found == 1)
    }

    @Test func `a cancelled caller's write is done all the same`() async throws {
        // Held until it is cancelled, so that it can't write before.
        let (cancelled, gate) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for await _ in cancelled {}
            try await writer.write(Self.adding("cancelled"))
        }
        task.cancel()
        gate.finish()
        try await task.value
        #expect(try await names() == ["cancelled"])
    }
}
