package import Grants

/// What the company's software will be able to do with a mailbox, and the scopes that say so to each provider.
package struct AccessProfile: Hashable, Sendable {
    /// One thing that software can do, for which the pages have plain words.
    package enum Ability: String, CaseIterable, Sendable {
        case readMail
        case writeDrafts
        case sendMail
        /// Move, label, mark as read, put into the trash.
        case organizeMail
    }

    /// What the configuration and the log call it.
    package var name: String
    package var abilities: [Ability]
    /// What the operator says beside them, in the operator's own words.
    package var words: [String]
    /// As sent to Nylas. A provider that is absent has no scopes: whoever has the password can do everything.
    package var scopes: [Provider: [String]]

    package init(name: String, abilities: [Ability] = [], words: [String] = [], scopes: [Provider: [String]]) {
        self.name = name
        self.abilities = abilities
        self.words = words
        self.scopes = scopes
    }

    package static let builtIn: [AccessProfile] = [read, draft, send, full]

    /// Reading, and nothing else: the default.
    package static let read = AccessProfile(
        name: "read",
        abilities: [.readMail],
        scopes: [
            .google: [google("gmail.readonly")],
            .microsoft: [microsoft("Mail.Read"), "offline_access"],
            .yahoo: ["email", "mail-r"],
        ]
    )

    /// Reading and writing drafts. At Google and Yahoo the same scope can also send: the abilities say so only for these.
    package static let draft = AccessProfile(
        name: "draft",
        abilities: [.readMail, .writeDrafts],
        scopes: [
            .google: [google("gmail.readonly"), google("gmail.compose")],
            .microsoft: [microsoft("Mail.ReadWrite"), "offline_access"],
            .yahoo: ["email", "mail-r", "mail-w"],
        ]
    )

    package static let send = AccessProfile(
        name: "send",
        abilities: [.readMail, .writeDrafts, .sendMail],
        scopes: [
            .google: [google("gmail.readonly"), google("gmail.compose"), google("gmail.send")],
            .microsoft: [microsoft("Mail.ReadWrite"), microsoft("Mail.Send"), "offline_access"],
            .yahoo: ["email", "mail-r", "mail-w"],
        ]
    )

    package static let full = AccessProfile(
        name: "full",
        abilities: [.readMail, .writeDrafts, .sendMail, .organizeMail],
        scopes: [
            .google: [google("gmail.modify")],
            .microsoft: [microsoft("Mail.ReadWrite"), microsoft("Mail.Send"), "offline_access"],
            .yahoo: ["email", "mail-r", "mail-w"],
        ]
    )

    /// The scopes asked for at a provider; empty where there are none.
    package func scopes(for provider: Provider) -> [String] {
        scopes[provider] ?? []
    }

    /// What the software will really be able to do there: where a provider cannot separate abilities, all it joins.
    package func abilities(at provider: Provider?) -> [Ability] {
        guard let provider else { return abilities }
        let joined = joined(at: provider)
        return Ability.allCases.filter { abilities.contains($0) || joined.contains($0) }
    }

    /// What the scopes at a provider allow, whatever the profile is meant for; everything where there are no scopes.
    func joined(at provider: Provider) -> [Ability] {
        guard AccessProfile.separableProviders.contains(provider) else { return Ability.allCases }
        return Permission.abilities(in: Permission.list(from: scopes(for: provider)))
    }

    /// Those that have scopes at all.
    static let separableProviders: [Provider] = [.google, .microsoft, .yahoo]
    /// Of one provider's scopes: they travel in the flow's cookie and in an address.
    static let scopesLimitBytes = 400
    static let googlePrefix = "https://www.googleapis.com/auth/"

    private static func google(_ name: String) -> String { googlePrefix + name }
    private static func microsoft(_ name: String) -> String { "https://graph.microsoft.com/\(name)" }
}
