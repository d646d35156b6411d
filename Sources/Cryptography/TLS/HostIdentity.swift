internal import COpenSSL

/// Whom a client wants to talk to, and whom the certificate must therefore name (RFC 9525 §2).
enum HostIdentity: Hashable {
    /// A DNS name: letters, digits, `-`, `_` and dots, no dot at either end.
    case name(String)
    /// An IPv4 or IPv6 literal, without brackets.
    case address(String)

    /// - Returns: nil for what is neither. OpenSSL would take an empty name for "any", a leading dot for "anything
    ///   below", and would stop at a zero byte.
    init?(_ host: String) {
        if Self.isAddress(host) {
            self = .address(host)
            return
        }
        // One dot at the end names the root; certificates and SNI do without (RFC 6066 §3).
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.allSatisfy(Self.isLabel) else { return nil }
        self = .name(name)
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        (1...63).contains(label.count)
            && label.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func isAddress(_ host: String) -> Bool {
        guard !host.utf8.contains(0) else { return false }
        // Sound: the text lives across the call, which makes a copy of what it read.
        let octets = unsafe a2i_IPADDRESS(host)
        defer { unsafe ASN1_OCTET_STRING_free(octets) }
        ERR_clear_error()
        return unsafe octets != nil
    }
}
