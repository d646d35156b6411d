package import GrantStore
import Grants
package import HTTPSemantics
package import Logging
package import Nylas
package import Timekeeping

/// Compares the store with Nylas, and makes them agree where an operator says so.
///
/// What is young, or could be of a flow under way, is left alone: it is about to be saved, or settled.
package struct Reconciliation: Sendable {
    /// Where the two differ.
    package enum Finding: Hashable, Sendable {
        /// At Nylas, and nobody here has it. Other software may have made it with the same Nylas application.
        case orphan(Grant)
        /// Here, and not at Nylas any more.
        case gone(StoredGrant)
        /// Here and there, but one says valid and the other does not.
        case changed(StoredGrant, now: Grant)
        /// Nobody has it any more; its deletion at Nylas is due.
        case toBeDeleted(StoredGrant)
    }

    package struct Comparison: Hashable, Sendable {
        package var findings: [Finding] = []
        /// How many grants were looked at, at Nylas and here.
        package var atNylas = 0
        package var here = 0
        /// How many differ, but are too young or could be of a flow under way.
        package var leftAlone = 0
    }

    package enum Failure: Error, Hashable, Sendable {
        case store(StoreError)
        case nylas(NylasError)
    }

    /// A difference that is younger than this may be a flow's that has not been saved yet.
    package static let age = Duration.seconds(15 * 60)
    private static let pageLimit = 200
    private static let tries = 5
    private static let pause = Duration.seconds(5)

    private let store: any GrantStore
    private let nylas: NylasClient
    private let disconnection: Disconnection
    private let wallClock: WallClock
    private let time: MonotonicTime

    package init(
        settings: ConnectSettings,
        store: any GrantStore,
        exchange: any HTTPExchange,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        logger: Logger
    ) {
        self.store = store
        nylas = NylasClient(application: settings.nylas, exchange: exchange)
        disconnection = Disconnection(
            settings: settings,
            store: store,
            exchange: exchange,
            wallClock: wallClock,
            logger: logger
        )
        self.wallClock = wallClock
        time = MonotonicTime(clock)
    }

    /// Looks at every grant on both sides, and changes nothing.
    package func compare() async throws(Failure) -> Comparison {
        var comparison = Comparison()
        let seen = try await compareNylas(&comparison)
        try await compareStore(&comparison, seen)
        return comparison
    }

    /// Every grant at Nylas: whether somebody here has it.
    private func compareNylas(_ comparison: inout Comparison) async throws(Failure) -> Set<GrantID> {
        var seen: Set<GrantID> = []
        var offset = 0
        while true {
            let (limit, start) = (Reconciliation.pageLimit, offset)
            let page = try await patiently { () async throws(NylasError) in
                try await nylas.grantsOldestFirst(limit: limit, offset: start)
            }
            // Asked anew for each page: a long list outlasts flows.
            let claims = try await openClaims()
            for grant in page.grants where seen.insert(grant.id).inserted {
                comparison.atNylas += 1
                let known = try await fromStore { () async throws(StoreError) in try await store.grant(grant.id) }
                guard let known else {
                    // Calendars and the like are nothing that Postern connects.
                    guard Provider(rawValue: grant.providerName) != nil else { continue }
                    if isSettled(grant, claims) {
                        comparison.findings.append(.orphan(grant))
                    } else {
                        comparison.leftAlone += 1
                    }
                    continue
                }
                guard known.deletionRequestedAt == nil, let status = grant.status else { continue }
                guard status.rawValue != known.status.rawValue else { continue }
                if isSettled(known, claims) {
                    comparison.findings.append(.changed(known, now: grant))
                } else {
                    comparison.leftAlone += 1
                }
            }
            guard !page.isLast else { return seen }
            offset += limit
        }
    }

    /// Every grant here that was not seen at Nylas: whether it is there.
    private func compareStore(_ comparison: inout Comparison, _ seen: Set<GrantID>) async throws(Failure) {
        var filter = GrantFilter(limit: 1000)
        while true {
            let page = try await fromStore { [filter] () async throws(StoreError) in
                try await store.grants(matching: filter)
            }
            let claims = try await openClaims()
            for grant in page {
                comparison.here += 1
                if grant.deletionRequestedAt != nil {
                    comparison.findings.append(.toBeDeleted(grant))
                } else if !seen.contains(grant.id), try await isGone(grant.id) {
                    if isSettled(grant, claims) {
                        comparison.findings.append(.gone(grant))
                    } else {
                        comparison.leftAlone += 1
                    }
                }
            }
            guard page.count == filter.limit, let last = page.last else { return }
            filter.after = last.position
        }
    }

    /// Makes both sides agree about one finding; looks at it again first, since time has passed.
    ///
    /// - Returns: false if it is no longer so, or Nylas has not deleted it yet.
    package func apply(_ finding: Finding) async throws(Failure) -> Bool {
        let claims = try await openClaims()
        switch finding {
        case .orphan(let grant):
            let known = try await fromStore { () async throws(StoreError) in try await store.grant(grant.id) }
            guard known == nil, isSettled(grant, claims) else { return false }
            try await patiently { () async throws(NylasError) in
                do throws(NylasError) {
                    try await nylas.deleteGrant(grant.id)
                } catch {
                    guard case .notFound = error else { throw error }
                }
            }
            try await fromStore { () async throws(StoreError) in
                try await store.recordRevocation(of: grant.id, reason: Disconnection.Reason.reconciled.rawValue)
            }
            return true
        case .gone(let grant):
            guard isSettled(grant, claims), try await isGone(grant.id) else { return false }
            let known = try await fromStore { () async throws(StoreError) in
                try await store.forget(grant.id, reason: Disconnection.Reason.reconciled.rawValue, reference: nil)
            }
            return known != nil
        case .changed(let known, _):
            guard isSettled(known, claims) else { return false }
            let grant = try await patiently { () async throws(NylasError) in try await nylas.grant(known.id) }
            let now = wallClock.now()
            return try await fromStore { () async throws(StoreError) in
                try await store.refresh(
                    StoredGrant(grant, at: now),
                    reason: Disconnection.Reason.reconciled.rawValue
                )
            }
        case .toBeDeleted(let grant):
            let end = try await fromStore { () async throws(StoreError) in
                try await disconnection.disconnect(grant.id, .nobodyInParticular, reason: .reconciled)
            }
            return end == .revoked
        }
    }

    // MARK: what is left alone

    private func isSettled(_ grant: Grant, _ claims: [FlowClaim]) -> Bool {
        let quiet = wallClock.now() - Reconciliation.age
        return grant.createdAt <= quiet && grant.updatedAt <= quiet
            && !claims.contains { mayBe($0, grant.providerName, grant.email) || $0.flow.digest == grant.stateDigest }
    }

    private func isSettled(_ grant: StoredGrant, _ claims: [FlowClaim]) -> Bool {
        grant.changedAt <= wallClock.now() - Reconciliation.age
            && !claims.contains { mayBe($0, grant.providerName, grant.address) }
    }

    /// Whether an open claim could be of a mailbox: here, unlike in a disconnection, in doubt nothing is done.
    private func mayBe(_ claim: FlowClaim, _ providerName: String, _ address: String?) -> Bool {
        if let provider = claim.provider, provider.rawValue != providerName { return false }
        guard let expected = claim.expectedAddress, let address else { return true }
        return expected.lowercased() == address.lowercased()
    }

    // MARK: asking

    private func openClaims() async throws(Failure) -> [FlowClaim] {
        try await fromStore { () async throws(StoreError) in try await store.openClaims().map(\.claim) }
    }

    private func isGone(_ id: GrantID) async throws(Failure) -> Bool {
        try await patiently { () async throws(NylasError) in
            do throws(NylasError) {
                _ = try await nylas.grant(id)
                return false
            } catch {
                guard case .notFound = error else { throw error }
                return true
            }
        }
    }

    private func fromStore<Value>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(Failure) -> Value {
        do throws(StoreError) { return try await body() } catch { throw .store(error) }
    }

    /// Asks Nylas again where it wants a rest or does not answer; everything asked here may be asked twice.
    private func patiently<Value>(
        _ body: () async throws(NylasError) -> Value
    ) async throws(Failure) -> Value {
        for _ in 1..<Reconciliation.tries {
            do throws(NylasError) {
                return try await body()
            } catch {
                let wait: Duration
                switch error {
                case .rateLimited(let retryAfter): wait = retryAfter ?? Reconciliation.pause
                case .notSent, .noAnswer, .failed: wait = Reconciliation.pause
                case .unreadable, .refused, .unauthorized, .notFound: throw .nylas(error)
                }
                guard await time.sleep(for: wait) else { throw .nylas(error) }
            }
        }
        do throws(NylasError) { return try await body() } catch { throw .nylas(error) }
    }
}
