import HTTPSemantics
import HTTPTypes

/// A request target after its form is known (RFC 9112 §3.2).
struct ParsedTarget {
    let target: RequestTarget
    /// Of absolute-form.
    let authority: Authority?

    /// - Parameter range: not empty, without whitespace and control characters.
    init(_ input: [UInt8], _ range: Range<Int>, method: HTTPRequest.Method) throws(HTTPViolation) {
        guard method != .connect else { throw .connectNotSupported }
        if input[range.lowerBound] == UInt8(ascii: "/") {  // origin-form, §3.2.1
            target = try Self.originForm(input, range)
            authority = nil
        } else if range.count == 1, input[range.lowerBound] == UInt8(ascii: "*"), method == .options {  // §3.2.4
            target = RequestTarget(path: "*", query: nil)
            authority = nil
        } else {  // absolute-form, §3.2.2: a server has to accept it, even if only proxies are sent it
            let text = input[range]
            let schemeEnd = text.prefix(8).firstIndex(of: UInt8(ascii: ":")) ?? range.lowerBound
            let scheme = text[..<schemeEnd]
            let authorityStart = schemeEnd + 3
            guard spells(scheme, "http") || spells(scheme, "https"), authorityStart < range.upperBound,
                input[schemeEnd + 1] == UInt8(ascii: "/"), input[schemeEnd + 2] == UInt8(ascii: "/")
            else { throw .invalidRequestTarget }
            let rest = text[authorityStart...]
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? range.upperBound
            guard let named = Authority(String(decoding: rest[..<end], as: UTF8.self)) else {
                throw .invalidRequestTarget
            }
            authority = named
            if end < range.upperBound, input[end] == UInt8(ascii: "/") {
                target = try Self.originForm(input, end..<range.upperBound)
            } else {
                // An empty path is `/` (RFC 9110 §4.2.3).
                let query = try Self.originForm(Array("/".utf8) + input[end..<range.upperBound], nil).query
                target = RequestTarget(path: "/", query: query)
            }
        }
    }

    /// `absolute-path [ "?" query ]`.
    ///
    /// The path has to be percent-encoded as RFC 3986 §3.3 says. The query may have any visible character but `#`:
    /// browsers leave some unencoded there (`|`, `^`, braces), and a callback must not fail over a provider's
    /// `error_description`. What its percent signs mean is for whoever decodes it.
    private static func originForm(
        _ input: [UInt8],
        _ range: Range<Int>?
    ) throws(HTTPViolation) -> RequestTarget {
        let range = range ?? 0..<input.count
        let span = input.span
        var index = range.lowerBound
        path: while index < range.upperBound {
            switch span[index] {
            case UInt8(ascii: "?"):
                break path
            case UInt8(ascii: "%"):
                guard index + 2 < range.upperBound, span[index + 1].hexadecimalValue != nil,
                    span[index + 2].hexadecimalValue != nil
                else { throw .invalidRequestTarget }
            case let byte where byte.isPathCharacter:
                break
            default:
                throw .invalidRequestTarget
            }
            index += 1
        }
        let path = String(decoding: input[range.lowerBound..<index], as: UTF8.self)
        guard index < range.upperBound else { return RequestTarget(path: path, query: nil) }
        for position in (index + 1)..<range.upperBound {
            guard (0x21...0x7E).contains(span[position]), span[position] != UInt8(ascii: "#") else {
                throw .invalidRequestTarget
            }
        }
        return RequestTarget(
            path: path,
            query: String(decoding: input[(index + 1)..<range.upperBound], as: UTF8.self)
        )
    }
}
