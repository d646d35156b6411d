/// The host app's own name for the user a grant belongs to. Opaque to Postern; compared byte for byte.
package struct OwnerID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 128 bytes of UTF-8 without control characters.
    package init?(_ text: String) {
        guard (1...128).contains(text.utf8.count),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    // Strings are equal where Unicode calls them so: `é` in one scalar and in two would be one owner here, and two in the store and
    // for the host app.
    package static func == (left: OwnerID, right: OwnerID) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
