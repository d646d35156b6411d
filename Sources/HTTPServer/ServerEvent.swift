package import HTTP1
package import HTTPSemantics
package import Sockets

/// What is counted beside requests: each happens once a connection or less, and carries nothing of the client's.
package enum ServerEvent: Hashable, Sendable {
    /// A connection was admitted; `connectionClosed` follows.
    case connectionOpened
    case connectionClosed
    /// A connection was one too many.
    case connectionRefused(ConnectionLimit)
    /// Nil where what secures the stream does not say how.
    case handshakeDone(StreamSecurity?)
    case handshakeFailed(HandshakeFailure)
    /// No connection could be accepted, for want of descriptors or memory.
    case acceptFailed
}

/// Which limit a connection was beyond.
package enum ConnectionLimit: String, Sendable, CaseIterable {
    /// Of all connections.
    case total
    /// Of one client's, which is one IPv4 address or one IPv6 /64.
    case client
}

/// How a handshake ended early.
package enum HandshakeFailure: String, Sendable, CaseIterable {
    /// The client took too long.
    case timedOut = "timed_out"
    /// The client went away.
    case lost
    /// Client and server cannot agree, or the client breaks the protocol.
    case refused
    /// The machine failed.
    case system

    init(_ error: StreamError) {
        self =
            switch error {
            case .deadlinePassed: .timedOut
            case .connectionLost, .cancelled: .lost
            case .tlsFailed, .certificateNotTrusted: .refused
            case .system: .system
            }
    }
}

/// Which rule or limit of the server's a request met.
package enum Refusal: Hashable, Sendable {
    case violation(HTTPViolation.Rule)
    /// The head did not come to its end in time: 408.
    case headTimedOut
    /// The content did not: 408.
    case contentTimedOut
    /// The client did not take the response in time: the connection is cut.
    case responseTimedOut

    package static let all =
        HTTPViolation.Rule.allCases.map(Refusal.violation) + [.headTimedOut, .contentTimedOut, .responseTimedOut]

    /// What a log and a metric call it.
    package var name: String {
        switch self {
        case .violation(let rule): rule.rawValue
        case .headTimedOut: "head_timed_out"
        case .contentTimedOut: "content_timed_out"
        case .responseTimedOut: "response_timed_out"
        }
    }
}

/// What goes wrong beside any request, for the log.
package enum ServerFault: Sendable, Hashable {
    /// No connection can be accepted for want of descriptors or memory; it is tried again. Said once in ten seconds at most.
    case acceptFailed(errno: Int32)
    /// It can again, after so many failures. Said once in ten seconds at most.
    case acceptResumed(failures: Int)
    /// The handshake of `secure` failed: a port scan, an old client, a clock that is wrong.
    case handshakeFailed(client: NetworkAddress, HandshakeFailure)
    /// A client, or all together, have as many connections as the limits allow. Said once a second at most.
    case tooManyConnections(client: NetworkAddress, ConnectionLimit)
}
