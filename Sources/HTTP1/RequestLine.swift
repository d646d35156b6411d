import HTTPSemantics
import HTTPTypes

/// A request line (RFC 9112 §3), its target still as it was sent.
struct RequestLine {
    let method: HTTPRequest.Method
    let target: Range<Int>
    let version: HTTPVersion

    /// - Parameter line: without its CRLF and without control characters other than HTAB.
    init(_ input: [UInt8], line: Range<Int>) throws(HTTPViolation) {
        let span = input.span
        var end = line.lowerBound
        while end < line.upperBound, span[end].isTokenCharacter { end += 1 }
        guard end < line.upperBound else { throw .malformedRequestLine }
        guard span[end] == UInt8(ascii: " ") else { throw .invalidMethod }
        guard end > line.lowerBound else { throw .malformedRequestLine }

        // From the right: the version is eight octets behind a space.
        let versionStart = line.upperBound - 8
        guard versionStart - 1 > end + 1, span[versionStart - 1] == UInt8(ascii: " ") else {
            throw .malformedRequestLine
        }
        version = try parseVersion(span, at: versionStart, orElse: .malformedRequestLine)
        let target = (end + 1)..<(versionStart - 1)
        for index in target where span[index] == UInt8(ascii: " ") || span[index] == UInt8(ascii: "\t") {
            throw .malformedRequestLine
        }
        self.target = target
        method = try Self.method(input[line.lowerBound..<end])
    }

    /// Methods are case-sensitive (RFC 9110 §9.1); the frequent ones cost no allocation.
    private static func method(_ token: ArraySlice<UInt8>) throws(HTTPViolation) -> HTTPRequest.Method {
        if token.elementsEqual("GET".utf8) { return .get }
        if token.elementsEqual("POST".utf8) { return .post }
        guard let method = HTTPRequest.Method(String(decoding: token, as: UTF8.self)) else { throw .invalidMethod }
        return method
    }
}

/// `HTTP/` DIGIT `.` DIGIT, eight octets (RFC 9112 §2.3).
///
/// A higher minor version is refused too, although RFC 9110 §6.2 would read it as 1.1: none exists, so whoever sends
/// one is probing.
func parseVersion(
    _ input: Span<UInt8>,
    at start: Int,
    orElse malformed: HTTPViolation
) throws(HTTPViolation) -> HTTPVersion {
    guard input[start] == UInt8(ascii: "H"), input[start + 1] == UInt8(ascii: "T"),
        input[start + 2] == UInt8(ascii: "T"), input[start + 3] == UInt8(ascii: "P"),
        input[start + 4] == UInt8(ascii: "/"), input[start + 5].isDigit, input[start + 6] == UInt8(ascii: "."),
        input[start + 7].isDigit
    else { throw malformed }
    guard input[start + 5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
    switch input[start + 7] {
    case UInt8(ascii: "1"): return .http11
    case UInt8(ascii: "0"): return .http10
    default: throw .unsupportedVersion
    }
}
