/// Percent-encoding of URI components (RFC 3986 §2.1).
package enum PercentCoding {
    /// Decodes one component, once; a second decoding would let `%252F` become `/`.
    ///
    /// - Returns: nil for a `%` without two hexadecimal digits, for what is not UTF-8, and for NUL, at which C libraries
    ///   would cut the text.
    package static func decodeOnce(_ component: some StringProtocol) -> String? {
        try? decode(component.utf8, plusIsSpace: false)
    }

    /// Encodes everything but the unreserved characters, with upper-case digits (RFC 3986 §2.1, §2.3).
    package static func encodeComponent(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.append(addingCapacity: 3 * text.utf8.count) { write(text, to: &$0) }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Writes the encoded text to a span that has room for three octets for each of it.
    static func write(_ text: String, to encoded: inout OutputSpan<UInt8>) {
        let octets = text.utf8Span.span
        for index in octets.indices {
            let byte = octets[index]
            if byte.isUnreserved {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(hexadecimalDigit(byte >> 4))
                encoded.append(hexadecimalDigit(byte & 15))
            }
        }
    }

    static func decode(_ encoded: some Sequence<UInt8>, plusIsSpace: Bool) throws(FormViolation) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(encoded.underestimatedCount)
        var bytes = encoded.makeIterator()
        while let byte = bytes.next() {
            var octet = byte
            if byte == UInt8(ascii: "%") {
                guard let high = bytes.next()?.hexadecimalValue, let low = bytes.next()?.hexadecimalValue else {
                    throw .malformedPercentEncoding
                }
                octet = high << 4 | low
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                octet = UInt8(ascii: " ")
            }
            guard octet != 0 else { throw .nul }
            decoded.append(octet)
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
        return text
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
