package import HTTPTypes

/// Fields as they go on the wire, made once for many responses (RFC 9112 §5).
package struct PreparedFields: Sendable {
    /// How many fields they are, from the first on.
    package let count: Int
    /// Field lines, each with its CRLF; without those that are the server's own.
    package let octets: [UInt8]

    package init(_ fields: HTTPFields) {
        var octets: [UInt8] = []
        for field in fields where !field.name.isServerOwned { octets.append(line: field) }
        self.octets = octets
        count = fields.count
    }
}

extension HTTPField.Name {
    /// Whether the server alone says it of a response, so that it is passed over among a response's own fields.
    package var isServerOwned: Bool {
        switch canonicalName {
        case "content-length", "transfer-encoding", "connection", "date", "x-request-id": true
        default: false
        }
    }
}

extension [UInt8] {
    /// Appends a field line. Names are tokens and values hold no CR, LF or NUL: HTTPTypes lets no others be made.
    package mutating func append(line field: HTTPField) {
        append(contentsOf: field.name.rawName.utf8)
        append(UInt8(ascii: ":"))
        append(UInt8(ascii: " "))
        append(contentsOf: field.value.utf8)
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    /// Appends the digits of a number that is not negative.
    package mutating func append(decimal number: Int) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(ascii: "0") + UInt8(Swift.max(number, 0) % 10))
    }
}
