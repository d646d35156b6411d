/// A block of addresses that share their first bits, such as `10.0.0.0/8` or `2001:db8::/32` (RFC 4632 §3.1).
package struct AddressBlock: Hashable, Sendable, CustomStringConvertible {
    /// With every bit beyond ``prefixLength`` zero.
    package let first: NetworkAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6, 0 for ``NetworkAddress/local``.
    package let prefixLength: Int

    /// The block of that size in which the address lies.
    ///
    /// - Parameter prefixLength: clamped to what the kind of address has.
    package init(containing address: NetworkAddress, prefixLength: Int) {
        switch address {
        case .v4(let bits):
            self.prefixLength = min(max(prefixLength, 0), 32)
            first = .v4(bits & mask(self.prefixLength))
        case .v6(let high, let low):
            self.prefixLength = min(max(prefixLength, 0), 128)
            first = .v6(
                high: high & mask(min(self.prefixLength, 64)),
                low: low & mask(max(self.prefixLength - 64, 0))
            )
        case .local:
            self.prefixLength = 0
            first = .local
        }
    }

    /// Reads `address/length`, or a single address.
    ///
    /// - Returns: nil also where bits beyond the prefix are set: `10.0.0.7/8` is a slip of the pen.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = NetworkAddress(parts[0]) else { return nil }
        let bits = if case .v4 = address { 32 } else { 128 }
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(\.isDigit),
                let number = Int(parts[1]), number <= bits
            else { return nil }
            length = number
        }
        self.init(containing: address, prefixLength: length)
        guard first == address else { return nil }
    }

    package func contains(_ address: NetworkAddress) -> Bool {
        AddressBlock(containing: address, prefixLength: prefixLength) == self
    }

    package var description: String {
        first == .local ? "local" : "\(first)/\(prefixLength)"
    }
}

extension NetworkAddress {
    /// Whether the peer is this machine: 127.0.0.0/8, ::1, or a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        case .local: true
        }
    }

    /// Whether such an address is reached from within a network alone: RFC 1918, RFC 6598 (shared), RFC 4193, link-local, and
    /// this machine's own. Who sends forwarded fields from there is most likely a proxy.
    package var isPrivate: Bool {
        switch self {
        case .v4(let bits):
            bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8 || bits >> 22 == 0x191
                || bits >> 16 == 0xA9FE
                || isLoopback
        case .v6(let high, _): high >> 57 == 0x7E || high >> 54 == 0x3FA || isLoopback
        case .local: true
        }
    }

    /// What one customer of a provider is given, and therefore counts as one client: an IPv4 address, or an IPv6 /64 (here
    /// its first address).
    package var subscriber: NetworkAddress {
        if case .v6(let high, _) = self { .v6(high: high, low: 0) } else { self }
    }

    /// The network of a client, without the part that tells one household's devices apart: what a log may keep.
    ///
    /// /24 for IPv4, /64 for IPv6, where one subscriber has at least a /64.
    package var clientNetwork: AddressBlock {
        if case .v4 = self {
            AddressBlock(containing: self, prefixLength: 24)
        } else {
            AddressBlock(containing: self, prefixLength: 64)
        }
    }
}

/// The first `length` bits set. A smart shift, so that 0 gives no bits and the full width gives all.
private func mask<Bits: FixedWidthInteger & UnsignedInteger>(_ length: Int) -> Bits {
    length == 0 ? 0 : ~Bits.zero << (Bits.bitWidth - length)
}
