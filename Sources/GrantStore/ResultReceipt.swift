package import Timekeeping

/// Tells the host app how a flow ended: once, and then for a while the same to whoever asked first (design §4.8).
package protocol ResultStore: Sendable {
    /// Gives the end of a flow to a token, and writes down that it has it before it returns.
    func tellResult(of flow: FlowID, to token: String) async throws(StoreError) -> ResultTelling
}

package enum ResultTelling: Hashable, Sendable {
    /// Answered, and this token's to know.
    case told(FlowRecord)
    /// Not over, or open once more after a "no": nothing is written down, ask again.
    case open(FlowClaim)
    /// Told to another token, or too long ago, or nobody asked in time.
    case gone
    /// No flow of this name came back, or it is forgotten by now.
    case unknown
}

/// That a token was told how a flow ended.
package struct ResultReceipt: Hashable, Sendable {
    /// Which answer it was: a "no" can be followed by a "yes" of the same flow, and that is told anew.
    package var answeredAt: Timestamp
    /// The token's name.
    package var token: String
    package var toldAt: Timestamp

    package init(answeredAt: Timestamp, token: String, toldAt: Timestamp) {
        self.answeredAt = answeredAt
        self.token = token
        self.toldAt = toldAt
    }
}

/// Who is told how a flow ended, without a store: as with ``FlowRules``, each store reads, asks and writes in one transaction.
package enum ResultRules {
    /// From the answer to the first telling, and from there to the last.
    package static let patience = Duration.seconds(600)

    /// - Returns: whether the token is told, and the receipt to be written; nil leaves what is there.
    package static func telling(
        _ outcome: FlowOutcome,
        after receipt: ResultReceipt?,
        to token: String,
        at now: Timestamp
    ) -> (isTold: Bool, change: ResultReceipt?) {
        guard let receipt, receipt.answeredAt == outcome.answeredAt else {
            guard now < outcome.answeredAt + patience else { return (false, nil) }
            return (true, ResultReceipt(answeredAt: outcome.answeredAt, token: token, toldAt: now))
        }
        return (receipt.token == token && now < receipt.toldAt + patience, nil)
    }
}
