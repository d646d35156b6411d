package import Cryptography
package import GrantStore
import Grants
package import Timekeeping

/// Takes the host app's word on who came back: `POST /api/v1/confirmations/{handle}`.
package struct HostConfirmations: Sendable {
    /// How long a code waits for the host app's word and for its browser, from the callback on.
    package static let patience = Duration.seconds(60)

    package enum Answer: Hashable, Sendable {
        /// Send the browser there: it claims the flow and exchanges the code.
        case confirmed(continueURL: String)
        /// The user given is not the owner. The flow is over; the page there says so.
        case refused(continueURL: String)
        /// The flow has ended otherwise, or the code was replaced by a newer one.
        case over(continueURL: String)
        /// More than a minute has passed.
        case tooLate(continueURL: String)
    }

    private let settings: ConnectSettings
    private let handles: HostHandles
    private let store: any GrantStore
    private let wallClock: WallClock

    package init(settings: ConnectSettings, store: any GrantStore, wallClock: WallClock, random: RandomSource) {
        self.settings = settings
        handles = HostHandles(keys: settings.sealingKeys, random: random)
        self.store = store
        self.wallClock = wallClock
    }

    /// - Parameters:
    ///   - user: who is signed in at the host app, by its own ID.
    ///   - actor: whose word it is.
    ///   - reference: the request's ID.
    /// - Returns: nil for a text that is no handle of ours.
    package func confirm(
        _ handle: String,
        user: String,
        by actor: Actor,
        reference: String
    ) async throws(StoreError) -> Answer? {
        guard let question = handles.question(of: handle) else { return nil }
        let continueURL = "\(settings.publicURL)/confirmed/\(question.flow.shortID)"
        guard wallClock.now() < question.callbackAt + HostConfirmations.patience else {
            return .tooLate(continueURL: continueURL)
        }
        let word = HostWord(
            flow: question.flow,
            callbackAt: question.callbackAt,
            owner: question.owner,
            actor: actor,
            reference: reference
        )
        switch try await store.confirm(word, isOwner: OwnerID(user) == question.owner) {
        case .confirmed: return .confirmed(continueURL: continueURL)
        case .refused: return .refused(continueURL: continueURL)
        case .over: return .over(continueURL: continueURL)
        }
    }
}
