import HTTPSemantics
package import HTTPTypes

/// How the content of a message is delimited (RFC 9112 §6.3).
package enum BodyLength: Hashable, Sendable {
    case none
    case exactly(Int)
    case chunked
    /// Responses only: until the server closes the connection.
    case untilClose
}

/// The fields that delimit a message, as they were sent.
package struct FramingFields: Hashable, Sendable {
    private var contentLength: [UInt8]?
    private var contentLengths = 0
    private var transferEncoding: [UInt8]?
    private var transferEncodings = 0

    package init() {}

    package mutating func addContentLength(_ value: some Sequence<UInt8>) {
        contentLength = Array(value)
        contentLengths += 1
    }

    package mutating func addTransferEncoding(_ value: some Sequence<UInt8>) {
        transferEncoding = Array(value)
        transferEncodings += 1
    }

    /// Whose length is asked for.
    package enum Message: Hashable, Sendable {
        case request
        /// A response with this status to a request with this method.
        case response(status: Int, to: HTTPRequest.Method)
    }

    /// The length of the content, by the numbered list of RFC 9112 §6.3.
    ///
    /// Where the list lets a recipient choose between repairing and refusing, this one refuses.
    package func bodyLength(of message: Message, version: HTTPVersion) throws(HTTPViolation) -> BodyLength {
        // 1. Responses to HEAD, and 1xx, 204, 304: none, whatever the fields say.
        if case .response(let status, let method) = message {
            if method == .head || (100...199).contains(status) || status == 204 || status == 304 { return .none }
            // 2. 2xx to CONNECT would become a tunnel: we never send CONNECT, and refuse it as a server.
        }
        if let transferEncoding {
            // 3. Both fields: an attempt at smuggling, or an error.
            guard contentLength == nil else { throw .conflictingFraming }
            guard transferEncodings == 1 else { throw .repeatedTransferEncoding }
            // §6.1: from HTTP/1.0 the framing is faulty even without Content-Length.
            guard version == .http11 else { throw .transferEncodingInHTTP10 }
            // 4. `chunked` as the final coding delimits; we offer no other coding, so it has to be the only one.
            guard spells(transferEncoding[...], "chunked") else { throw Self.violation(of: transferEncoding) }
            return .chunked
        }
        if let contentLength {
            // 5. Invalid: unrecoverable. A list of equal numbers may be repaired, and is refused here.
            guard contentLengths == 1, !contentLength.contains(UInt8(ascii: ",")) else { throw .repeatedContentLength }
            // 6. Valid: that many octets.
            return .exactly(try Self.number(contentLength))
        }
        switch message {
        // 7. A request without either field has no content.
        case .request: return .none
        // 8. A response without either ends with the connection.
        case .response: return .untilClose
        }
    }

    /// What is wrong with codings that are not `chunked` alone: that they are unknown to us (§6.1: 501) or, as §6.3
    /// demands of all that do not end in `chunked`, that nobody could say where the content ends (400).
    private static func violation(of transferEncoding: [UInt8]) -> HTTPViolation {
        let codings = transferEncoding.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            .map { withoutWhitespaceAround($0[...]) }
        let areTokens = codings.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isTokenCharacter) }
        let chunked = codings.indices.filter { spells(codings[$0], "chunked") }
        return areTokens && chunked == [codings.count - 1]
            ? .unsupportedTransferCoding : .invalidTransferEncoding
    }

    /// `1*DIGIT`, without leading zeros, which some programs take for octal. What does not fit into `Int` is larger than
    /// any limit, not malformed.
    private static func number(_ digits: [UInt8]) throws(HTTPViolation) -> Int {
        guard !digits.isEmpty, digits.allSatisfy({ $0.isDigit }), digits.count == 1 || digits[0] != UInt8(ascii: "0")
        else { throw .invalidContentLength }
        var number = 0
        for digit in digits {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) = product.addingReportingOverflow(Int(digit &- 0x30))
            guard !overflow, !overflowAgain else { return .max }
            number = sum
        }
        return number
    }
}
