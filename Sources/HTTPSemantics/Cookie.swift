package import HTTPTypes

/// Cookies as an origin server reads and writes them (RFC 6265 §4, with SameSite and prefixes of its successor).
package enum Cookie {
    package enum SameSite: String, Sendable {
        case lax = "Lax"
        case strict = "Strict"
    }

    /// Every pair of every Cookie field, in the order sent (RFC 6265 §4.2.1).
    ///
    /// Values are as sent: not decoded, and with their quotes if they have some. What is not a pair is passed over,
    /// because another program on the same host may have set it, and refusing the request would lock the person out.
    /// A name may occur more than once; the order proves nothing about who set it.
    package static func parse(fields: HTTPFields) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for field in fields where field.name == .cookie {
            for piece in field.value.utf8.split(separator: UInt8(ascii: ";")) {
                guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = trimmed(piece[..<equals])
                guard !name.isEmpty, name.allSatisfy(\.isTokenCharacter) else { continue }
                let value = trimmed(piece[piece.index(after: equals)...])
                pairs.append((name: String(Substring(name)), value: String(Substring(value))))
            }
        }
        return pairs
    }

    /// The value of a Set-Cookie field (RFC 6265 §4.1.1), for the whole host: never with a Domain.
    ///
    /// - Parameters:
    ///   - name: a token of our own; `__Host-…` demands `isSecure` and the path `/`.
    ///   - value: of `cookie-octet`s: no control character, space, quote, comma, semicolon or backslash.
    ///   - maxAge: rounded down to seconds; nil makes a cookie that ends with the browser's session.
    package static func setCookie(
        name: String,
        value: String,
        maxAge: Duration? = nil,
        path: String = "/",
        isSecure: Bool = true,
        isHTTPOnly: Bool = true,
        sameSite: SameSite = .lax
    ) -> String {
        precondition(
            !name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter) && areCookieOctets(value)
                && path.utf8.first == UInt8(ascii: "/") && path.utf8.allSatisfy(\.isPathCharacter)
                && !path.utf8.contains(UInt8(ascii: ";")),
            "our cookies have names of our own and base64url values, or they would break out of the field"
        )
        precondition(
            !name.hasPrefix("__Host-") || (isSecure && path == "/"),
            "a browser drops a __Host- cookie without Secure or with another path"
        )
        var text = name
        // The attributes take 88 octets at most.
        text.reserveCapacity(name.utf8.count + value.utf8.count + path.utf8.count + 88)
        text += "="
        text += value
        text += "; Path="
        text += path
        if let maxAge {
            text += "; Max-Age="
            text += String(max(0, maxAge.components.seconds))
        }
        if isSecure { text += "; Secure" }
        if isHTTPOnly { text += "; HttpOnly" }
        text += "; SameSite="
        text += sameSite.rawValue
        return text
    }

    /// The Set-Cookie value that makes a browser forget a cookie: same name, path and Secure, already expired.
    package static func removal(of name: String, path: String = "/", isSecure: Bool = true) -> String {
        setCookie(name: name, value: "", maxAge: .zero, path: path, isSecure: isSecure)
    }

    private static func areCookieOctets(_ value: String) -> Bool {
        let octets = value.utf8Span.span
        for index in octets.indices where !isCookieOctet(octets[index]) { return false }
        return true
    }

    /// `cookie-octet` (RFC 6265 §4.1.1).
    private static func isCookieOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
        default: false
        }
    }
}

/// Without the optional whitespace (RFC 9110 §5.6.3) at both ends.
func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
    var rest = text
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return rest
}
