import Grants

/// The operator's own access profiles, beside those that are always there.
extension Keys {
    static let profiles = ConfigurationListKey<AccessProfile>(
        "connect.profiles",
        "a list of objects with name, words, and the scopes to ask for at google, microsoft and yahoo",
        example:
            #"[{"name": "triage", "google": ["https://www.googleapis.com/auth/gmail.modify"], "microsoft": ["Mail.ReadWrite"]}]"#,
        label: { $0.name }
    ) { object in
        let name = object.required(profileName)
        let words = object.value(profileWords) ?? []
        var scopes: [Provider: [String]] = [:]
        for (provider, key) in profileScopes {
            if let asked = object.value(key) { scopes[provider] = asked }
        }
        guard let name else { return nil }
        return AccessProfile(name: name, words: words, scopes: scopes)
    }

    private static let profileName = ConfigurationKey<String>(
        "name",
        "1 to 40 letters, digits and . _ -",
        example: "\"triage\""
    ) { raw in raw.string.flatMap { APIToken.isName($0) ? $0 : nil } }

    private static let profileWords = ConfigurationKey<[String]>(
        "words",
        "a list of at most 6 things your software does with the access, each 1 to 120 characters on one line",
        example: "[\"Sort your invoices\"]"
    ) { raw in
        guard let words = raw.list, words.count <= 6, words.allSatisfy({ isLine($0, atMost: 120) }) else { return nil }
        return words
    }

    private static let profileScopes: [(Provider, ConfigurationKey<[String]>)] = [
        (.google, scopes("google", "\(AccessProfile.googlePrefix)gmail.modify") { isGoogleScope($0) }),
        (.microsoft, scopes("microsoft", "Mail.ReadWrite") { _ in true }),
        (.yahoo, scopes("yahoo", "mail-r") { _ in true }),
    ]

    private static func scopes(
        _ provider: String,
        _ example: String,
        isKnown: @escaping @Sendable (String) -> Bool
    ) -> ConfigurationKey<[String]> {
        ConfigurationKey<[String]>(
            provider,
            "a list of scopes as \(provider) names them, each once, \(AccessProfile.scopesLimitBytes) bytes together at most",
            example: "[\"\(example)\"]"
        ) { raw in
            guard let scopes = raw.list, !scopes.isEmpty, Set(scopes.map(Scope.init)).count == scopes.count,
                scopes.allSatisfy({ isAddressText($0) && isKnown($0) }),
                scopes.joined(separator: " ").utf8.count <= AccessProfile.scopesLimitBytes
            else { return nil }
            return scopes
        }
    }

    /// Google's short names are refused by Nylas; only those that say who somebody is have no other.
    private static func isGoogleScope(_ text: String) -> Bool {
        text.hasPrefix(AccessProfile.googlePrefix) || text.hasPrefix("https://mail.google.com")
            || ["openid", "email", "profile"].contains(text)
    }
}

extension ConnectConfiguration {
    /// The operator's profiles, complete for the providers that are offered; what contradicts itself is a fault.
    static func readProfiles(_ reader: inout ConfigurationReader, offering providers: [Provider]) -> [AccessProfile] {
        let separable = AccessProfile.separableProviders.filter(providers.contains)
        return reader.list(Keys.profiles).enumerated().map { index, read in
            let place = "connect.profiles[\(index)]"
            var profile = read
            if AccessProfile.builtIn.contains(where: { $0.name == profile.name }) {
                reader.conflict("\(place).name", "is that of a profile that is always there: choose another one.")
            }
            for provider in separable where profile.scopes(for: provider).isEmpty {
                reader.conflict(
                    "\(place).\(provider.rawValue)",
                    "is missing, and connect.providers offers \(provider.rawValue): say what to ask for there."
                )
            }
            // What it is for is what it allows everywhere; where a provider joins more to it, the pages say so there.
            profile.abilities = AccessProfile.Ability.allCases.filter { ability in
                separable.allSatisfy { profile.joined(at: $0).contains(ability) }
            }
            if profile.abilities.isEmpty, profile.words.isEmpty {
                reader.conflict(
                    "\(place).words",
                    "is missing: its scopes have nothing in common that the page has words for, so say what it is for."
                )
            }
            return profile
        }
    }

    static func refuseTwins(_ profiles: [AccessProfile], _ reader: inout ConfigurationReader) {
        for (index, profile) in profiles.enumerated()
        where profiles[..<index].contains(where: { $0.name == profile.name }) {
            reader.conflict("connect.profiles[\(index)].name", "is that of another profile in the list.")
        }
    }
}
