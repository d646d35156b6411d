package import HTTPSemantics
package import HTTPTypes
package import Sockets
package import Timekeeping

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
    /// When that was over.
    package var endedAt: Timestamp
    package var client: NetworkAddress
    /// Whether it came over TLS.
    package var isSecure: Bool
    /// How it came over TLS; nil in the clear.
    package var security: StreamSecurity?
    /// Whether all of the response was handed to the system, which may be more than the client has received.
    package var isComplete: Bool
    /// Which rule or limit of the server's ended it; nil where a handler answered.
    package var refusal: Refusal?

    package init(
        requestID: RequestID,
        method: HTTPRequest.Method?,
        routeTemplate: String?,
        status: HTTPResponse.Status,
        contentBytes: Int,
        duration: Duration,
        endedAt: Timestamp,
        client: NetworkAddress,
        isSecure: Bool,
        security: StreamSecurity? = nil,
        isComplete: Bool,
        refusal: Refusal? = nil
    ) {
        self.requestID = requestID
        self.method = method
        self.routeTemplate = routeTemplate
        self.status = status
        self.contentBytes = contentBytes
        self.duration = duration
        self.endedAt = endedAt
        self.client = client
        self.isSecure = isSecure
        self.security = security
        self.isComplete = isComplete
        self.refusal = refusal
    }
}
