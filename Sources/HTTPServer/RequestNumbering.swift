import HTTPSemantics
import Synchronization

/// Makes the request IDs of one connection: a series and a count, so that the lines of a log that belong to one connection
/// can be seen to, and an ID costs no randomness.
struct RequestNumbering {
    private let series: UInt64
    private var count: UInt32 = 0

    init(_ series: UInt64) {
        self.series = series
    }

    mutating func next() -> RequestID {
        // After four billion requests on one connection an ID comes again.
        count &+= 1
        return RequestID(series: series, number: count)
    }
}

/// The series of a server's connections. None is a secret, since clients are shown them, but they do not tell how many
/// connections there were: each is a hash of their number under a key that is drawn at the start.
final class RequestSeries: Sendable {
    private let key = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    private let connections = Atomic<UInt64>(0)

    func next() -> UInt64 {
        // SipHash: to draw at random would be a system call for each connection.
        var hasher = Hasher()
        hasher.combine(key.0)
        hasher.combine(connections.wrappingAdd(1, ordering: .relaxed).newValue)
        hasher.combine(key.1)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
