/// The character classes of RFC 5234 appendix B.1, RFC 9110 §5.6.2 and RFC 3986 §2, for single octets.
///
/// Ranges in a `switch`: the optimizer makes bit tests of them, and no table has to be loaded or bounds-checked.
extension UInt8 {
    /// DIGIT.
    @inlinable
    package var isDigit: Bool { self &- 0x30 < 10 }

    /// ALPHA.
    @inlinable
    package var isAlpha: Bool { (self | 0x20) &- 0x61 < 26 }

    /// The value of a hexadecimal digit of either case, or nil.
    @inlinable
    package var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self &- 0x30
        case 0x41...0x46: self &- 0x37
        case 0x61...0x66: self &- 0x57
        default: nil
        }
    }

    /// An upper-case letter as its lower-case one; everything else as it is.
    @inlinable
    package var lowercasedASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// SP or HTAB, the characters of OWS (RFC 9110 §5.6.3).
    @inlinable
    package var isWhitespace: Bool { self == 0x20 || self == 0x09 }

    /// `tchar`: what methods, field names and tokens are made of (RFC 9110 §5.6.2).
    @inlinable
    package var isTokenCharacter: Bool {
        switch self {
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, 0x7C, 0x7E: true
        default: false
        }
    }

    /// What a field value may contain: VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5).
    @inlinable
    package var isFieldCharacter: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    /// `unreserved`: never needs percent-encoding (RFC 3986 §2.3).
    @inlinable
    package var isUnreserved: Bool {
        // Letters and digits first: addresses of ours are made of hardly anything else.
        isAlpha || isDigit || self == 0x2D || self == 0x2E || self == 0x5F || self == 0x7E
    }

    /// `pchar` without its percent-encoding, or `/`: what a path may contain (RFC 3986 §3.3).
    @inlinable
    package var isPathCharacter: Bool {
        switch self {
        case 0x21, 0x24, 0x26...0x3B, 0x3D, 0x40...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
        default: false
        }
    }
}

extension StringProtocol {
    /// Whether both are equal when ASCII letters are compared without regard to case.
    package func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count
            && utf8.elementsEqual(other.utf8) { $0.lowercasedASCII == $1.lowercasedASCII }
    }
}
