extension NetworkAddress: CustomStringConvertible {
    /// An IPv6 address from its two halves; an IPv4-mapped one (`::ffff:0:0/96`) becomes the IPv4 address it holds, so
    /// that one peer has one address whatever kind of socket it came through.
    package init(ipv6High high: UInt64, low: UInt64) {
        self = high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
    }

    /// Reads an IPv4 address in four decimal parts or an IPv6 address (RFC 4291 §2.2), without brackets.
    ///
    /// - Returns: nil for anything else, such as leading zeros, which some read as octal (RFC 6943 §3.1.1), and zones.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let address = Self.ipv4(bytes[...]) {
            self = .v4(address)
        } else if let (high, low) = Self.ipv6(bytes) {
            self.init(ipv6High: high, low: low)
        } else {
            return nil
        }
    }

    /// Dotted decimal, or the canonical text of RFC 5952; `local` for ``local``.
    package var description: String {
        switch self {
        case .v4(let address):
            "\(address >> 24).\(address >> 16 & 0xFF).\(address >> 8 & 0xFF).\(address & 0xFF)"
        case .v6(let high, let low): Self.canonicalText(high: high, low: low)
        case .local: "local"
        }
    }

    private static func ipv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit),
                part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            let octet = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard octet <= 255 else { return nil }
            address = address << 8 | octet
        }
        return address
    }

    private static func ipv6(_ text: [UInt8]) -> (high: UInt64, low: UInt64)? {
        guard (2...45).contains(text.count) else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var position = 0
        if text[0] == UInt8(ascii: ":") {
            guard text[1] == UInt8(ascii: ":") else { return nil }
            (gap, position) = (0, 2)
        }
        while position < text.count {
            guard groups.count < 8 else { return nil }
            let end = text[position...].firstIndex(of: UInt8(ascii: ":")) ?? text.count
            let group = text[position..<end]
            if group.contains(UInt8(ascii: ".")) {
                guard end == text.count, groups.count <= 6, let address = ipv4(group) else { return nil }
                groups += [UInt16(address >> 16), UInt16(address & 0xFFFF)]
                break
            }
            guard (1...4).contains(group.count) else { return nil }
            var value: UInt16 = 0
            for digit in group {
                guard let bits = digit.hexadecimalValue else { return nil }
                value = value << 4 | UInt16(bits)
            }
            groups.append(value)
            guard end < text.count else { break }
            position = end + 1
            guard position < text.count else { return nil }
            if text[position] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = groups.count
                position += 1
            }
        }
        if let gap {
            // RFC 4291: "::" stands for one or more groups.
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let halves = [groups[..<4], groups[4...]].map { $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        return (halves[0], halves[1])
    }

    private static func canonicalText(high: UInt64, low: UInt64) -> String {
        let groups = [high, low].flatMap { half in [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> $0) } }
        // RFC 5952 §4.2: the longest run of at least two zero groups is written "::", the first of equals.
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(1, longest.count) { longest = start..<index }
            start = index + 1
        }
        let hexadecimal = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return hexadecimal.joined(separator: ":") }
        return hexadecimal[..<longest.lowerBound].joined(separator: ":") + "::"
            + hexadecimal[longest.upperBound...].joined(separator: ":")
    }
}
