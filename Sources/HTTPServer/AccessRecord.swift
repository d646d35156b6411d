package import HTTPSemantics
package import HTTPTypes

/// What the log says about one request: never its path, query, fields or content.
package struct AccessRecord: Sendable {
    package var requestID: RequestID
    /// Nil if the request line could not be read.
    package var method: HTTPRequest.Method?
    /// Such as `/connected/{id}`; nil if no route answered.
    package var routeTemplate: String?
    package var status: HTTPResponse.Status
    /// Of the content that was handed to the system.
    package var contentBytes: Int
    /// From the end of the head to the end of the writing.
    package var duration: Duration
    package var client: NetworkAddress
    /// Whether it came over TLS.
    package var isSecure: Bool
    /// Whether all of the response was handed to the system, which may be more than the client has received.
    package var isComplete: Bool
}

/// What goes wrong beside any request, for the log.
package enum ServerFault: Sendable, Hashable {
    /// No connection can be accepted for want of descriptors or memory; it is tried again.
    case acceptFailed(errno: Int32)
    /// The handshake of `secure` failed: a port scan, an old client, a clock that is wrong.
    case handshakeFailed(client: NetworkAddress)
    /// A client, or all together, have as many connections as the limits allow.
    case tooManyConnections(client: NetworkAddress)
}
