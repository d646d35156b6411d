/// Base64 and base64url (RFC 4648 §4, §5).
package enum Base64 {
    package enum Alphabet: Sendable {
        /// `+ /`, padded with `=`.
        case standard
        /// `- _`, not padded: what state, codes and cookies use.
        case url

        fileprivate var characters: StaticString {
            switch self {
            case .standard: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            case .url: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            }
        }
    }

    package static func encode(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet) -> String {
        encode(Array(bytes), alphabet)
    }

    /// The same for an array: a generic function of another module runs unspecialized, ten times as slowly.
    package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet) -> String {
        var text: [UInt8] = []
        text.append(addingCapacity: (bytes.count + 2) / 3 * 4) { text in
            var index = 0
            while index + 2 < bytes.count {
                let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
                text.append(character(of: group >> 18, alphabet))
                text.append(character(of: group >> 12, alphabet))
                text.append(character(of: group >> 6, alphabet))
                text.append(character(of: group, alphabet))
                index += 3
            }
            let rest = bytes.count - index
            guard rest > 0 else { return }
            let group = UInt32(bytes[index]) << 16 | (rest == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
            text.append(character(of: group >> 18, alphabet))
            text.append(character(of: group >> 12, alphabet))
            if rest == 2 { text.append(character(of: group >> 6, alphabet)) }
            if alphabet == .standard { for _ in rest..<3 { text.append(UInt8(ascii: "=")) } }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func character(of value: UInt32, _ alphabet: Alphabet) -> UInt8 {
        // Sound: a literal of text lives as long as the program, and each of these has 64 octets for the 64 values of six bits.
        unsafe alphabet.characters.utf8Start[Int(value & 63)]
    }

    /// Decodes base64url without padding, strictly: one byte sequence has one text.
    ///
    /// - Returns: nil for a character outside the alphabet, padding, an impossible length or non-zero spare bits.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            bits = bits << 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(bits >> held & 0xFF))
                bits &= (1 << held) - 1
            }
        }
        guard held < 6, bits == 0 else { return nil }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) - 48 + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

/// Lower-case hexadecimal.
package enum Hex {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(Array(bytes))
    }

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.append(addingCapacity: bytes.count * 2) { text in
            for byte in bytes {
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil unless the text is an even number of hexadecimal digits, of either case.
    package static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            if let known = high {
                bytes.append(known << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 97...102: character - 87
        case 65...70: character - 55
        default: nil
        }
    }
}
