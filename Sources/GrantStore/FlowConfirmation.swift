package import Grants
package import Timekeeping

/// Keeps what the host app has said about who came back with a code (design §4.7), before the flow is claimed.
package protocol ConfirmationStore: Sendable {
    /// Writes down what the host app says, with an audit entry.
    ///
    /// - Parameter isOwner: whether its signed-in user is the owner that the flow is for.
    func confirm(_ word: HostWord, isOwner: Bool) async throws(StoreError) -> ConfirmationAnswer

    /// What has been said about a flow; nil if nothing has.
    func confirmation(of flow: FlowID) async throws(StoreError) -> FlowConfirmation?
}

/// What comes with the host app's word.
package struct HostWord: Hashable, Sendable {
    package var flow: FlowID
    /// Which return with a code is meant.
    package var callbackAt: Timestamp
    /// Who the flow is for.
    package var owner: OwnerID
    /// Whose word it is.
    package var actor: Actor
    /// The request whose log line tells more.
    package var reference: String

    package init(flow: FlowID, callbackAt: Timestamp, owner: OwnerID, actor: Actor, reference: String) {
        self.flow = flow
        self.callbackAt = callbackAt
        self.owner = owner
        self.actor = actor
        self.reference = reference
    }
}

package struct FlowConfirmation: Hashable, Sendable {
    package enum Standing: String, Sendable {
        case confirmed
        /// Final: whatever is said later, the flow is for somebody else.
        case refused
    }

    package var standing: Standing
    /// Which return with a code it is about: another code needs another word.
    package var callbackAt: Timestamp
    package var decidedAt: Timestamp

    package init(_ standing: Standing, callbackAt: Timestamp, decidedAt: Timestamp) {
        self.standing = standing
        self.callbackAt = callbackAt
        self.decidedAt = decidedAt
    }
}

package enum ConfirmationAnswer: Hashable, Sendable {
    case confirmed
    case refused
    /// The flow has ended, or has come back with another code since.
    case over
}

/// What the host app's word does, without a store.
package enum ConfirmationRules {
    /// - Parameter standing: where the flow stands; nil while nobody has claimed it.
    /// - Returns: the answer, and what is to be written; nil leaves what is there.
    package static func answering(
        _ word: HostWord,
        isOwner: Bool,
        after known: FlowConfirmation?,
        standing: FlowRecord.Standing?,
        at now: Timestamp
    ) -> (answer: ConfirmationAnswer, change: FlowConfirmation?) {
        let isClaimable =
            switch standing {
            case nil: true
            case .open: false
            case .answered(let outcome): outcome.verdict == .declined
            }
        guard isOwner else {
            // Two people at one flow: nobody gets it, however the first word was. What is claimed already is not undone.
            let refused = FlowConfirmation(.refused, callbackAt: word.callbackAt, decidedAt: now)
            return (.refused, isClaimable && known?.standing != .refused ? refused : nil)
        }
        switch known {
        case let known? where known.standing == .refused: return (.refused, nil)
        case let known? where known.callbackAt == word.callbackAt: return (.confirmed, nil)
        case let known? where known.callbackAt > word.callbackAt: return (.over, nil)
        default:
            guard isClaimable else { return (.over, nil) }
            return (.confirmed, FlowConfirmation(.confirmed, callbackAt: word.callbackAt, decidedAt: now))
        }
    }

    /// Whether a flow may be claimed as far as the host app is concerned.
    package static func mayClaim(_ binding: Binding, _ known: FlowConfirmation?) -> Bool {
        binding != .confirmed || known?.standing == .confirmed
    }
}
