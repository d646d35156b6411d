/// Finds the next line that ends in CRLF, over any number of arrivals, looking at each octet once.
///
/// Control characters other than HTAB are refused as soon as they are seen: whoever speaks TLS to a plain port gets an
/// answer at the first octet. Every decision depends on an octet's place alone, so arrivals may be cut anywhere.
struct LineScanner {
    /// Octets after the line's beginning that were looked at before.
    private var scanned = 0

    /// The line that begins at `position`, without its CRLF, or nil when it has not arrived whole.
    ///
    /// - Parameters:
    ///   - position: is moved behind the CRLF of a line that was found.
    ///   - limit: how long the line may be.
    ///   - violation: what it is if it is longer.
    mutating func nextLine(
        in input: Span<UInt8>,
        from position: inout Int,
        limit: Int,
        orElse violation: HTTPViolation
    ) throws(HTTPViolation) -> Range<Int>? {
        let end = min(input.count, position + limit)
        let index = input.firstIndexOfNoFieldCharacter(from: position + scanned, to: end)
        scanned = index - position
        guard index < input.count else { return nil }
        switch input[index] {
        case UInt8(ascii: "\r"):
            guard index + 1 < input.count else { return nil }
            guard input[index + 1] == UInt8(ascii: "\n") else { throw .bareLineTerminator }
        case UInt8(ascii: "\n"):
            throw .bareLineTerminator
        default:
            throw scanned == limit ? violation : .controlCharacter
        }
        let line = position..<index
        position = index + 2
        scanned = 0
        return line
    }
}
