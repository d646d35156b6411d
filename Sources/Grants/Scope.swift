/// One permission at a provider, normalised so that Nylas's two spellings of it compare equal.
///
/// Google names scopes by full address, Microsoft by full address or short name, Nylas answers with either. The
/// normal form is the short one: `https://www.googleapis.com/auth/gmail.readonly` is `gmail.readonly`,
/// `https://graph.microsoft.com/Mail.Read` is `mail.read`. `https://mail.google.com/` has no short form and keeps its own.
package struct Scope: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let normalized: String

    package init(_ text: String) {
        let lowered = text.lowercased()
        for prefix in ["https://www.googleapis.com/auth/", "https://graph.microsoft.com/"]
        where lowered.hasPrefix(prefix) && lowered.utf8.count > prefix.utf8.count {
            normalized = String(lowered.dropFirst(prefix.count))
            return
        }
        normalized = lowered
    }

    package var description: String { normalized }

    package static func < (left: Scope, right: Scope) -> Bool { left.normalized < right.normalized }
}
