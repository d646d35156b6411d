package import GrantStore
package import Grants
package import HTTPSemantics
package import Logging
import Nylas
package import Timekeeping

/// Takes a mailbox away from an owner, and its access away from everybody once nobody has it any more (design §4.5, §6).
///
/// The owner leaves first, in the store, with a durable note that the deletion at Nylas is due; only then is Nylas asked. Until
/// it has deleted the grant, the grant stays in the store and says so; the deletion is tried again at every start and for as
/// long as it takes.
package struct Disconnection: Sendable {
    /// What has become of it.
    package enum End: Hashable, Sendable {
        case unknownGrant
        /// It did not belong to the leaver, or no longer: nothing was changed.
        case notOwner
        /// So many others still have it: the access stays, for them.
        case othersRemain(Int)
        /// Nobody has it any more, and Nylas has deleted it.
        case revoked
        /// Nobody has it any more, but the access still exists at Nylas: its deletion will be tried again.
        case revocationPending
    }

    /// Who wanted it, as the audit trail says it.
    package enum Reason: String, Sendable {
        case person = "disconnected by link"
        case operatorAPI = "disconnected by the operator's API"
        case operatorCommand = "disconnected by command"
        case reconciled = "reconciled"
    }

    /// How long a deletion waits for open claims that could be of the same mailbox, but do not say so. It cannot be longer: where
    /// many people connect, there is always one. A flow that is hit all the same finds its grant gone and is told to start again.
    static let courtesy = Duration.seconds(120)
    /// Between two tries of a deletion that is held back or failed.
    static let pause = Duration.seconds(60)
    /// Of one round.
    private static let deletionLimit = 100

    private let store: any GrantStore
    private let nylas: NylasClient
    private let wallClock: WallClock
    private let locks: GrantLocks
    private let log: FlowLog

    init(store: any GrantStore, nylas: NylasClient, wallClock: WallClock, locks: GrantLocks, log: FlowLog) {
        self.store = store
        self.nylas = nylas
        self.wallClock = wallClock
        self.locks = locks
        self.log = log
    }

    /// For commands, which run beside the server.
    package init(
        settings: ConnectSettings,
        store: any GrantStore,
        exchange: any HTTPExchange,
        wallClock: WallClock,
        logger: Logger
    ) {
        self.init(
            store: store,
            nylas: NylasClient(application: settings.nylas, exchange: exchange),
            wallClock: wallClock,
            locks: GrantLocks(),
            log: FlowLog(logger)
        )
    }

    /// Takes the grant from the leaver and, if nobody else has it, tells Nylas to delete it.
    ///
    /// Safe to repeat, and safe beside flows of the same mailbox.
    /// - Parameters:
    ///   - actor: on whose word, for the audit trail; nil for the person's own.
    ///   - reference: the request whose log line tells more.
    /// - Throws: where the store did not take it: then nothing has changed.
    package func disconnect(
        _ grant: GrantID,
        _ leaver: Leaver,
        reason: Reason,
        by actor: Actor? = nil,
        reference: String? = nil
    ) async throws(StoreError) -> End {
        let result: Result<End, StoreError> = await locks.withLock(grant) {
            do throws(StoreError) {
                switch try await store.leave(
                    grant,
                    leaver,
                    reason: reason.rawValue,
                    by: actor,
                    reference: reference
                ) {
                case .unknownGrant: return .success(.unknownGrant)
                case .notOwner: return .success(.notOwner)
                case .othersRemain(let count):
                    log(.ownerLeft(grant, remaining: count), reference: reference)
                    return .success(.othersRemain(count))
                case .last:
                    log(.ownerLeft(grant, remaining: 0), reference: reference)
                    return .success(await deleteAlone(grant, reference: reference).end)
                }
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Deletes at Nylas what nobody has any more and what could not be deleted before.
    package func retryDeletions() async {
        let due: [StoredGrant]
        do throws(StoreError) {
            due = try await store.deletionsDue(at: wallClock.now(), limit: Disconnection.deletionLimit)
        } catch {
            return log(.storeFailed(.list, error))
        }
        for grant in due where !Task.isCancelled {
            let attempt = await locks.withLock(grant.id) { await deleteAlone(grant.id, reference: nil) }
            if attempt == .nylasWantsRest { return }
        }
    }

    private enum Attempt {
        case done
        case putOff
        case nylasWantsRest

        var end: End { self == .done ? .revoked : .revocationPending }
    }

    /// Tries the deletion once; the caller holds the grant's lock.
    private func deleteAlone(_ id: GrantID, reference: String?) async -> Attempt {
        do throws(StoreError) {
            // Looked at again behind the lock: somebody may have connected it meanwhile, and has it now.
            guard let grant = try await store.grant(id), let since = grant.deletionRequestedAt else { return .done }
            let now = wallClock.now()
            let claims = try await store.openClaims().map(\.claim)
            guard !claims.contains(where: { Disconnection.holdsBack($0, grant, waited: now.duration(since: since)) })
            else {
                log(.revocationHeldBack(id), reference: reference)
                try await store.postponeDeletion(of: id, until: now + Disconnection.pause)
                return .putOff
            }
            do throws(NylasError) {
                try await nylas.deleteGrant(id)
            } catch {
                // Gone already is what we want.
                guard case .notFound = error else { return try await putOff(id, error, reference: reference) }
            }
            _ = try await store.forget(id, reason: "deleted at Nylas", reference: reference)
            log(.revoked(id), reference: reference)
            return .done
        } catch {
            // The note stands: the next round finds it.
            log(.storeFailed(.save, error), reference: reference)
            return .putOff
        }
    }

    private func putOff(
        _ id: GrantID,
        _ error: NylasError,
        reference: String?
    ) async throws(StoreError) -> Attempt {
        log(.revocationFailed(id, error), reference: reference)
        var wait = Disconnection.pause
        if case .rateLimited(let retryAfter?) = error { wait = max(wait, retryAfter) }
        try await store.postponeDeletion(of: id, until: wallClock.now() + wait)
        if case .rateLimited = error { return .nylasWantsRest }
        return .putOff
    }

    /// Whether a flow that is under way may be about to connect this very mailbox again.
    static func holdsBack(_ claim: FlowClaim, _ grant: StoredGrant, waited: Duration) -> Bool {
        if let provider = claim.provider, provider.rawValue != grant.providerName { return false }
        guard let expected = claim.expectedAddress, let address = grant.address else { return waited < courtesy }
        return expected.lowercased() == address.lowercased()
    }
}
