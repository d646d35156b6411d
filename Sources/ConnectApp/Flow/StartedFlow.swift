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
    /// How a flow is bound to the right person (design: baseline, pinned, confirmed).
    enum Binding: UInt8, Sendable {
        /// The same browser from start to end.
        case baseline = 0
        /// Also: the address that the host app has verified.
        case pinned = 1
        /// Also: the host app's own word, before the exchange.
        case confirmed = 2
    }

    /// How long a person may take: two-factor sign-in, a password forgotten, an administrator asked.
    static let lifetime = Duration.seconds(20 * 60)

    var kind: FlowKind
    var state: State
    var codeVerifier: CodeVerifier
    var provider: Provider?
    var profile: String
    var scopes: [String]
    var linkID: String?
    var owner: OwnerID?
    var expectedAddress: String?
    var binding: Binding = .baseline
    var returnURL: String?
    var tags: [String: String] = [:]
    /// Who was asked, ``Audience/digest``: an answer is not taken to another Nylas application than the question (mix-up).
    var audience: [UInt8]
    var startedAt: Timestamp

    var id: FlowID { state.withExposed { FlowID(state: $0) } }

    var expiresAt: Timestamp { startedAt + StartedFlow.lifetime }

    /// What the store must know to judge and save without the cookie.
    var claim: FlowClaim {
        FlowClaim(
            flow: id,
            kind: kind,
            owner: owner,
            linkID: linkID,
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

/// The Nylas application and the redirect URI of this instance, in 8 bytes.
enum Audience {
    static let bytes = 8

    static func digest(of settings: ConnectSettings) -> [UInt8] {
        let text = "\(settings.nylas.origin)\n\(settings.nylas.clientID)\n\(settings.redirectURI)"
        return Array(SHA256.digest(text).prefix(bytes))
    }
}
