import GrantStore
import HTTPSemantics
import Timekeeping
import Web

extension Pages {
    /// `GET /consent/{invite}`: the question.
    ///
    /// - Parameter known: what has become of the invitation so far.
    func consent(_ invite: ConsentInvite, sealed: String, known: TenantConsent?) -> Response {
        let page = ConsentPage(invite: invite, sealed: sealed, known: known)
        return .page(page.html(in: frame), policy: .form, headers: headers)
    }

    /// The same address, once there is nothing left to ask; and the end of a flow.
    ///
    /// - Parameter checkAgain: the page's own path, where it may say something else later.
    func consentDone(
        _ consent: TenantConsent,
        at now: Timestamp? = nil,
        checkAgain: String? = nil
    ) -> Response {
        let page = ConsentDonePage(consent: consent, now: now ?? consent.readyAt, checkAgain: checkAgain)
        return .page(page.html(in: frame), policy: .result, headers: headers)
    }
}

extension ConsentProblem {
    /// - Parameter forward: the invitation's whole address, where the browser has it.
    init(_ verdict: FlowOutcome.Verdict, forward: String?) {
        switch verdict {
        case .declined: self = .cancelled
        case .adminRoleNeeded: self = .roleNeeded(forward: forward)
        case .expired: self = .expired
        default: self = .refused
        }
    }
}
