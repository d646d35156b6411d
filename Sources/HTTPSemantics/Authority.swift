/// `uri-host [ ":" port ]`, as in Host and in URIs (RFC 9110 §7.2, RFC 3986 §3.2), without user information.
package struct Authority: Hashable, Sendable {
    /// A registered name in lower case, an IPv4 address, or an IPv6 address in brackets and in canonical form.
    package let host: String
    /// nil where none is written.
    package let port: Int?

    /// - Returns: nil for an empty host, a port that is not 1 to 65535 in digits, and a name that DNS could not hold.
    ///
    /// Narrower than RFC 3986: no percent-encoding and no `sub-delims` in names, no IPvFuture, no empty port. And what
    /// ends in a number must be a complete IPv4 address, because some resolvers read `127.1` or `0x7f.1` as one.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 300 else { return nil }
        let hostEnd: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let literal = String(decoding: bytes[1..<bracket], as: UTF8.self)
            guard literal.utf8.contains(UInt8(ascii: ":")), let address = NetworkAddress(literal) else { return nil }
            // `[::ffff:127.0.0.1]` is the IPv4 address it holds, here as everywhere.
            if case .v6 = address { host = "[\(address)]" } else { host = "\(address)" }
            hostEnd = bracket + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard let name = Self.registeredName(bytes[..<hostEnd]) else { return nil }
            host = name
        }
        if hostEnd == bytes.count {
            port = nil
        } else {
            let digits = bytes[(hostEnd + 1)...]
            guard bytes[hostEnd] == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(\.isDigit),
                digits.first != UInt8(ascii: "0")
            else { return nil }
            let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            guard number <= 65_535 else { return nil }
            port = number
        }
    }

    /// The address that the host spells out, if it does.
    package var address: NetworkAddress? {
        host.hasPrefix("[") ? NetworkAddress(host.dropFirst().dropLast()) : NetworkAddress(host)
    }

    /// Letters, digits, `-` and, because container networks use it, `_`; labels of 1 to 63, together at most 253.
    private static func registeredName(_ bytes: ArraySlice<UInt8>) -> String? {
        // One final dot is the root's, and belongs to no label.
        let labels = bytes.count > 1 && bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes
        guard (1...253).contains(labels.count) else { return nil }
        var start = labels.startIndex
        for index in labels.indices {
            let byte = labels[index]
            if byte == UInt8(ascii: ".") {
                guard index > start else { return nil }
                start = index + 1
            } else {
                guard byte.isAlpha || byte.isDigit || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_"),
                    index - start < 63
                else { return nil }
            }
        }
        guard start < labels.endIndex else { return nil }
        let name = String(decoding: bytes.map(\.lowercasedASCII), as: UTF8.self)
        guard !readsAsNumber(labels[start...]) || NetworkAddress(name) != nil else { return nil }
        return name
    }

    private static func readsAsNumber(_ label: ArraySlice<UInt8>) -> Bool {
        label.allSatisfy(\.isDigit)
            || label.count >= 2 && label.first == UInt8(ascii: "0") && label.dropFirst().first?.lowercasedASCII == 0x78
                && label.dropFirst(2).allSatisfy { $0.hexadecimalValue != nil }
    }
}
