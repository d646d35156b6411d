import GrantStore
import HTTPSemantics
import Nylas
import OAuth
import Timekeeping
import Web

extension Callback {
    /// The answer to an administrator's flow. Nothing is exchanged, so it is claimed and answered in one transaction: of parallel
    /// arrivals one is first, and the others show its answer.
    func proceed(
        _ flow: StartedFlow,
        of invite: ConsentInvite,
        _ query: CallbackQuery,
        _ request: Request
    ) async -> Response {
        let claim = flow.claim
        let now = wallClock.now()
        let reference = request.id.text
        let answer: AdminConsentAnswer
        do throws(CallbackError) {
            answer = try AdminConsentAnswer(
                to: flow,
                query,
                audience: audience,
                issuer: settings.nylas.origin.description,
                at: now
            )
        } catch {
            return await refuseConsent(error, query, claim, request)
        }
        if let refusal = refusalByRate(claim, request) { return refusal }
        let outcome = FlowOutcome(verdict: .consentReported, reference: reference, answeredAt: now)
        let consent = invite.reported(
            claimedTenant: answer.claimedTenant,
            reference: reference,
            at: now,
            delay: settings.consentDelay
        )
        do throws(StoreError) {
            let standing = try await store.report(consent, of: claim, with: outcome)
            guard case .answered(let end) = standing else { return await waitForEnd(of: claim.flow) }
            if end == outcome {
                log(.answered(outcome, excess: []), flow: claim.flow, reference: reference)
                log(.consent(.reported(consent.id)), flow: claim.flow, reference: reference)
                consentReported.ring()
            }
            return leave(with: end, of: claim.flow)
        } catch {
            log(.storeFailed(.record, error), flow: claim.flow, reference: reference)
            return leave(to: .unavailable)
        }
    }

    private func refuseConsent(
        _ error: CallbackError,
        _ query: CallbackQuery,
        _ claim: FlowClaim,
        _ request: Request
    ) async -> Response {
        switch error {
        case .refused(let code):
            if let refusal = refusalByRate(claim, request) { return refusal }
            var verdict = AuthorizationRefusal.consentVerdict(
                code,
                number: query["error_code"],
                description: query["error_description"]
            )
            if verdict == .providerRefused,
                await connectors.explains(code, of: claim, reference: request.id.text)
            {
                verdict = .connectorMissing
            }
            log(.refused(verdict, code), flow: claim.flow, reference: request.id.text)
            let outcome = FlowOutcome(verdict: verdict, reference: request.id.text, answeredAt: wallClock.now())
            return await record(outcome, of: claim, request)
        case .expired:
            if let refusal = refusalByRate(claim, request) { return refusal }
            log(.callbackRefused(error), flow: claim.flow, reference: request.id.text)
            return await end(claim, .expired, request)
        default:
            log(.callbackRefused(error), flow: claim.flow, reference: request.id.text)
            return leave(to: error == .issuerMismatch ? .altered : .consentMalformed)
        }
    }
}
