import CLinux

/// An IPv4 or IPv6 address with a port, or neither for a pair of local sockets.
package struct SocketAddress: Hashable, Sendable {
    package enum Host: Hashable, Sendable {
        /// 127.0.0.1 is `0x7F00_0001`.
        case v4(UInt32)
        /// The high and the low 64 bits; `zone` is 0 unless the address is link-local. Never an IPv4-mapped address.
        case v6(high: UInt64, low: UInt64, zone: UInt32)
        /// A Unix socket or a pair of sockets.
        case local
    }

    package var host: Host
    package var port: UInt16

    package init(_ host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads an address without a port: `127.0.0.1`, `::1`, also `[::1]` as in a URI (RFC 3986 §3.2.2).
    ///
    /// - Returns: nil for a name, or anything else that is not an address.
    package init?(_ text: String, port: UInt16) {
        var text = text
        if text.hasPrefix("["), text.hasSuffix("]"), text.utf8.contains(UInt8(ascii: ":")) {
            text = String(text.dropFirst().dropLast())
        }
        // A zero byte would end the C string early, and the rest would go unread.
        guard !text.utf8.contains(0) else { return nil }
        var raw = postern_address()
        // Sound: both pointers are valid for the call only.
        guard unsafe postern_address_parse(text, &raw) else { return nil }
        self.init(raw)
        self.port = port
    }

    init(_ raw: postern_address) {
        port = raw.port
        host =
            switch raw.family {
            case 4: .v4(UInt32(truncatingIfNeeded: raw.low))
            case 6: .v6(high: raw.high, low: raw.low, zone: raw.zone)
            default: .local
            }
    }

    var raw: postern_address {
        var raw = postern_address()
        raw.port = port
        switch host {
        case .v4(let number):
            raw.family = 4
            raw.low = UInt64(number)
        case .v6(let high, let low, let zone):
            raw.family = 6
            raw.high = high
            raw.low = low
            raw.zone = zone
        case .local:
            break
        }
        return raw
    }

    /// 127.0.0.0/8 or ::1: what is sent there does not leave the machine.
    package var isLoopback: Bool {
        switch host {
        case .v4(let number): number >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        case .local: true
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:80`, `[::1]:80`.
    package var description: String {
        var raw = raw
        guard raw.family != 0 else { return "local" }
        var text = [CChar](repeating: 0, count: 46)
        // Sound: the shim writes at most 46 bytes, the last a zero.
        unsafe postern_address_format(&raw, &text)
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return raw.family == 4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}
