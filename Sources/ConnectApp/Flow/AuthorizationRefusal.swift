import GrantStore
import OAuth

/// What an error in place of a code means (RFC 6749 §4.1.2.1, and Nylas's own names and numbers).
enum AuthorizationRefusal {
    /// - Parameters:
    ///   - number: `error_code`, as text.
    ///   - description: `error_description`: looked through for Microsoft's error numbers, and never shown or kept.
    static func verdict(
        _ error: AuthorizationErrorCode,
        number: String?,
        description: String?
    ) -> FlowOutcome.Verdict {
        if number == "25016" || error == .other("scopes_conflict") { return .permissionsMissing }
        if error == .other("admin_policy_enforced") { return .adminApprovalNeeded }
        if let description {
            if adminApproval.contains(where: { mentions($0, in: description) }) { return .adminApprovalNeeded }
            if mentions(declinedAtMicrosoft, in: description) { return .declined }
        }
        // Nylas has one name for "the provider said no" and "the person pressed Cancel", and mostly it is the second.
        if error == .accessDenied || error == .other("oauth_failed") || number == "45002" { return .declined }
        return .providerRefused
    }

    /// Nobody has consented; an administrator must; one has been asked; the app is held to be risky; who approved is no administrator;
    /// the person has not been assigned to the app; the app has not come to this organization yet.
    private static let adminApproval = [
        "AADSTS65001", "AADSTS90094", "AADSTS900941", "AADSTS90095", "AADSTS90093", "AADSTS50105", "AADSTS700016",
    ]
    /// The person declined.
    private static let declinedAtMicrosoft = "AADSTS65004"

    /// Whether the number stands there whole: `AADSTS650011` is not `AADSTS65001`.
    static func mentions(_ number: String, in text: String) -> Bool {
        let wanted = Array(number.utf8)
        let bytes = Array(text.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            let end = start + wanted.count
            guard bytes[start..<end].elementsEqual(wanted) else { return false }
            return end == bytes.count || !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end])
        }
    }
}
