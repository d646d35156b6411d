/// Which rule a text broke that should have been JSON.
package enum JSONViolation: Error, Hashable, Sendable {
    /// Not of the grammar of RFC 8259 §2, or more than one value.
    case malformed
    /// Two members of one object have the same name: whoever reads it next may believe the other one (§4).
    case duplicateName
    /// Arrays and objects within each other beyond ``JSON/depthLimit``.
    case tooDeep
    /// A string that is not Unicode: bytes that are not UTF-8, half of a surrogate pair (§8.1, §8.2).
    case invalidText
    /// A number beyond what we can hold exactly, or at all.
    case numberOutOfRange
}

/// What is wrong with a text that should have been JSON, and where: nothing of the text itself.
package struct JSONFault: Error, Hashable, Sendable {
    package var rule: JSONViolation
    /// From 1; each line feed begins another.
    package var line: Int
    /// In characters, from 1.
    package var column: Int
}

extension JSON {
    package static let depthLimit = 16

    /// Reads one JSON text, strictly: nothing is repaired, and no member is dropped.
    package init(parsing bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes: bytes)
        do throws(JSONViolation) {
            self = try reader.text()
        } catch {
            let (line, column) = reader.place
            throw JSONFault(rule: error, line: line, column: column)
        }
    }
}

/// A reader of RFC 8259, one byte after the other; recursion ends at ``JSON/depthLimit``.
private struct JSONReader {
    let bytes: [UInt8]
    /// After a violation, where it is.
    var position = 0

    var place: (line: Int, column: Int) {
        let before = bytes[..<position]
        let line = before.count { $0 == 0x0A } + 1
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // An octet that goes on with a character counts nothing.
        return (line, before[start...].count { $0 & 0xC0 != 0x80 } + 1)
    }

    mutating func text() throws(JSONViolation) -> JSON {
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw .malformed }
        return value
    }

    private mutating func value(depth: Int) throws(JSONViolation) -> JSON {
        skipWhitespace()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONViolation) -> JSON {
        guard depth <= JSON.depthLimit else { throw .tooDeep }
        position += 1
        var members: [JSON.Member] = []
        var names: Set<String> = []
        skipWhitespace()
        if skip(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipWhitespace()
            guard peek == UInt8(ascii: "\"") else { throw .malformed }
            let start = position
            let name = try string()
            guard names.insert(name).inserted else {
                position = start
                throw .duplicateName
            }
            skipWhitespace()
            guard skip(UInt8(ascii: ":")) else { throw .malformed }
            members.append(JSON.Member(name, try value(depth: depth)))
            skipWhitespace()
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { throw .malformed }
        }
    }

    private mutating func array(depth: Int) throws(JSONViolation) -> JSON {
        guard depth <= JSON.depthLimit else { throw .tooDeep }
        position += 1
        var elements: [JSON] = []
        skipWhitespace()
        if skip(UInt8(ascii: "]")) { return .array([]) }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            if skip(UInt8(ascii: "]")) { return .array(elements) }
            guard skip(UInt8(ascii: ",")) else { throw .malformed }
        }
    }

    // MARK: strings

    private mutating func string() throws(JSONViolation) -> String {
        let start = position
        position += 1
        var octets: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: octets, as: UTF8.self) else {
                    position = start
                    throw .invalidText
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &octets)
            case 0..<0x20:
                position -= 1
                throw .malformed
            default: octets.append(byte)
            }
        }
        throw .malformed
    }

    private mutating func escape(into octets: inout [UInt8]) throws(JSONViolation) {
        guard let byte = peek else { throw .malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): octets.append(byte)
        case UInt8(ascii: "b"): octets.append(0x08)
        case UInt8(ascii: "f"): octets.append(0x0C)
        case UInt8(ascii: "n"): octets.append(0x0A)
        case UInt8(ascii: "r"): octets.append(0x0D)
        case UInt8(ascii: "t"): octets.append(0x09)
        case UInt8(ascii: "u"): octets += String(try scalar()).utf8
        default:
            position -= 1
            throw .malformed
        }
    }

    /// What follows `\u`, and the second half where that is the first of a pair.
    private mutating func scalar() throws(JSONViolation) -> Character {
        let first = try fourDigits()
        var code = UInt32(first)
        if (0xD800...0xDBFF).contains(first) {
            guard skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { throw .invalidText }
            let second = try fourDigits()
            guard (0xDC00...0xDFFF).contains(second) else { throw .invalidText }
            code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw .invalidText }
        return Character(scalar)
    }

    private mutating func fourDigits() throws(JSONViolation) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = peek?.hexadecimalValue else { throw .malformed }
            position += 1
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    // MARK: numbers and words

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` (§6)
    private mutating func number() throws(JSONViolation) -> JSON {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        var isWhole = true
        if skip(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isWhole = false
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole {
            if let integer = Int64(text) { return .integer(integer) }
        } else if let number = Double(text), number.isFinite {
            return .number(number)
        }
        position = start
        throw .numberOutOfRange
    }

    private mutating func digits() throws(JSONViolation) {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw .malformed }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSONViolation) -> JSON {
        guard bytes[position...].starts(with: text.utf8) else { throw .malformed }
        position += text.utf8.count
        return value
    }

    // MARK: bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }
}
