package import Grants
package import Timekeeping

/// How a grant comes to its end: owners leave it, and when nobody has it any more it is deleted at Nylas.
///
/// A store is told that the deletion is due in the transaction in which the last owner leaves, so that a crash, or a Nylas that
/// is down, leaves a note and no access that nobody knows of. The grant stays in the store, marked, until it is really gone.
package protocol DepartureStore: Sendable {
    /// Takes a grant from whom it belongs to, with an audit entry for each.
    ///
    /// - Parameters:
    ///   - reason: who wanted it, for the audit: a name of ours, no text from outside.
    ///   - actor: on whose word, where it was not the person's own.
    ///   - reference: the request whose log line tells more.
    func leave(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: String,
        by actor: Actor?,
        reference: String?
    ) async throws(StoreError) -> Departure

    /// Forgets a grant that does not exist at Nylas any more, and all its owners, with an audit entry.
    ///
    /// - Returns: what was known of it, owners included; nil if nothing was.
    func forget(_ grant: GrantID, reason: String, reference: String?) async throws(StoreError) -> StoredGrant?

    /// Writes into the audit that a grant which was never in the store was deleted at Nylas.
    func recordRevocation(of grant: GrantID, reason: String) async throws(StoreError)

    /// Grants that nobody has and that wait to be deleted at Nylas, those due longest first.
    ///
    /// - Parameter limit: 1 to 1000.
    func deletionsDue(at moment: Timestamp, limit: Int) async throws(StoreError) -> [StoredGrant]

    /// Puts the next try of a deletion off; one that is not waited for any more stays so.
    func postponeDeletion(of grant: GrantID, until moment: Timestamp) async throws(StoreError)
}

extension DepartureStore {
    /// The same, on nobody's word but the leaver's.
    package func leave(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: String,
        reference: String?
    ) async throws(StoreError) -> Departure {
        try await leave(grant, leaver, reason: reason, by: nil, reference: reference)
    }
}

/// Who leaves a grant.
package enum Leaver: Hashable, Sendable {
    case owner(OwnerID)
    /// Whoever connected it openly. Does nothing to a grant that has owners.
    case nobodyInParticular
    /// All owners at once: the operator's own decision.
    case everybody
}

/// What leaving a grant has come to.
package enum Departure: Hashable, Sendable {
    case unknownGrant
    /// It did not belong to the leaver: nothing was changed.
    case notOwner
    /// It still belongs to so many others.
    case othersRemain(Int)
    /// Nobody has it any more: its deletion at Nylas is due from now on. Also the answer to leaving it once more.
    case last
}

/// The rules of leaving, without a store: as with ``FlowRules``, each store reads, asks and writes in one transaction.
package enum DepartureRules {
    /// What leaving comes to.
    ///
    /// - Returns: the answer; the grant as it is then, or nil if nothing changes; and whom it is taken from.
    package static func leaving(
        _ known: StoredGrant?,
        _ leaver: Leaver,
        at now: Timestamp
    ) -> (answer: Departure, change: StoredGrant?, gone: [OwnerID]) {
        guard var grant = known else { return (.unknownGrant, nil, []) }
        let gone: [OwnerID]
        switch leaver {
        case .owner(let owner):
            gone = grant.owners.map(\.owner).filter { $0 == owner }
            guard !gone.isEmpty else { return (.notOwner, nil, []) }
        case .nobodyInParticular:
            guard grant.owners.isEmpty else { return (.notOwner, nil, []) }
            gone = []
        case .everybody:
            gone = grant.owners.map(\.owner)
        }
        guard grant.deletionRequestedAt == nil else { return (.last, nil, []) }
        grant.owners.removeAll { gone.contains($0.owner) }
        grant.changedAt = now
        guard grant.owners.isEmpty else { return (.othersRemain(grant.owners.count), grant, gone) }
        grant.deletionRequestedAt = now
        return (.last, grant, gone)
    }
}
