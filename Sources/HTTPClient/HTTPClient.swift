package import HTTPSemantics
package import Sockets
import Synchronization

/// Speaks HTTP/1.1 to origins: one exchange at a time on a connection, which is kept for the next one.
///
/// A request is sent once. The only exception is a kept connection that turns out to be closed before anything of an
/// answer arrives: then it is sent again on a new connection if the method is idempotent, or if nothing had left.
package final class HTTPClient: HTTPExchange {
    /// Puts TLS on a stream, and proves that the other end is `host`: a name, or an address without brackets.
    package typealias Secure =
        @Sendable (_ stream: any ByteStream, _ host: String, _ deadline: Deadline) async throws(StreamError)
        -> any ByteStream

    let secure: Secure
    let names: BlockingPool
    let pool: ConnectionPool
    private let loops: [EventLoop]
    private let turns = Atomic(0)

    /// - Parameters:
    ///   - loops: where the sockets are registered, in turn. They must outlive the client.
    ///   - names: the threads for looking names up.
    ///   - idleTime: how long a connection is kept without being used.
    ///   - connectionsKept: per origin. As many as a crowd uses at a time: with fewer, each of the rest pays for a handshake with
    ///     Nylas, and closes it again. What is not needed any more grows old.
    package init(
        loops: [EventLoop],
        names: BlockingPool = BlockingPool(),
        idleTime: Duration = .seconds(15),
        connectionsKept: Int = 64,
        secure: @escaping Secure
    ) {
        precondition(!loops.isEmpty, "sockets have nowhere to be registered")
        self.loops = loops
        self.names = names
        self.secure = secure
        pool = ConnectionPool(idleTime: idleTime, limit: connectionsKept)
    }

    deinit {
        pool.closeAll()
    }

    /// Closes what is kept. Exchanges under way go on.
    package func closeIdleConnections() {
        pool.closeAll()
    }

    package func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
        guard !Task.isCancelled else { throw .cancelled(sent: false) }
        let deadline = Deadline.now + request.timeLimit
        let attempt = try Exchange(request, before: deadline)
        if let kept = pool.take(request.origin) {
            switch await attempt.run(on: kept) {
            case .answered(let response, let isPersistent):
                await give(back: kept, request.origin, isPersistent)
                return response
            case .failed(let error, let mayRepeat):
                kept.close()
                guard mayRepeat else { throw error }
            }
        }
        let fresh = try await connect(to: request.origin, before: deadline)
        switch await attempt.run(on: fresh) {
        case .answered(let response, let isPersistent):
            await give(back: fresh, request.origin, isPersistent)
            return response
        case .failed(let error, _):
            fresh.close()
            throw error
        }
    }

    func nextLoop() -> EventLoop {
        loops[turns.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    private func give(back connection: OriginConnection, _ origin: HTTPOrigin, _ isPersistent: Bool) async {
        guard !isPersistent else { return pool.keep(connection, origin) }
        await connection.stream.finishWriting()
        connection.close()
    }
}
