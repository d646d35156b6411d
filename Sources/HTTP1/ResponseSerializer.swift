package import HTTPTypes

/// Writes response heads (RFC 9112 §4, §5).
package enum ResponseSerializer {
    /// The interim response of RFC 9110 §15.2.1.
    package static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends a whole head, its empty line included.
    ///
    /// `Content-Length`, `Transfer-Encoding`, `Connection` and `Date` are the server's: those of the response's own
    /// fields are passed over. A `Content-Length` is announced for HEAD and 304 too, as if they had content (RFC 9110
    /// §8.6), and never for 204 and 1xx.
    ///
    /// - Parameters:
    ///   - method: of the request; nil where none was understood.
    ///   - isPersistent: false adds `Connection: close` (RFC 9112 §9.6).
    ///   - date: an IMF-fixdate, made once a second by the server rather than once a response.
    /// - Returns: whether the content follows; it does not for HEAD, 1xx, 204 and 304.
    package static func append(
        _ response: HTTPResponse,
        answering method: HTTPRequest.Method?,
        contentLength: Int,
        isPersistent: Bool,
        date: String,
        to output: inout [UInt8]
    ) -> Bool {
        let status = response.status
        let code = min(max(status.code, 100), 999)
        // One allocation for a head of ours, instead of one for every doubling.
        output.reserveCapacity(output.count + 1024)
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        for divisor in [100, 10, 1] { output.append(UInt8(ascii: "0") + UInt8(code / divisor % 10)) }
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: status.reasonPhrase.utf8)
        output.append(contentsOf: "\r\nDate: ".utf8)
        output.append(contentsOf: date.utf8)
        output.appendLineEnd()
        for field in response.headerFields where !isServerOwned(field.name) { output.append(field) }
        let mayHaveLength = code >= 200 && code != 204
        if mayHaveLength {
            output.append(contentsOf: "Content-Length: ".utf8)
            output.append(decimal: contentLength)
            output.appendLineEnd()
        }
        if !isPersistent { output.append(contentsOf: "Connection: close\r\n".utf8) }
        output.appendLineEnd()
        return mayHaveLength && code != 304 && method != .head
    }

    private static func isServerOwned(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "content-length", "transfer-encoding", "connection", "date": true
        default: false
        }
    }
}

extension [UInt8] {
    mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    /// A field line. Names are tokens and values hold no CR, LF or NUL: HTTPTypes lets no others be made.
    mutating func append(_ field: HTTPField) {
        append(contentsOf: field.name.rawName.utf8)
        append(UInt8(ascii: ":"))
        append(UInt8(ascii: " "))
        append(contentsOf: field.value.utf8)
        appendLineEnd()
    }

    mutating func append(decimal number: Int) {
        guard number >= 10 else { return append(UInt8(ascii: "0") + UInt8(Swift.max(number, 0))) }
        append(decimal: number / 10)
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }
}
