import Sockets
import Synchronization
import TLS

/// The client's side of TLS with the system's authorities, read when the first connection needs them: a start is quicker by
/// tens of milliseconds, and a Postern that waits for its first person is smaller.
final class LazyTrust: Sendable {
    private let made = Mutex<TLSClientContext?>(nil)
    private let report: @Sendable (_ host: String, TLSFailure) -> Void
    private let pool = BlockingPool(threads: 1)
    private let loop: EventLoop

    /// - Parameter report: is told why a handshake failed.
    init(on loop: EventLoop, reporting report: @escaping @Sendable (_ host: String, TLSFailure) -> Void) {
        self.loop = loop
        self.report = report
    }

    /// - Throws: `.certificateNotTrusted` if the system has no authorities that can be read: then nobody can be trusted.
    func context(before deadline: Deadline) async throws(StreamError) -> TLSClientContext {
        if let context = made.withLock({ $0 }) { return context }
        let context = try await pool.run(on: loop, before: deadline) { [report] in
            try? TLSClientContext(trust: .system, reporting: report)
        }
        guard let context else { throw .certificateNotTrusted }
        // Two first connections may both have made one; either will do.
        made.withLock { $0 = context }
        return context
    }
}
