package import HTTPSemantics
package import HTTPTypes

/// A request whose fields have arrived and whose content has not.
package struct RequestHead: Sendable {
    /// Method, fields, the Host field as `authority` and the target as `path`, as they were sent; no scheme, which a
    /// connection does not say. Host is not among the fields.
    package var request: HTTPRequest
    package var target: RequestTarget
    package var version: HTTPVersion
    package var length: BodyLength
    /// Whether the client lets the connection stay open (RFC 9112 §9.3).
    package var isPersistent: Bool
    /// Whether the client waits for 100 before it sends its content (RFC 9110 §10.1.1).
    package var expectsContinue: Bool
}

/// Reads request heads (RFC 9112 §2.1 to §5): complete, needs more, or a violation; it never waits and never rescans.
package struct RequestHeadParser: Sendable {
    private let limits: MessageLimits
    private var scanner = LineScanner()
    private var start: StartLine?
    private var section = FieldSection()
    private var skippedEmptyLine = false

    private struct StartLine {
        var line: RequestLine
        var target: ParsedTarget
        var text: String
    }

    package init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
    }

    /// Whether a line of the next request has been read.
    package var hasBegun: Bool { start != nil }

    /// Goes on with what has arrived.
    ///
    /// - Parameters:
    ///   - input: everything that has arrived and was not consumed, from `position` on.
    ///   - position: is moved behind what was consumed; those octets may be dropped before the next call.
    /// - Returns: nil when more is needed. After a head, the parser is ready for the next one.
    package mutating func parse(
        _ input: [UInt8],
        from position: inout Int
    ) throws(HTTPViolation) -> RequestHead? {
        while start == nil {
            let line = try scanner.nextLine(
                in: input.span,
                from: &position,
                limit: limits.startLineBytes,
                orElse: .requestLineTooLong(limitBytes: limits.startLineBytes)
            )
            guard let line else { return nil }
            if line.isEmpty {
                // §2.2: one empty line before a request line is forgiven, for clients that end content with one.
                guard !skippedEmptyLine else { throw .malformedRequestLine }
                skippedEmptyLine = true
                continue
            }
            let requestLine = try RequestLine(input, line: line)
            start = StartLine(
                line: requestLine,
                target: try ParsedTarget(input, requestLine.target, method: requestLine.method),
                text: String(decoding: input[requestLine.target], as: UTF8.self)
            )
        }
        guard try section.read(input, from: &position, limits: limits), let start = start.take() else { return nil }
        let head = try finish(start)
        section = FieldSection(knownHost: section.host)
        skippedEmptyLine = false
        return head
    }

    private func finish(_ start: StartLine) throws(HTTPViolation) -> RequestHead {
        let version = start.line.version
        try checkHost(start)
        let length = try section.framing.bodyLength(of: .request, version: version)
        // RFC 9110 §10.1.1: HTTP/1.0 knows no expectations, and what it says of them is ignored.
        guard section.expectation != .unknown || version == .http10 else { throw .unsupportedExpectation }
        return RequestHead(
            request: HTTPRequest(
                method: start.line.method,
                scheme: nil,
                authority: section.host,
                path: start.text,
                headerFields: section.fields
            ),
            target: start.target.target,
            version: version,
            length: length,
            // HTTP/1.0 is answered and closed: its `keep-alive` was never standardised.
            isPersistent: version == .http11 && !section.closesConnection,
            // §10.1.1: an expectation in HTTP/1.0, or without content, is ignored.
            expectsContinue: section.expectation == .continuation && version == .http11 && length != .none
                && length != .exactly(0)
        )
    }

    /// Host exactly once and valid (RFC 9112 §3.2); HTTP/1.0 may do without.
    private func checkHost(_ start: StartLine) throws(HTTPViolation) {
        guard !section.hostIsRepeated else { throw .repeatedHost }
        guard let host = section.host else {
            guard start.line.version == .http10 else { throw .missingHost }
            return
        }
        // Nobody else has to be compared with it.
        if section.hostIsKnown, start.target.authority == nil { return }
        guard let authority = Authority(host) else { throw .invalidHost }
        // §3.2.2 lets the target win. A client has to send both alike (§3.2), and something in front of us may have
        // looked at the other one, so that a disagreement is refused.
        if let named = start.target.authority {
            guard named == authority else { throw .hostDisagreesWithTarget }
        }
    }
}
