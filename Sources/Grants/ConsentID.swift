/// The name of one invitation to consent, and of the consent that comes of it. Not the invitation: whoever knows the ID can open
/// nothing, so logs and audits may hold it.
package struct ConsentID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 64 characters of base64url (`A-Z a-z 0-9 - _`).
    package init?(_ text: String) {
        guard let id = LinkID(text) else { return nil }
        self.text = id.text
    }

    package var description: String { text }
}
