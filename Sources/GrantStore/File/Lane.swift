import Dispatch

/// A connection with a thread to wait on: whatever blocks (locks, fsync) blocks this queue, never a task's thread.
// Sound although the connection is not Sendable: it is touched on `queue` alone, until `close` has emptied the queue.
final class Lane: @unchecked Sendable {
    private let queue: DispatchQueue
    private var connection: Connection?
    private let note: (@Sendable (Duration) -> Void)?

    /// - Parameter note: told how long each `run` took, waiting for its turn included, up to its result.
    init(_ name: String, _ connection: sending Connection, note: (@Sendable (Duration) -> Void)? = nil) {
        queue = DispatchQueue(label: name)
        self.connection = connection
        self.note = note
    }

    /// Calls the body later, in order; with nil once the lane is closed.
    func enqueue(_ body: @escaping @Sendable (Connection?) -> Void) {
        queue.async { body(self.connection) }
    }

    /// Runs the body in its turn and waits for it without holding a thread. The work is done even if the task is cancelled.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(SQLiteFailure) -> Value
    ) async throws(StoreError) -> Value {
        let asked = note.map { _ in ContinuousClock.now }
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            enqueue { connection in
                guard let connection else { return continuation.resume(returning: .failure(.closed)) }
                let result: Result<Value, StoreError>
                do throws(SQLiteFailure) {
                    result = .success(try body(connection))
                } catch {
                    result = .failure(error.storeError)
                }
                if let asked { self.note?(asked.duration(to: .now)) }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    /// Lets what waits finish, then gives the connection back for a last word, and closes it.
    func close(_ last: @escaping @Sendable (Connection) -> Void = { _ in }) async {
        await withCheckedContinuation { continuation in
            queue.async {
                if let connection = self.connection { last(connection) }
                self.connection = nil
                continuation.resume()
            }
        }
    }
}
