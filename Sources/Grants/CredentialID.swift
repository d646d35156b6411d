/// Nylas's name for a connector's credential: what grants for whole organisations are made with.
///
/// Opaque text; Nylas uses UUIDs. Compared byte for byte.
package struct CredentialID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 64 characters of `A-Z a-z 0-9 -`, so that it is safe as one segment of a path.
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}
