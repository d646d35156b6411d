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

    /// Closes every connection between two requests.
    func closeIdle() {
        let connections = state.withLock { Array($0.connections.values) }
        for connection in connections { connection.closeIfIdle() }
    }
}

/// Whether a connection may be closed under its task's hands because nothing is in hand.
final class ConnectionPhase: Sendable {
    private static let busy: UInt8 = 0
    private static let idle: UInt8 = 1
    private static let closed: UInt8 = 2

    private let phase = Atomic(ConnectionPhase.busy)
    private let close: @Sendable () -> Void

    init(close: @escaping @Sendable () -> Void) {
        self.close = close
    }

    /// To be followed by a look at whether a shutdown has begun, which closes after it has announced itself. The two
    /// write one thing and read another, hence the strongest ordering: one of them sees the other.
    func becomeIdle() {
        _ = phase.compareExchange(expected: Self.busy, desired: Self.idle, ordering: .sequentiallyConsistent)
    }

    /// - Returns: false if the connection was closed meanwhile.
    func becomeBusy() -> Bool {
        phase.compareExchange(expected: Self.idle, desired: Self.busy, ordering: .sequentiallyConsistent).exchanged
    }

    func closeIfIdle() {
        let (closes, _) = phase.compareExchange(
            expected: Self.idle,
            desired: Self.closed,
            ordering: .sequentiallyConsistent
        )
        if closes { close() }
    }
}
