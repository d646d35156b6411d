package import HTTPSemantics
package import HTTPTypes

/// Writes response heads (RFC 9112 §4, §5).
package enum ResponseSerializer {
    /// The interim response of RFC 9110 §15.2.1.
    package static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends a whole head, its empty line included.
    ///
    /// `Content-Length`, `Transfer-Encoding`, `Connection`, `Date` and `X-Request-ID` are the server's: those of the
    /// response's own fields are passed over. A `Content-Length` is announced for HEAD and 304 too, as if they had content (RFC 9110
    /// §8.6), and never for 204 and 1xx.
    ///
    /// - Parameters:
    ///   - method: of the request; nil where none was understood.
    ///   - isPersistent: false adds `Connection: close` (RFC 9112 §9.6).
    ///   - date: an IMF-fixdate, made once a second by the server rather than once a response.
    ///   - prepared: the octets of the response's first fields, if they are there.
    ///   - requestID: written as `X-Request-ID`, which everybody uses and nobody has standardised.
    /// - Returns: whether the content follows; it does not for HEAD, 1xx, 204 and 304.
    package static func append(
        _ response: HTTPResponse,
        answering method: HTTPRequest.Method?,
        contentLength: Int,
        isPersistent: Bool,
        date: [UInt8],
        prepared: PreparedFields? = nil,
        requestID: RequestID? = nil,
        to output: inout [UInt8]
    ) -> Bool {
        let status = response.status
        let code = min(max(status.code, 100), 999)
        // One allocation for a head of ours, instead of one for every doubling.
        output.reserveCapacity(output.count + 320 + (prepared?.octets.count ?? 1024))
        output.append(words: "HTTP/1.1 ")
        for divisor in [100, 10, 1] { output.append(UInt8(ascii: "0") + UInt8(code / divisor % 10)) }
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: status.reasonPhrase.utf8)
        output.append(words: "\r\nDate: ")
        output.append(contentsOf: date)
        output.appendLineEnd()
        var index = 0
        if let prepared {
            output.append(contentsOf: prepared.octets)
            index = prepared.count
        }
        let fields = response.headerFields
        while index < fields.count {
            let field = fields[index]
            if !field.name.isServerOwned { output.append(line: field) }
            index += 1
        }
        if let requestID {
            output.append(words: "X-Request-ID: ")
            requestID.append(to: &output)
            output.appendLineEnd()
        }
        let mayHaveLength = code >= 200 && code != 204
        if mayHaveLength {
            output.append(words: "Content-Length: ")
            output.append(decimal: contentLength)
            output.appendLineEnd()
        }
        if !isPersistent { output.append(words: "Connection: close\r\n") }
        output.appendLineEnd()
        return mayHaveLength && code != 304 && method != .head
    }
}

extension [UInt8] {
    mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
