import GrantStore
import Grants
import Nylas

/// Whether the grant that came back is the one that was asked for (design §4.5). Pure: the same answer for the same values.
enum Judge {
    struct Judgement: Hashable, Sendable {
        var verdict: FlowOutcome.Verdict
        /// Asked for and not granted, as they were asked for.
        var missing: [String] = []
        /// Granted and not asked for, normalised. Recorded and logged, but no reason to refuse: Nylas has one grant for each
        /// address, so by now it has these scopes whatever we say, and the person has seen them at the provider.
        var excess: [Scope] = []

        var isConnected: Bool { verdict == .connected || verdict == .reconnected }
    }

    /// Judges what Nylas says over the back channel, never what a browser said.
    ///
    /// - Parameters:
    ///   - asked: the scopes that must be there.
    ///   - known: what the store has of this grant.
    static func judge(_ grant: Grant, for claim: FlowClaim, asked: [String], known: StoredGrant?) -> Judgement {
        if let provider = claim.provider, grant.providerName != provider.rawValue {
            return Judgement(verdict: .otherProvider)
        }
        if let expected = claim.expectedAddress, !identities(of: grant).contains(caseFolded(expected)) {
            return Judgement(verdict: .otherAddress)
        }
        guard mayHave(claim, known) else { return Judgement(verdict: .connectedBySomeoneElse) }
        // Nylas keeps a record of an authentication that failed, too.
        guard grant.status != .invalid else { return Judgement(verdict: .providerRefused) }
        let granted = Set(grant.scopes.map(Scope.init))
        let missing = asked.filter { text in
            let scope = Scope(text)
            return !identity.contains(scope) && !granted.contains(scope)
        }
        let excess = granted.subtracting(asked.map(Scope.init)).subtracting(identity).sorted()
        guard missing.isEmpty else {
            return Judgement(verdict: .permissionsMissing, missing: missing, excess: excess)
        }
        return Judgement(verdict: known == nil ? .connected : .reconnected, excess: excess)
    }

    /// What Nylas asks for by itself to learn who the person is, and providers then report or do not.
    private static let identity = Set(
        [
            "openid", "profile", "email", "offline_access", "User.Read",
            "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/userinfo.profile",
        ].map(Scope.init)
    )

    /// A grant that has owners gains another only where more than this browser vouches for the person: the address that the host
    /// app has verified, which has matched by now, or the host app's own word.
    private static func mayHave(_ claim: FlowClaim, _ known: StoredGrant?) -> Bool {
        guard let owners = known?.owners, !owners.isEmpty else { return true }
        guard let owner = claim.owner else { return false }
        return owners.contains { $0.owner == owner } || claim.binding != .baseline
    }

    private static func identities(of grant: Grant) -> Set<String> {
        Set(([grant.email].compactMap(\.self) + grant.aliases).map(caseFolded))
    }

    /// Lower-case in ASCII only: a letter beyond it that merely folds to another one is another mailbox.
    private static func caseFolded(_ address: String) -> String {
        String(
            decoding: address.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 },
            as: UTF8.self
        )
    }
}
