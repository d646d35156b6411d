import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import Nylas
import OAuth
import Timekeeping

/// Everything about a flow that was started and has not come back: it travels sealed in the browser's cookie, so that
/// abandoned and hostile starts cost the server nothing.
struct StartedFlow: Sendable {
    /// How long a person may take: two-factor sign-in, a password forgotten, an administrator asked.
    static let lifetime = Duration.seconds(20 * 60)

    var kind: FlowKind
    var state: State
    var codeVerifier: CodeVerifier
    var provider: Provider?
    var profile: String
    var scopes: [String]
    var link: LinkClaim?
    var owner: OwnerID?
    var expectedAddress: String?
    var binding: Binding = .baseline
    var returnURL: String?
    var tags: [String: String] = [:]
    /// Who was asked, ``Audience/digest``: an answer is not taken to another Nylas application than the question (mix-up).
    var audience: [UInt8]
    /// What an administrator was asked for, without its scopes; there if and only if the kind is `adminConsent`.
    var invite: ConsentInvite?
    var startedAt: Timestamp

    var id: FlowID { state.withExposed { FlowID(state: $0) } }

    var expiresAt: Timestamp { startedAt + StartedFlow.lifetime }

    /// What the store must know to judge and save without the cookie.
    var claim: FlowClaim {
        FlowClaim(
            flow: id,
            kind: kind,
            owner: owner,
            link: link,
            binding: binding,
            provider: provider,
            profile: profile,
            scopes: scopes,
            expectedAddress: expectedAddress,
            returnURL: returnURL,
            tags: tags,
            startedAt: startedAt
        )
    }
}

extension StartedFlow {
    /// A new flow with a state and a verifier of its own.
    ///
    /// - Parameters:
    ///   - provider: nil lets Nylas ask.
    ///   - link: nil for open connecting.
    ///   - audience: ``Audience/digest(of:)`` of the settings.
    init(
        _ provider: Provider?,
        _ link: ConnectLink?,
        _ settings: ConnectSettings,
        audience: [UInt8],
        random: RandomSource,
        at now: Timestamp
    ) {
        // Both in one draw: what OpenSSL does around a draw costs more than the bytes.
        let drawn = random.bytes(State.bytes + CodeVerifier.bytes)
        let profile = link.flatMap { settings.profile(named: $0.profile) } ?? settings.profile
        self.init(
            kind: .connect,
            state: State(drawn: Array(drawn[..<State.bytes])),
            codeVerifier: CodeVerifier(drawn: Array(drawn[State.bytes...])),
            provider: provider,
            profile: profile.name,
            scopes: provider.map(profile.scopes(for:)) ?? [],
            link: link?.claim,
            owner: link?.owner,
            expectedAddress: link?.expectedAddress,
            binding: link?.binding ?? .baseline,
            returnURL: link?.returnURL,
            tags: link?.tags ?? [:],
            audience: audience,
            startedAt: now
        )
    }
}

/// The Nylas application and the redirect URI of this instance, in 8 bytes: the same for every flow, so it is made once.
enum Audience {
    static let bytes = 8

    static func digest(of settings: ConnectSettings) -> [UInt8] {
        let text = "\(settings.nylas.origin)\n\(settings.nylas.clientID)\n\(settings.redirectURI)"
        return Array(SHA256.digest(text).prefix(bytes))
    }
}
