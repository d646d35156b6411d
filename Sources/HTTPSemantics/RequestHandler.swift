package import HTTPTypes
package import Timekeeping

/// A complete request, its content read to the end (RFC 9110 §3.4).
package struct Request: Sendable {
    package var id: RequestID
    /// Method and fields as received; Host is the pseudo field `authority` alone (nil where HTTP/1.0 sent none), and `path`
    /// is the raw target.
    package var head: HTTPRequest
    package var target: RequestTarget
    /// At most what the handler allowed with ``RequestHandler/contentLimitBytes(for:target:)``; transfer coding removed.
    package var content: [UInt8]
    /// The peer, or what a configured proxy in front says about it.
    package var client: NetworkAddress
    /// Whether it came over TLS.
    package var isSecure: Bool
    package var receivedAt: Timestamp

    package init(
        id: RequestID,
        head: HTTPRequest,
        target: RequestTarget,
        content: [UInt8] = [],
        client: NetworkAddress = .local,
        isSecure: Bool = false,
        receivedAt: Timestamp
    ) {
        self.id = id
        self.head = head
        self.target = target
        self.content = content
        self.client = client
        self.isSecure = isSecure
        self.receivedAt = receivedAt
    }
}

/// What a handler answers; the server adds `Content-Length`, `Date`, `Connection` and the request ID.
package struct Response: Sendable {
    package enum Delivery: Sendable {
        case whole
        /// For the sandbox, which plays a broken network: the announced length is whole, the connection ends after so
        /// many bytes of the content.
        case cut(afterBytes: Int)
        /// For the sandbox: the connection ends without a single byte of an answer.
        case none
    }

    /// To change it is allowed at any time, and costs what ``prepare()`` has saved.
    package var head: HTTPResponse {
        didSet { prepared = nil }
    }
    /// The octets of the first of its fields, where they were made before.
    package private(set) var prepared: PreparedFields?
    package var content: [UInt8]
    package var delivery: Delivery = .whole
    /// The template of the route that answered, such as `/connected/{id}`: what the log has instead of the address.
    package var routeTemplate: String?

    package init(
        status: HTTPResponse.Status,
        fields: HTTPFields = [:],
        content: [UInt8] = [],
        routeTemplate: String? = nil
    ) {
        self.head = HTTPResponse(status: status, headerFields: fields)
        self.content = content
        self.routeTemplate = routeTemplate
    }

    /// Makes a response of fields that many have, and whose octets are ready.
    package init(
        status: HTTPResponse.Status,
        fixed: FixedFields,
        content: [UInt8] = [],
        routeTemplate: String? = nil
    ) {
        self.init(status: status, fields: fixed.fields, content: content, routeTemplate: routeTemplate)
        prepared = fixed.prepared
    }

    /// Makes the octets of all its fields now: for a response that is given many times.
    package mutating func prepare() {
        prepared = PreparedFields(head.headerFields)
    }

    /// Appends a field and keeps what is prepared of those before it.
    package mutating func append(_ field: HTTPField) {
        let before = prepared
        head.headerFields.append(field)
        prepared = before
    }
}

/// Fields that many responses have, with their octets.
package struct FixedFields: Sendable {
    package let fields: HTTPFields
    fileprivate let prepared: PreparedFields

    package init(_ fields: HTTPFields) {
        self.fields = fields
        prepared = PreparedFields(fields)
    }
}

/// The inbound seam: the server calls it, the application implements it, and neither knows the other.
package protocol RequestHandler: Sendable {
    /// How much content this request may bring, in bytes; asked as soon as the head is read. More is answered 413.
    func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int

    /// Answers one request. Must return within a bounded time; the server imposes none.
    ///
    /// Cancelled when the client is gone or a shutdown's grace is over: work that must not be lost belongs elsewhere.
    func response(to request: Request) async -> Response

    /// The same answer where nothing has to be waited for, as for a page that is ready; nil has ``response(to:)`` asked, so that
    /// to be asked for nothing must change nothing.
    ///
    /// To wait for nobody costs, too: a frame for each call and a look for the thread to go on with after it.
    func immediateResponse(to request: Request) -> Response?
}

extension RequestHandler {
    package func immediateResponse(to request: Request) -> Response? { nil }
}
