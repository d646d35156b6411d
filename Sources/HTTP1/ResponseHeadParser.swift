import HTTPSemantics
package import HTTPTypes

/// A response whose fields have arrived and whose content has not.
package struct ResponseHead: Sendable {
    package var response: HTTPResponse
    package var version: HTTPVersion
    package var length: BodyLength
    /// Whether the server keeps the connection open (RFC 9112 §9.3).
    package var isPersistent: Bool
}

/// Reads response heads (RFC 9112 §4, §5), as strictly as request heads: a server that frames badly is not believed.
package struct ResponseHeadParser: Sendable {
    private let limits: MessageLimits
    private var scanner = LineScanner()
    private var start: (status: HTTPResponse.Status, version: HTTPVersion)?
    private var section = FieldSection()

    package init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
    }

    /// Goes on with what has arrived; see ``RequestHeadParser/parse(_:from:)``.
    ///
    /// - Parameter method: of the request that is answered, since the length depends on it.
    package mutating func parse(
        _ input: [UInt8],
        from position: inout Int,
        answering method: HTTPRequest.Method
    ) throws(HTTPViolation) -> ResponseHead? {
        if start == nil {
            let line = try scanner.nextLine(
                in: input.span,
                from: &position,
                limit: limits.startLineBytes,
                orElse: .malformedStatusLine
            )
            guard let line else { return nil }
            start = try Self.statusLine(input, line)
        }
        guard let start, try section.read(input, from: &position, limits: limits) else { return nil }
        defer { self = ResponseHeadParser(limits: limits) }
        let length = try section.framing.bodyLength(
            of: .response(status: start.status.code, to: method),
            version: start.version
        )
        return ResponseHead(
            response: HTTPResponse(status: start.status, headerFields: section.fields),
            version: start.version,
            length: length,
            isPersistent: start.version == .http11 && !section.closesConnection && length != .untilClose
        )
    }

    private static func statusLine(
        _ input: [UInt8],
        _ line: Range<Int>
    ) throws(HTTPViolation) -> (status: HTTPResponse.Status, version: HTTPVersion) {
        guard line.count >= 12 else { throw .malformedStatusLine }
        let span = input.span
        let start = line.lowerBound
        let version = try parseVersion(span, at: start, orElse: .malformedStatusLine)
        let digits = input[(start + 9)..<(start + 12)]
        guard span[start + 8] == UInt8(ascii: " "), digits.allSatisfy({ $0.isDigit }) else {
            throw .malformedStatusLine
        }
        // §4 demands the space even without a reason phrase; servers are known that leave it out, to no harm.
        guard line.count == 12 || span[start + 12] == UInt8(ascii: " ") else { throw .malformedStatusLine }
        let code = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        guard (100...599).contains(code) else { throw .malformedStatusLine }
        // A client ignores the reason phrase (§4); we keep none of the peer's text that nobody reads.
        return (HTTPResponse.Status(code: code), version)
    }
}
