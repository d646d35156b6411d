import HTTPSemantics
import Sockets
import Synchronization

/// The connections that are kept between exchanges, by origin.
final class ConnectionPool: Sendable {
    private let kept = Mutex<[HTTPOrigin: [OriginConnection]]>([:])
    private let idleTime: Duration
    private let limit: Int

    /// - Parameters:
    ///   - idleTime: shorter than the servers', so that it is us who close, and not the server just as we send.
    ///   - limit: per origin; those beyond are closed.
    init(idleTime: Duration, limit: Int) {
        self.idleTime = idleTime
        self.limit = limit
    }

    /// Takes out the connection that was used last, so that those not needed grow old.
    ///
    /// - Returns: one on which nothing has come meanwhile: no end, no reset, no answer to a question never asked.
    func take(_ origin: HTTPOrigin) -> OriginConnection? {
        closeOld()
        while let connection = kept.withLock({ $0[origin]?.popLast() }) {
            if connection.transport.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    func keep(_ connection: OriginConnection, _ origin: HTTPOrigin) {
        var connection = connection
        connection.keptSince = .now
        let surplus = kept.withLock { kept -> OriginConnection? in
            kept[origin, default: []].append(connection)
            guard let connections = kept[origin], connections.count > limit else { return nil }
            return kept[origin]?.removeFirst()
        }
        surplus?.close()
    }

    func closeAll() {
        let connections = kept.withLock { kept in
            defer { kept = [:] }
            return kept.values.flatMap(\.self)
        }
        for connection in connections { connection.close() }
    }

    /// Done whenever one is wanted, not by a timer: what is left over when no more exchanges come is bounded.
    private func closeOld() {
        let youngest = Deadline.now - idleTime
        let old = kept.withLock { kept in
            var old: [OriginConnection] = []
            for (origin, connections) in kept {
                // In the order in which they were given back: the old ones are in front.
                let expired = connections.prefix { $0.keptSince < youngest }
                guard !expired.isEmpty else { continue }
                old += expired
                kept[origin] = expired.count == connections.count ? nil : Array(connections.dropFirst(expired.count))
            }
            return old
        }
        for connection in old { connection.close() }
    }
}
