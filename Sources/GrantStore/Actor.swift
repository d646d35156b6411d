/// On whose word the store was changed, as the audit trail has it.
///
/// nil in an entry is Postern itself, in a flow or on its own: the entry's reference or detail says which.
package struct Actor: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 64 printable ASCII characters without spaces.
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    private init(known text: String) {
        self.text = text
    }

    /// Whoever may run `postern` beside the store.
    package static let commandLine = Actor(known: "cli")

    /// Who holds an operator token of this name: 1 to 40 characters of `A-Z a-z 0-9 . _ -`.
    package static func token(_ name: String) -> Actor { Actor(known: "api:\(name)") }

    package var description: String { text }
}
