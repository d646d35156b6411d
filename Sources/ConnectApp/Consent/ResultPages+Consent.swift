import GrantStore
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

extension ResultPages {
    /// How an administrator's flow ended. What has become of the consent is looked up each time, so that "check again" says more.
    func consented(
        _ outcome: FlowOutcome,
        _ claim: FlowClaim,
        _ found: FlowCookies.Found,
        _ request: Request,
        isSuccess: Bool
    ) async -> Response {
        let path = "/\(outcome.verdict.isSuccess ? "connected" : "problem")/\(claim.flow.shortID)"
        var response: Response
        if outcome.verdict.isSuccess != isSuccess {
            response = .seeOther(path, headers: pages.headers)
        } else if outcome.verdict == .consentReported {
            let consent: TenantConsent?
            do throws(StoreError) {
                consent = try await store.consent(reportedBy: claim.flow)
            } catch {
                log(.storeFailed(.look, error), flow: claim.flow, reference: request.id.text)
                return pages.problem(.resultUnreadable(checkAgain: path), reference: request.id)
            }
            guard let consent else { return pages.problem(.flowNotFound, reference: request.id) }
            response = pages.consentDone(consent, at: wallClock.now(), checkAgain: path)
        } else {
            let invite = inviteCookie.path(in: request.head.headerFields, at: wallClock.now())
            response = pages.result(outcome, of: claim, link: invite)
        }
        // The whole flow need not stay in the browser any longer.
        if case .started = found, outcome.verdict.isFinal {
            response.addCookie(cookies.answeredCookie(for: claim.flow, at: wallClock.now()))
        }
        return response
    }
}
