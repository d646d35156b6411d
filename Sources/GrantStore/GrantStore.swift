package import Grants
package import Timekeeping

/// Where grants, their owners and the claims of flows are kept.
///
/// The contract, held by one conformance suite that every store runs: each call is atomic, all of it or nothing. When a
/// writing call returns, its effect is on stable storage and survives `kill -9` and power loss; when it throws, it had no
/// effect, except `.outcomeUnknown`. Calls from many tasks and, for the file store, from several processes are safe.
package protocol GrantStore: DepartureStore, ResultStore, ConfirmationStore, OutboxStore, IdempotencyStore,
    ConsentStore,
    HintStore
{
    /// Takes the right to exchange the flow's code, before it is exchanged.
    ///
    /// A flow has one claim for ever. A `declined` answer is superseded: the flow is open again under the new lease.
    /// The claim's link is reserved with it; where it cannot be, nothing is claimed. Nor is a flow under confirmed binding without
    /// the host app's word.
    func claim(_ claim: FlowClaim, lease: Lease) async throws(StoreError) -> ClaimResult

    /// Records how a flow ended without an exchange (declined, refused by the provider).
    ///
    /// - Returns: what stands now: the outcome given, or what was there before (an open claim or an answer, unless that
    ///   was `declined`).
    func record(_ outcome: FlowOutcome, for claim: FlowClaim) async throws(StoreError) -> FlowRecord.Standing

    /// Ends an open claim and saves what it brought, in one transaction with the audit entry.
    ///
    /// With a connection the claim's link is used. If another flow has used it meanwhile, nothing is saved and the flow ends with
    /// `linkUsed`. Without a connection the link is free again.
    ///
    /// - Parameter grant: saved with its owner (the claim's, if it has one). `savedAt` and `owners` of a grant that is known are
    ///   kept, its other values replaced. nil saves nothing.
    /// - Parameter instance: whose lease it must be; another's, or an answer already there, is not touched.
    /// - Returns: what stands now: the outcome given or, if the claim was no longer ours, the other one's. For a flow without
    ///   a claim (forgotten by now), `unknown`, and nothing is saved.
    func answer(
        _ flow: FlowID,
        with outcome: FlowOutcome,
        saving grant: StoredGrant?,
        heldBy instance: String
    ) async throws(StoreError) -> FlowRecord.Standing

    func record(of flow: FlowID) async throws(StoreError) -> FlowRecord?

    /// Claims still open, oldest start first: after a crash, those whose code's fate is unknown.
    func openClaims() async throws(StoreError) -> [FlowRecord]

    /// Takes an open claim over (or renews one's own) if its lease has expired or is ours.
    ///
    /// - Returns: false if it is answered by now, or another instance's lease is alive.
    func takeOver(_ flow: FlowID, lease: Lease, at now: Timestamp) async throws(StoreError) -> Bool

    /// Forgets answered flows that no cookie can refer to any more, and what the host app has said and was told as long ago.
    ///
    /// - Returns: how many.
    func purgeFlows(answeredBefore moment: Timestamp) async throws(StoreError) -> Int

    /// What has become of a link; nil while nobody came back with it.
    func use(of link: LinkID) async throws(StoreError) -> LinkUse?

    /// Ends a link early, unless it was used.
    ///
    /// - Parameter actor: who did, for the audit trail.
    /// - Returns: what stands now.
    func revoke(_ link: LinkClaim, by actor: Actor?) async throws(StoreError) -> LinkUse

    /// Forgets links that have ended by themselves.
    ///
    /// - Returns: how many.
    func purgeLinks(expiredBefore moment: Timestamp) async throws(StoreError) -> Int

    func grant(_ id: GrantID) async throws(StoreError) -> StoredGrant?

    func grants(matching filter: GrantFilter) async throws(StoreError) -> [StoredGrant]

    /// Brings a known grant's scopes, address, status and times up to date, whatever a flow's verdict. An unknown one is not added.
    ///
    /// - Returns: whether it was known.
    func refresh(_ grant: StoredGrant, reason: String) async throws(StoreError) -> Bool

    /// Throws what a write would throw now: readiness.
    func checkWritable() async throws(StoreError)
}

package enum ClaimResult: Hashable, Sendable {
    /// Ours: exchange the code now.
    case claimed
    case underWay(Lease)
    /// Another flow has the link and may still fail.
    case linkBusy(Lease)
    case linkUsed
    case linkRevoked
    /// The host app has not confirmed the flow, or has taken it back.
    case notConfirmed
    case answered(FlowOutcome)
}

package enum StoreError: Error, Hashable, Sendable {
    /// The directory or the file cannot be opened or made: its rights, its path.
    case cannotOpen
    case diskFull
    case readOnly
    /// Another process holds the lock for longer than the store waits.
    case locked
    /// The file is not a database, or damaged.
    case corrupt
    /// A newer Postern has changed the file's format.
    case newerFormat(found: Int, known: Int)
    /// The operating system failed to read or write; the extended SQLite code.
    case inputOutput(code: Int32)
    /// Whether the transaction is on disk is not known: look before trying again.
    case outcomeUnknown
    /// The store is shut.
    case closed
}

/// How busy a store's writer is.
package struct StoreWork: Hashable, Sendable {
    /// Transactions that are on the disk, of this process.
    package var commits: Int
    /// Writes that wait for the next one.
    package var waiting: Int
}
