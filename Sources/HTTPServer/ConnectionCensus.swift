import HTTPSemantics
import Synchronization

/// Who is connected: counted against the limits, and told when a shutdown begins.
final class ConnectionCensus: Sendable {
    enum Verdict {
        case admitted
        /// Over a limit, with room to say so.
        case refused(ConnectionLimit)
        /// Over a limit, and so many are being told so already that this one is not.
        case ignored(ConnectionLimit)
    }

    private struct State {
        var total = 0
        var refusals = 0
        var byClient: [NetworkAddress: Int] = [:]
        var connections: [ObjectIdentifier: ConnectionPhase] = [:]
    }

    private let state = Mutex(State())
    private let limits: ServerLimits
    private let isCapped: @Sendable (NetworkAddress) -> Bool

    /// - Parameter isCapped: false for those through whom everybody comes, such as a configured proxy.
    init(limits: ServerLimits, isCapped: @escaping @Sendable (NetworkAddress) -> Bool) {
        self.limits = limits
        self.isCapped = isCapped
    }

    /// How many refusals may be in progress, beyond the limit of connections.
    private static let refusalLimit = 64

    func arrive(_ client: NetworkAddress, _ phase: ConnectionPhase) -> Verdict {
        let isCapped = isCapped(client)
        return state.withLock { state in
            let ofClient = state.byClient[client.subscriber, default: 0]
            let isFull = state.total >= limits.connections
            if isFull || isCapped && ofClient >= limits.connectionsPerClient {
                let limit: ConnectionLimit = isFull ? .total : .client
                guard state.refusals < Self.refusalLimit else { return .ignored(limit) }
                state.refusals += 1
                return .refused(limit)
            }
            state.total += 1
            state.byClient[client.subscriber] = ofClient + 1
            state.connections[ObjectIdentifier(phase)] = phase
            return .admitted
        }
    }

    func leave(_ client: NetworkAddress, _ phase: ConnectionPhase) {
        state.withLock { state in
            state.total -= 1
            state.connections[ObjectIdentifier(phase)] = nil
            let rest = state.byClient[client.subscriber, default: 1] - 1
            // An entry for every address ever seen would grow without bound.
            state.byClient[client.subscriber] = rest == 0 ? nil : rest
        }
    }

    func refusalEnded() {
        state.withLock { $0.refusals -= 1 }
    }

    var count: Int { state.withLock { $0.total } }

    /// Closes every connection between two requests; with `unused` also those that have not brought their first.
    func closeIdle(andUnused unused: Bool = false) {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections {
            connection.close(if: .idle)
            if unused { connection.close(if: .unused) }
        }
    }
}

/// Whether a connection may be closed under its task's hands because nothing is in hand.
final class ConnectionPhase: Sendable {
    enum Phase: UInt8 {
        /// Accepted, its handshake under way.
        case new
        /// Waits for its first request, which may be on its way.
        case unused
        case busy
        /// Between two requests.
        case idle
        case closed
    }

    private let phase = Atomic(Phase.new.rawValue)
    private let close: @Sendable () -> Void

    init(close: @escaping @Sendable () -> Void) {
        self.close = close
    }

    /// To be followed by a look at whether a shutdown has begun, which closes after it has announced itself. The two
    /// write one thing and read another, hence the strongest ordering: one of them sees the other.
    ///
    /// Once more changes nothing.
    ///
    /// - Returns: `.unused` before the first request, else `.idle`.
    func becomeIdle() -> Phase {
        if exchange(.busy, for: .idle) { return .idle }
        if exchange(.new, for: .unused) { return .unused }
        return phase.load(ordering: .sequentiallyConsistent) == Phase.unused.rawValue ? .unused : .idle
    }

    /// - Returns: false if the connection was closed meanwhile.
    func becomeBusy() -> Bool {
        exchange(.idle, for: .busy) || exchange(.unused, for: .busy)
    }

    func close(if current: Phase) {
        if exchange(current, for: .closed) { close() }
    }

    private func exchange(_ current: Phase, for next: Phase) -> Bool {
        phase.compareExchange(expected: current.rawValue, desired: next.rawValue, ordering: .sequentiallyConsistent)
            .exchanged
    }
}
