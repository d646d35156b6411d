import GrantStore
import Grants
import Nylas
import Timekeeping

/// Ends a claimed flow whose grant is known: look at the grant at Nylas, judge it, save it (design §4.5, §4.6).
struct Conclusion: Sendable {
    enum Evidence: Sendable {
        /// Nylas has answered the exchange with this grant.
        case exchanged
        /// The grant bears the flow's state; whether the exchange happened is not known.
        case stateFound
    }

    enum Result: Sendable {
        case answered
        /// Only with `.stateFound`: this grant does not prove that the flow succeeded, not yet.
        case undecided
        /// Nothing is answered; the same can be tried again.
        case failed
    }

    /// A grant made so long after the start was certainly made by it, whatever our clock and Nylas's disagree on.
    static let clearlyAfter = Duration.seconds(10)

    let settings: ConnectSettings
    let store: any GrantStore
    let nylas: NylasClient
    let wallClock: WallClock
    let leases: Leases
    let locks: GrantLocks
    let log: FlowLog

    func conclude(_ claim: FlowClaim, grant id: GrantID, _ evidence: Evidence, reference: String) async -> Result {
        await locks.withLock(id) {
            do throws(StoreError) {
                return try await concludeAlone(claim, grant: id, evidence, reference: reference)
            } catch {
                log(.storeFailed(.save, error), flow: claim.flow, reference: reference)
                return .failed
            }
        }
    }

    private func concludeAlone(
        _ claim: FlowClaim,
        grant id: GrantID,
        _ evidence: Evidence,
        reference: String
    ) async throws(StoreError) -> Result {
        let grant: Grant
        do throws(NylasError) {
            grant = try await nylas.grant(id, withAliases: claim.expectedAddress != nil)
        } catch {
            log(.grantUnread(id, error), flow: claim.flow, reference: reference)
            return .failed
        }
        if evidence == .stateFound, !Conclusion.proves(grant, claim) { return .undecided }
        let known = try await store.grant(id)
        let judgement = Judge.judge(grant, for: claim, asked: asked(claim, at: grant.providerName), known: known)
        let stored = StoredGrant(grant, at: wallClock.now())
        if !judgement.isConnected {
            // Whatever we think of it: the sign-in has changed the grant, and the store must not go on saying otherwise.
            if known != nil { _ = try await store.refresh(stored, reason: "flow \(judgement.verdict.rawValue)") }
            guard evidence == .exchanged else { return .undecided }
            if known == nil { try await deleteIfOurs(grant, of: claim, reference: reference) }
        }
        let outcome = FlowOutcome(
            verdict: judgement.verdict,
            grantID: judgement.isConnected ? id : nil,
            address: grant.email,
            providerName: grant.providerName,
            grantedScopes: grant.scopes,
            missingScopes: judgement.missing,
            reference: reference,
            answeredAt: wallClock.now()
        )
        let standing = try await store.answer(
            claim.flow,
            with: outcome,
            saving: judgement.isConnected ? stored : nil,
            heldBy: leases.instance
        )
        // Another flow has used the link meanwhile: nothing was saved, so nobody will use this access.
        if case .answered(let end) = standing, end.verdict == .linkUsed, known == nil, evidence == .exchanged {
            try await deleteIfOurs(grant, of: claim, reference: reference)
        }
        // Somebody else's answer stands, or one of a store that has forgotten the flow: log that one.
        if case .answered(let standingOutcome) = standing {
            log(.answered(standingOutcome, excess: judgement.excess), flow: claim.flow, reference: reference)
        }
        return .answered
    }

    /// Whether a grant found by its state shows that the flow went through: valid, and authenticated since its start.
    ///
    /// Nylas counts in whole seconds, so the start is rounded down.
    static func proves(_ grant: Grant, _ claim: FlowClaim) -> Bool {
        grant.stateDigest == claim.flow.digest && grant.status == .valid
            && grant.updatedAt.secondsSince1970 >= claim.startedAt.secondsSince1970
    }

    /// The scopes that must be there. Where Nylas was left to ask for the provider, none could be sent; but the page has
    /// promised what the profile says, and a mailbox that cannot be read is not connected.
    private func asked(_ claim: FlowClaim, at providerName: String) -> [String] {
        guard claim.provider == nil, let provider = Provider(rawValue: providerName),
            let profile = settings.profile(named: claim.profile)
        else { return claim.scopes }
        return profile.scopes(for: provider)
    }

    /// Takes back, at Nylas, the access that this flow has just made and that nobody will use.
    ///
    /// Only if nobody else can be meant: in doubt the grant stays.
    private func deleteIfOurs(_ grant: Grant, of claim: FlowClaim, reference: String) async throws(StoreError) {
        let others = try await store.openClaims().map(\.claim)
        guard Conclusion.mayDelete(grant, madeBy: claim, others: others) else { return }
        do throws(NylasError) {
            try await nylas.deleteGrant(grant.id)
            log(.grantDeleted(grant.id), flow: claim.flow, reference: reference)
        } catch {
            log(.grantNotDeleted(grant.id, error), flow: claim.flow, reference: reference)
        }
    }

    /// Whether a grant that the store does not know was made by this flow and can be nobody else's.
    ///
    /// - Parameter others: all open claims.
    static func mayDelete(_ grant: Grant, madeBy claim: FlowClaim, others: [FlowClaim]) -> Bool {
        grant.stateDigest == claim.flow.digest && grant.createdAt >= claim.startedAt + clearlyAfter
            && others.allSatisfy { other in
                other.flow == claim.flow
                    || (other.provider != nil && other.provider?.rawValue != grant.providerName)
                    || (other.expectedAddress != nil && grant.email != nil
                        && other.expectedAddress?.lowercased() != grant.email?.lowercased())
            }
    }
}

extension StoredGrant {
    /// What Nylas says, as the store keeps it.
    init(_ grant: Grant, at now: Timestamp) {
        self.init(
            id: grant.id,
            providerName: grant.providerName,
            address: grant.email,
            scopes: grant.scopes,
            status: grant.status == .invalid ? .invalid : .valid,
            createdAt: grant.createdAt,
            updatedAt: grant.updatedAt,
            savedAt: now,
            changedAt: now
        )
    }
}
