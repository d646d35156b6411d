import Grants

/// What one scope allows, in the terms that our pages have words for.
package enum Permission: Hashable, Sendable {
    case ability(AccessProfile.Ability)
    /// To know the person's name and address.
    case identity
    /// To go on while the person is away.
    case presence
    case calendar
    case contacts
    /// A scope we have no words for, as the provider names it.
    case other(String)

    /// What several scopes allow, each thing once, in our own order.
    static func list(from scopes: [String]) -> [Permission] {
        var found: [Permission] = []
        for permission in scopes.flatMap({ meaning(of: Scope($0)) }) where !found.contains(permission) {
            found.append(permission)
        }
        return found.sorted { $0.rank < $1.rank }
    }

    /// The abilities among them.
    static func abilities(in permissions: [Permission]) -> [AccessProfile.Ability] {
        permissions.compactMap { if case .ability(let ability) = $0 { ability } else { nil } }
    }

    /// For a list on a page.
    var words: String {
        switch self {
        case .ability(let ability): ability.words
        case .identity: "See your name and email address"
        case .presence: "Stay connected while you are away"
        case .calendar: "Use your calendar"
        case .contacts: "Use your contacts"
        case .other(let scope): scope
        }
    }

    private var rank: Int {
        switch self {
        case .ability(let ability): AccessProfile.Ability.allCases.firstIndex(of: ability) ?? 0
        case .calendar: 10
        case .contacts: 11
        case .identity: 12
        case .presence: 13
        case .other: 14
        }
    }

    private static func meaning(of scope: Scope) -> [Permission] {
        let name = scope.normalized
        switch name {
        case "gmail.readonly", "mail.read", "mail-r", "gmail.metadata", "mail.readbasic":
            return [.ability(.readMail)]
        case "gmail.compose": return [.ability(.writeDrafts), .ability(.sendMail)]
        case "gmail.send", "mail.send", "smtp.send": return [.ability(.sendMail)]
        case "gmail.insert": return [.ability(.writeDrafts)]
        case "gmail.labels": return [.ability(.organizeMail)]
        case "mail.readwrite": return [.readMail, .writeDrafts, .organizeMail].map(Permission.ability)
        case "gmail.modify", "mail-w", "https://mail.google.com/", "https://mail.google.com":
            return AccessProfile.Ability.allCases.map(Permission.ability)
        case "openid", "email", "profile", "userinfo.email", "userinfo.profile", "user.read":
            return [.identity]
        case "offline_access": return [.presence]
        default:
            if name.hasPrefix("calendar") { return [.calendar] }
            if name.hasPrefix("contacts") || name.hasPrefix("people.") { return [.contacts] }
            return [.other(name)]
        }
    }
}
