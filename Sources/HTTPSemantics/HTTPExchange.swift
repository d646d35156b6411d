package import HTTPTypes

/// Where an outbound request goes. Comes from configuration, never from a request or from an answer.
package struct HTTPOrigin: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        case http
        case https
    }

    package let scheme: Scheme
    /// A registered name in lower case, an IPv4 address, or an IPv6 address in brackets.
    package let host: String
    package let port: Int

    package init(scheme: Scheme, host: String, port: Int? = nil) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? (scheme == .https ? 443 : 80)
    }

    /// `host`, with `:port` unless it is the scheme's own (RFC 9110 §7.2).
    package var authority: String {
        port == (scheme == .https ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// The ASCII serialization of RFC 6454 §6.2: `https://host[:port]`.
    package var description: String { "\(scheme.rawValue)://\(authority)" }
}

package struct OutboundRequest: Sendable {
    package var origin: HTTPOrigin
    package var method: HTTPRequest.Method
    /// Path and query as they go on the wire, beginning with `/`, already percent-encoded.
    package var pathAndQuery: String
    /// Without Host, Content-Length and Connection, which the client adds.
    package var fields: HTTPFields
    package var content: [UInt8]
    /// For the whole exchange, connecting included.
    package var timeLimit: Duration
    package var responseLimitBytes: Int

    package init(
        origin: HTTPOrigin,
        method: HTTPRequest.Method,
        pathAndQuery: String,
        fields: HTTPFields = [:],
        content: [UInt8] = [],
        timeLimit: Duration = .seconds(30),
        responseLimitBytes: Int = 1 << 20
    ) {
        self.origin = origin
        self.method = method
        self.pathAndQuery = pathAndQuery
        self.fields = fields
        self.content = content
        self.timeLimit = timeLimit
        self.responseLimitBytes = responseLimitBytes
    }
}

package struct OutboundResponse: Sendable {
    package var head: HTTPResponse
    package var content: [UInt8]

    package init(head: HTTPResponse, content: [UInt8] = []) {
        self.head = head
        self.content = content
    }
}

/// Why there is no answer. What matters to a caller is ``wasSent``: whether the other side may have acted.
package enum ExchangeError: Error, Hashable, Sendable {
    /// The name has no address.
    case nameNotResolved
    /// Nobody accepts connections there.
    case connectionRefused
    /// The handshake failed or the certificate does not prove the name (RFC 9110 §4.3.4).
    case certificateNotTrusted
    /// TLS failed for another reason.
    case tlsFailed
    /// Plain http to an address that is not loopback.
    case plaintextRefused
    /// The time limit passed; `sent` says whether any of the request had left.
    case timedOut(sent: Bool)
    /// The connection broke; `sent` says whether any of the request had left.
    case connectionLost(sent: Bool)
    /// The answer is not HTTP/1.1, or its framing is wrong.
    case malformedResponse
    /// The answer exceeds ``OutboundRequest/responseLimitBytes``.
    case responseTooLarge
    /// The caller's task was cancelled.
    case cancelled(sent: Bool)

    /// Whether the request may have been acted upon. If not, it is safe to try again.
    package var wasSent: Bool {
        switch self {
        case .nameNotResolved, .connectionRefused, .certificateNotTrusted, .tlsFailed, .plaintextRefused: false
        case .timedOut(let sent), .connectionLost(let sent), .cancelled(let sent): sent
        case .malformedResponse, .responseTooLarge: true
        }
    }
}

/// The outbound seam: `HTTPClient` implements it over sockets, tests with a script. Redirects are never followed.
package protocol HTTPExchange: Sendable {
    func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse
}
