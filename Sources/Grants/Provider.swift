/// A mail provider that Nylas can connect through its hosted authorisation page.
package enum Provider: String, CaseIterable, Hashable, Sendable {
    case google
    case microsoft
    case yahoo
    case icloud
    case imap
    /// Exchange on the customer's own premises.
    case ews

    /// What people call it.
    package var displayName: String {
        switch self {
        case .google: "Google"
        case .microsoft: "Microsoft"
        case .yahoo: "Yahoo"
        case .icloud: "iCloud"
        case .imap: "IMAP"
        case .ews: "Exchange"
        }
    }
}
