import GrantStore
import Grants
import Nylas
import Timekeeping

/// Tries consents out that a browser has reported: a grant of the named mailbox that works is the proof, and nothing else is
/// (design §5).
///
/// It begins when the approval should have reached every server of the provider, and survives restarts: what is due is in the
/// store. A definite refusal ends it; whatever may pass is tried again, for a day.
struct ConsentVerification: Sendable {
    static let patience = Duration.seconds(86_400)
    /// How long a trial may take before another process takes it over.
    private static let lease = Duration.seconds(90)
    private static let shortestPause = Duration.seconds(60)
    private static let longestPause = Duration.seconds(3600)

    let store: any GrantStore
    let nylas: NylasClient
    let wallClock: WallClock
    let time: MonotonicTime
    let locks: GrantLocks
    /// Rung when something may have become due sooner than was known: a report, or another process that died.
    let bell: Bell
    let log: FlowLog

    /// Until the task is cancelled. While nothing waits to be tried out, nothing is done.
    func run() async {
        while !Task.isCancelled {
            let restraint: Duration = await tryDue() ? .zero : ConsentVerification.shortestPause
            let next = try? await store.nextProbeDue()
            guard let next else {
                await bell.rung()
                continue
            }
            let wait = max(next.duration(since: wallClock.now()), restraint, .seconds(1))
            await bell.rung { [time] in _ = await time.sleep(for: wait) }
        }
    }

    /// Tries everything out that is due now.
    ///
    /// - Returns: false if Nylas or the store wants to be left alone.
    func tryDue() async -> Bool {
        while !Task.isCancelled {
            let now = wallClock.now()
            do throws(StoreError) {
                guard let consent = try await store.takeProbe(dueAt: now, next: now + ConsentVerification.lease)
                else { return true }
                guard try await tryOut(consent) else { return false }
            } catch {
                log(.storeFailed(.save, error))
                return false
            }
        }
        return false
    }

    /// - Returns: false where Nylas wants to be left alone.
    private func tryOut(_ consent: TenantConsent) async throws(StoreError) -> Bool {
        guard let address = consent.probe else { return true }
        let order = CustomAuthentication(provider: .microsoft, address: address, credentialID: consent.credential)
        let grant: Grant
        do throws(NylasError) {
            grant = try await nylas.authenticate(order)
        } catch {
            log(.consent(.probeFailed(consent.id, error)), reference: consent.reference)
            switch Finding(error) {
            case .refused(let reason): try await fail(consent, reason)
            case .notYet(let reason): try await putOff(consent, reason)
            case .rest(let wait):
                let pause = max(wait, ConsentVerification.shortestPause)
                try await store.postponeProbe(of: consent.id, until: wallClock.now() + pause)
                return false
            }
            return true
        }
        // There is a grant, and it does not work: that proves nothing yet.
        guard grant.status != .invalid else {
            try await putOff(consent, "grant invalid")
            return true
        }
        try await verify(consent, by: grant, address)
        return true
    }

    private func verify(_ consent: TenantConsent, by grant: Grant, _ address: String) async throws(StoreError) {
        let now = wallClock.now()
        let saved = StoredGrant(
            id: grant.id,
            providerName: grant.providerName,
            // By the documented examples the answer has none.
            address: grant.email ?? address,
            scopes: grant.scopes,
            status: .valid,
            createdAt: grant.createdAt,
            updatedAt: grant.updatedAt,
            savedAt: now,
            changedAt: now
        )
        let result: Result<Void, StoreError> = await locks.withLock(grant.id) {
            do throws(StoreError) {
                _ = try await store.settle(
                    consent.id,
                    as: .verified(grant.id),
                    saving: saved,
                    reference: consent.reference
                )
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        log(.consent(.verified(consent.id, grant.id)), reference: consent.reference)
    }

    private func fail(_ consent: TenantConsent, _ reason: String) async throws(StoreError) {
        _ = try await store.settle(
            consent.id,
            as: .failed(reason: reason),
            saving: nil,
            reference: consent.reference
        )
        log(.consent(.failed(consent.id, reason: reason)), reference: consent.reference)
    }

    /// Later again: after 1, 2, 4, … 60 minutes, and not for ever.
    private func putOff(_ consent: TenantConsent, _ reason: String) async throws(StoreError) {
        let now = wallClock.now()
        guard now.duration(since: consent.reportedAt) < ConsentVerification.patience else {
            return try await fail(consent, "not effective within a day (\(reason))")
        }
        let pause = ConsentVerification.shortestPause * (1 << min(max(consent.attempts - 1, 0), 6))
        let next = now + min(pause, ConsentVerification.longestPause)
        try await store.postponeProbe(of: consent.id, until: next)
    }

    /// What a call that brought nothing says about the consent.
    enum Finding: Equatable {
        /// It will not work; a name of Nylas's or of the provider's for why.
        case refused(String)
        /// It may work later: the approval is not everywhere yet, or the fault is not the consent's.
        case notYet(String)
        case rest(Duration)

        init(_ error: NylasError) {
            switch error {
            case .notSent, .noAnswer: self = .notYet("Nylas not reached")
            case .failed(let fault): self = .notYet("status \(fault.status)")
            case .unreadable: self = .notYet("answer not readable")
            case .unauthorized: self = .notYet("API key refused")
            case .rateLimited(let wait): self = .rest(wait ?? .zero)
            case .notFound(let fault): self = .refused(Finding.name(fault))
            case .refused(let fault):
                let mayPass = fault.status == 403 || fault.providerCode.map(Finding.spreading.contains) == true
                self = mayPass ? .notYet(Finding.name(fault)) : .refused(Finding.name(fault))
            }
        }

        /// Nobody has consented; the app is not known in the tenant; it has no service principal there.
        private static let spreading: Set<String> = ["AADSTS65001", "AADSTS700016", "AADSTS7000229"]

        private static func name(_ fault: NylasFault) -> String {
            fault.providerCode ?? fault.code ?? "status \(fault.status)"
        }
    }
}
