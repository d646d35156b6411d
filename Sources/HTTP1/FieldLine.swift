import HTTPSemantics

/// Where name and value of a field line lie (RFC 9112 §5): offsets into what the line was parsed from.
struct FieldLine {
    let name: Range<Int>
    /// Without the optional whitespace around it (RFC 9110 §5.5); may be empty.
    let value: Range<Int>

    /// - Parameter line: without its CRLF, without control characters other than HTAB, not empty.
    init(_ input: Span<UInt8>, line: Range<Int>) throws(HTTPViolation) {
        guard !input[line.lowerBound].isWhitespace else { throw .obsoleteLineFolding }
        var colon = line.lowerBound
        while colon < line.upperBound, input[colon].isTokenCharacter { colon += 1 }
        guard colon < line.upperBound else { throw .missingColon }
        if input[colon] != UInt8(ascii: ":") {
            var next = colon
            while next < line.upperBound, input[next].isWhitespace { next += 1 }
            guard next > colon, next < line.upperBound, input[next] == UInt8(ascii: ":") else {
                throw .invalidFieldName
            }
            throw .whitespaceBeforeColon
        }
        guard colon > line.lowerBound else { throw .invalidFieldName }
        var start = colon + 1
        var end = line.upperBound
        while start < end, input[start].isWhitespace { start += 1 }
        while start < end, input[end - 1].isWhitespace { end -= 1 }
        name = line.lowerBound..<colon
        value = start..<end
    }
}
