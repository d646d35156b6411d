/// Reads the two shapes that ``StoredJSON`` writes, also as other writers of RFC 8259 put them: with spaces and with any escape.
struct StoredJSONReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Reads the whole text as what stands between two brackets, divided by commas.
    ///
    /// - Parameter read: reads one element; false ends it.
    mutating func elements(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        read: (inout StoredJSONReader) -> Bool
    ) -> Bool {
        guard skip(open) else { return false }
        if skip(close) { return isAtEnd() }
        while true {
            guard read(&self) else { return false }
            if skip(close) { return isAtEnd() }
            guard skip(",") else { return false }
        }
    }

    /// Spaces, then the one character; nothing of it is read where it does not come.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func isAtEnd() -> Bool {
        skipSpaces()
        return position == bytes.count
    }

    private mutating func skipSpaces() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// - Returns: nil where no string comes, or one that is not Unicode.
    mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let start = position
        while position < bytes.count, bytes[position] >= 0x20 {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(validating: bytes[start..<(position - 1)], as: UTF8.self)
            case UInt8(ascii: "\\"): return escapedString(from: start)
            default: position += 1
            }
        }
        return nil
    }

    /// The rest of a string that has an escape.
    private mutating func escapedString(from start: Int) -> String? {
        var octets = Array(bytes[start..<position])
        while position < bytes.count, bytes[position] >= 0x20 {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: octets, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                octets += String(Character(scalar)).utf8
            default: octets.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return scalar()
        default: return nil
        }
    }

    /// What follows `\u`, with its second half where it is the first of a pair.
    private mutating func scalar() -> Unicode.Scalar? {
        guard let first = fourDigits() else { return nil }
        guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) }
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else {
            return nil
        }
        position += 2
        guard let second = fourDigits(), (0xDC00...0xDFFF).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func fourDigits() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}
