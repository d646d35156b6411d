/// Which rule a form or a query broke. Each is the sender's fault: 400.
package enum FormViolation: Error, Hashable, Sendable {
    /// A `%` that is not followed by two hexadecimal digits (RFC 3986 §2.1).
    case malformedPercentEncoding
    /// The decoded octets are not UTF-8.
    case invalidUTF8
    /// An encoded NUL, at which C libraries would cut the text.
    case nul
    /// More pairs than ``FormCoding/Limits/pairs``.
    case tooManyPairs(limit: Int)
    /// Longer than ``FormCoding/Limits/bytes``.
    case tooLarge(limitBytes: Int)
}

/// `application/x-www-form-urlencoded`: the content of forms, and queries (URL Standard §5; RFC 6749 appendix B).
package enum FormCoding {
    package struct Limits: Hashable, Sendable {
        /// Of the encoded text.
        package var bytes: Int
        package var pairs: Int

        package init(bytes: Int = 16 << 10, pairs: Int = 64) {
            self.bytes = bytes
            self.pairs = pairs
        }
    }

    /// Decodes pairs in the order sent. A list, never a dictionary: the caller decides what a repeated name means.
    ///
    /// `+` and `%20` are spaces; a pair without `=` has an empty value; empty pairs (`a=1&&b=2`) do not count.
    package static func decode(
        _ bytes: [UInt8],
        limits: Limits = Limits()
    ) throws(FormViolation) -> [(name: String, value: String)] {
        guard bytes.count <= limits.bytes else { throw .tooLarge(limitBytes: limits.bytes) }
        var pairs: [(name: String, value: String)] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < limits.pairs else { throw .tooManyPairs(limit: limits.pairs) }
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = pair[..<(equals ?? pair.endIndex)]
            let value = equals.map { pair[($0 + 1)...] } ?? pair[pair.endIndex...]
            pairs.append(
                (
                    name: try PercentCoding.decode(name, plusIsSpace: true),
                    value: try PercentCoding.decode(value, plusIsSpace: true)
                )
            )
        }
        return pairs
    }

    package static func decode(
        _ text: some StringProtocol,
        limits: Limits = Limits()
    ) throws(FormViolation) -> [(name: String, value: String)] {
        try decode(Array(text.utf8), limits: limits)
    }

    /// Encodes pairs for a query or for the content of a form.
    ///
    /// A space becomes `%20`, not `+`: every form decoder reads it, and so does one that knows only RFC 3986.
    package static func encode(_ pairs: [(String, String)]) -> String {
        var octets = 0
        for (name, value) in pairs { octets += name.utf8.count + value.utf8.count }
        var encoded: [UInt8] = []
        // Each octet may become three, and each pair has its `=` and its `&`.
        encoded.append(addingCapacity: 3 * octets + 2 * pairs.count) { encoded in
            for (name, value) in pairs {
                if !encoded.isEmpty { encoded.append(UInt8(ascii: "&")) }
                PercentCoding.write(name, to: &encoded)
                encoded.append(UInt8(ascii: "="))
                PercentCoding.write(value, to: &encoded)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
