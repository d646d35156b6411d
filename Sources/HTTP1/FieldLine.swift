import HTTPSemantics

/// Where name and value of a field line lie (RFC 9112 §5): offsets into what the line was parsed from.
struct FieldLine {
    let name: Range<Int>
    /// Where the name is among those that arrive with almost every message, if it is one of them.
    let known: Int?
    /// Without the optional whitespace around it (RFC 9110 §5.5); may be empty.
    let value: Range<Int>

    /// - Parameter line: without its CRLF, without control characters other than HTAB, not empty.
    init(_ input: Span<UInt8>, line: Range<Int>) throws(HTTPViolation) {
        let colon = input.firstIndex(of: UInt8(ascii: ":"), from: line.lowerBound, to: line.upperBound)
        name = line.lowerBound..<colon
        known = FieldNames.index(spelledBy: input, at: name)
        // What spells a name that is known has no octet that a name may not have.
        if known == nil || colon == line.upperBound { try FieldLine.check(name, input, line) }
        var start = colon + 1
        var end = line.upperBound
        while start < end, input[start].isWhitespace { start += 1 }
        while start < end, input[end - 1].isWhitespace { end -= 1 }
        value = start..<end
    }

    /// - Parameter name: everything before the first colon, or the whole line if it has none.
    private static func check(_ name: Range<Int>, _ input: Span<UInt8>, _ line: Range<Int>) throws(HTTPViolation) {
        guard !input[line.lowerBound].isWhitespace else { throw .obsoleteLineFolding }
        var end = name.lowerBound
        while end < name.upperBound, input[end].isTokenCharacter { end += 1 }
        if end == name.upperBound {
            guard end < line.upperBound else { throw .missingColon }
            guard !name.isEmpty else { throw .invalidFieldName }
            return
        }
        var next = end
        while next < name.upperBound, input[next].isWhitespace { next += 1 }
        guard next == name.upperBound, next > end, next < line.upperBound else { throw .invalidFieldName }
        throw .whitespaceBeforeColon
    }
}
