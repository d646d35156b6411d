import Grants

extension Doctor {
    /// The operator's own access profiles; nothing where there are none.
    func examineProfiles() -> [Finding] {
        configuration.profiles.map { profile in
            let subject = "profile \(profile.name)"
            if profile.scopes(for: .google).contains(where: { Scope($0).normalized == "gmail.metadata" }) {
                return Finding(
                    subject,
                    .warning,
                    "asks Google for gmail.metadata, whose presence restricts all other reading",
                    advice: "Leave it out, unless headers are all you need."
                )
            }
            let extra = AccessProfile.separableProviders.filter { provider in
                configuration.providers.contains(provider)
                    && profile.abilities(at: provider).contains { !profile.abilities.contains($0) }
            }
            guard extra.isEmpty else {
                return Finding(
                    subject,
                    .ok,
                    "allows more at \(extra.map(\.displayName).joined(separator: ", ")), which the page says"
                )
            }
            return Finding(subject, .ok, "asks for the same everywhere")
        }
    }
}
