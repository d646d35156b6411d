/// One element of a field that says for whom a proxy sends a request.
///
/// Elements are divided at every comma, also within quotes: an element that quotes a comma is refused as one that leaves a
/// quote open. So nobody can open a quote that swallows what the proxy appends.
enum ForwardedElement {
    /// - Returns: nil for a name, `unknown`, an obfuscated identifier, and everything else that is no address.
    static func address(_ element: [UInt8], of field: TrustedProxies.Field) -> NetworkAddress? {
        let text = trimmed(element[...])
        switch field {
        case .xForwardedFor: return node(text, allowsBareIPv6: true)
        case .forwarded: return forwardedFor(text)
        }
    }

    /// The address of `for` (RFC 7239 §4): each parameter at most once, separated by semicolons alone.
    private static func forwardedFor(_ element: ArraySlice<UInt8>) -> NetworkAddress? {
        var names: [[UInt8]] = []
        var address: NetworkAddress?
        for pair in element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = pair[..<equals].map(\.lowercasedASCII)
            guard !name.isEmpty, name.allSatisfy(\.isTokenCharacter), !names.contains(name),
                let (value, isQuoted) = value(pair[(equals + 1)...])
            else { return nil }
            names.append(name)
            guard name.elementsEqual("for".utf8) else { continue }
            // §6: a colon and brackets are no token characters, so that IPv6 and ports are always quoted.
            guard isQuoted || value.allSatisfy(\.isTokenCharacter),
                let node = node(value, allowsBareIPv6: false)
            else { return nil }
            address = node
        }
        return address
    }

    /// A token or a quoted string, without its quotes; nil for anything else, and for `\`, which no address needs.
    private static func value(_ text: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, isQuoted: Bool)? {
        guard text.first == UInt8(ascii: "\"") else {
            return !text.isEmpty && text.allSatisfy(\.isTokenCharacter) ? (text, false) : nil
        }
        let inside = text.dropFirst().dropLast()
        guard text.count >= 2, text.last == UInt8(ascii: "\""),
            !inside.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
        else { return nil }
        return (inside, true)
    }

    /// `IPv4`, `IPv4:port`, `[IPv6]`, `[IPv6]:port`, and where nothing else was ever agreed on, IPv6 without brackets.
    private static func node(_ text: ArraySlice<UInt8>, allowsBareIPv6: Bool) -> NetworkAddress? {
        if text.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: UInt8(ascii: "]")), isPort(text[(bracket + 1)...]) else {
                return nil
            }
            return ipv6(text[(text.startIndex + 1)..<bracket])
        }
        let colons = text.count { $0 == UInt8(ascii: ":") }
        if colons > 1 { return allowsBareIPv6 ? ipv6(text) : nil }
        let end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
        guard isPort(text[end...]) else { return nil }
        return NetworkAddress(String(decoding: text[..<end], as: UTF8.self))
    }

    private static func ipv6(_ text: ArraySlice<UInt8>) -> NetworkAddress? {
        text.contains(UInt8(ascii: ":")) ? NetworkAddress(String(decoding: text, as: UTF8.self)) : nil
    }

    /// Nothing, or a colon and up to five digits; obfuscated ports are refused.
    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.first else { return true }
        let digits = text.dropFirst()
        guard colon == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(\.isDigit) else {
            return false
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 65_535
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
