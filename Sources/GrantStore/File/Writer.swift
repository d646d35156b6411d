import Synchronization

/// The one writer of this process. Everything that waits is committed in one transaction, so that a crowd shares one fsync.
///
/// Each item has its own savepoint: one that fails is undone alone. Nobody is answered before COMMIT is on the disk.
final class Writer: Sendable {
    private struct Item: Sendable {
        /// Done inside the transaction.
        var run: @Sendable (Connection) throws(SQLiteFailure) -> Void
        /// Called once: with nil when the transaction is on the disk, else with what kept this item from it.
        var finish: @Sendable (StoreError?) -> Void
    }

    private struct State {
        var waiting: [Item] = []
        var isDraining = false
        var commits = 0
    }

    private let lane: Lane
    private let state = Mutex(State())
    /// Bounds how long the first of a crowd waits for the last.
    private static let itemsPerTransaction = 256

    init(_ connection: sending Connection) {
        lane = Lane("postern.store.writer", connection)
    }

    /// How many transactions were committed.
    var commits: Int { state.withLock { $0.commits } }

    /// How many wait for the next one.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Runs the body in a transaction and returns once that is on the disk.
    ///
    /// - Throws: what kept it from there. Nothing of it is saved then, except perhaps with `.outcomeUnknown`.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(SQLiteFailure) -> Value
    ) async throws(StoreError) -> Value {
        let value = Mutex<Value?>(nil)
        let failure: StoreError? = await withCheckedContinuation { continuation in
            let item = Item(
                run: { (connection) throws(SQLiteFailure) in
                    let made = try body(connection)
                    value.withLock { $0 = made }
                },
                finish: { continuation.resume(returning: $0) }
            )
            enqueue(item)
        }
        if let failure { throw failure }
        guard let made = value.withLock({ $0 }) else {
            preconditionFailure("an item that finished without failure has run, and left its value")
        }
        return made
    }

    /// Commits what waits, folds the log into the database and closes; later writes throw `.closed`.
    func close() async {
        await lane.close { connection in
            self.drain(connection)
            connection.checkpoint()
        }
    }

    private func enqueue(_ item: Item) {
        let mustStart = state.withLock { state in
            state.waiting.append(item)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { lane.enqueue { self.drain($0) } }
    }

    private func drain(_ connection: Connection?) {
        while let items = takeWaiting() {
            if let connection {
                commit(items, on: connection)
            } else {
                for item in items { item.finish(.closed) }
            }
        }
    }

    private func takeWaiting() -> [Item]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isDraining = false
                return nil
            }
            let items = Array(state.waiting.prefix(Self.itemsPerTransaction))
            state.waiting.removeFirst(items.count)
            return items
        }
    }

    private func commit(_ items: [Item], on connection: Connection) {
        var failures: [StoreError?] = []
        do throws(SQLiteFailure) {
            // IMMEDIATE: a transaction that begins by reading and then writes is refused at once if others wrote meanwhile.
            try connection.run("BEGIN IMMEDIATE")
            for item in items { failures.append(try attempt(item, on: connection)?.storeError) }
        } catch {
            connection.rollBack()
            for item in items { item.finish(error.storeError) }
            return
        }
        do throws(SQLiteFailure) {
            try connection.run("COMMIT")
            state.withLock { $0.commits += 1 }
            for (item, failure) in zip(items, failures) { item.finish(failure) }
        } catch {
            connection.rollBack()
            for (item, failure) in zip(items, failures) { item.finish(failure ?? error.storeErrorOfCommit) }
        }
    }

    /// - Returns: why the item failed, and was undone alone.
    /// - Throws: what ended the whole transaction.
    private func attempt(_ item: Item, on connection: Connection) throws(SQLiteFailure) -> SQLiteFailure? {
        try connection.run("SAVEPOINT item")
        do throws(SQLiteFailure) {
            try item.run(connection)
            try connection.run("RELEASE item")
            return nil
        } catch {
            // A full disk or a failed read can have rolled everything back already: then nobody's work is there.
            guard connection.isInTransaction else { throw error }
            try connection.run("ROLLBACK TO item")
            try connection.run("RELEASE item")
            return error
        }
    }
}

extension Connection {
    /// Gives up the open transaction, if one is open.
    fileprivate func rollBack() {
        guard isInTransaction else { return }
        // Fails only where SQLite has rolled back by itself.
        _ = try? run("ROLLBACK")
    }
}
