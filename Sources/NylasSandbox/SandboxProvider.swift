/// A provider as Nylas names it, and how the sandbox plays its login.
package enum SandboxProvider: String, CaseIterable, Hashable, Sendable {
    case google
    case microsoft
    case yahoo
    case icloud
    case imap
    case ews
    case zoom
    case nylas
    case virtualCalendar = "virtual-calendar"

    /// What people sign in to with a mailbox: the connectors a sandbox has unless told otherwise.
    package static let mailboxes: [SandboxProvider] = [.google, .microsoft, .yahoo, .icloud, .imap, .ews]

    package var displayName: String {
        switch self {
        case .google: "Google"
        case .microsoft: "Microsoft"
        case .yahoo: "Yahoo"
        case .icloud: "iCloud"
        case .imap: "IMAP"
        case .ews: "Exchange"
        case .zoom: "Zoom"
        case .nylas: "Nylas"
        case .virtualCalendar: "Virtual calendar"
        }
    }

    /// Whether `/v3/connect/auth` takes it: Agent Accounts and virtual calendars are made through the API alone.
    var isHosted: Bool { self != .nylas && self != .virtualCalendar }

    /// Whether Nylas itself asks for the address and a password, where the others have an OAuth login of their own.
    var takesPassword: Bool { self == .icloud || self == .imap || self == .ews }

    /// Whether a person can leave out single scopes on the consent page.
    var hasSeparableScopes: Bool { self == .google }

    /// What Nylas adds to each authorisation by itself.
    var identityScopes: [String] {
        switch self {
        case .google: ["openid"] + ["userinfo.email", "userinfo.profile"].map { Self.googlePrefix + $0 }
        case .microsoft: ["openid", "profile", "email", "offline_access", "User.Read"]
        case .yahoo, .icloud, .imap, .ews, .zoom, .nylas, .virtualCalendar: []
        }
    }

    /// What a connector asks for by itself, as people set them up: reading.
    var readingScopes: [String] {
        switch self {
        case .google: [Self.googlePrefix + "gmail.readonly"]
        case .microsoft: ["Mail.Read", "offline_access"]
        case .yahoo: ["email", "mail-r"]
        case .ews: ["ews.messages"]
        case .icloud, .imap, .zoom, .nylas, .virtualCalendar: []
        }
    }

    /// A requested scope as answers and grants spell it: Google in full, the others short; nil for providers that
    /// have no scopes.
    func canonicalScope(_ requested: String) -> String? {
        switch self {
        case .google:
            requested == "openid" || requested.contains("://") ? requested : Self.googlePrefix + requested
        case .microsoft:
            requested.hasPrefix(Self.graphPrefix) ? String(requested.dropFirst(Self.graphPrefix.count)) : requested
        case .yahoo, .ews: requested
        case .icloud, .imap, .zoom, .nylas, .virtualCalendar: nil
        }
    }

    /// A domain for invented addresses; nothing under `.example` is real (RFC 2606 §2).
    var exampleDomain: String { "\(rawValue).example" }

    private static let googlePrefix = "https://www.googleapis.com/auth/"
    private static let graphPrefix = "https://graph.microsoft.com/"
}
