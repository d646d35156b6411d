import Cryptography
import GrantStore
import OAuth
import Timekeeping

/// What a browser brought back from Microsoft's page for administrators (`nylas-api` §4.4), once its state is known to be ours.
struct AdminConsentAnswer: Equatable {
    /// The tenant that the browser names: shown, never trusted. nil where it names none that has the form of one.
    var claimedTenant: String?

    /// - Throws: the first rule broken, in the order of `CallbackError`'s cases. A yes that comes with an error is no yes.
    init(
        to flow: StartedFlow,
        _ query: CallbackQuery,
        audience: [UInt8],
        issuer: String,
        at now: Timestamp
    ) throws(CallbackError) {
        guard constantTimeEquals(flow.audience, audience) else { throw .issuerMismatch }
        guard now < flow.expiresAt else { throw .expired }
        if let named = query["iss"], named != issuer { throw .issuerMismatch }
        // There is nothing to exchange: a code here is another flow's, or somebody's try.
        guard query["code"] == nil else { throw .unexpectedParameter }
        if let error = query["error"] { throw .refused(AuthorizationErrorCode(error)) }
        // `True` by Microsoft, `true` by Nylas's documentation.
        guard query["admin_consent"]?.lowercased() == "true" else { throw .missingConsent }
        claimedTenant = query["tenant"].flatMap { isTenant($0) ? $0 : nil }
    }
}

extension AuthorizationRefusal {
    /// What an error in place of an administrator's consent means.
    static func consentVerdict(
        _ error: AuthorizationErrorCode,
        number: String?,
        description: String?
    ) -> FlowOutcome.Verdict {
        if let description, administratorNeeded.contains(where: { mentions($0, in: description) }) {
            return .adminRoleNeeded
        }
        let cancelled = ["permission_denied", "consent_required"].contains { error == .other($0) }
        return cancelled ? .declined : verdict(error, number: number, description: description).ofConsent
    }

    /// Only an administrator may do this; the app needs one's approval.
    private static let administratorNeeded = [
        "AADSTS90093", "AADSTS90094", "AADSTS900941", "AADSTS90095", "AADSTS65001",
    ]
}

extension FlowOutcome.Verdict {
    /// Of a consent nothing can be missing or left out: it is given or not.
    fileprivate var ofConsent: FlowOutcome.Verdict {
        switch self {
        case .declined: .declined
        case .adminApprovalNeeded: .adminRoleNeeded
        default: .providerRefused
        }
    }
}
