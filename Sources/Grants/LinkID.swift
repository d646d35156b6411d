/// The name of one connect link. Not the link: whoever knows the ID can open nothing, so logs and audits may hold it.
package struct LinkID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 64 characters of base64url (`A-Z a-z 0-9 - _`).
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}
