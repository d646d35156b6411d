/// How an authorisation ends, beside what the person chose.
enum AuthorizationOutcome: String, CaseIterable, Sendable {
    case approve
    case deny
    /// The grant gets only some of the scopes: unticked boxes.
    case scopesLeftOut = "scopes_left_out"
    /// The same, but refused by Nylas itself.
    case scopesConflict = "scopes_conflict"
    case otherAddress = "other_address"
    case adminApproval = "admin_approval"
    case providerError = "provider_error"
    /// Somebody deletes the provider's connector at this moment; it stays away until it is made again, or all is reset.
    case connectorMissing = "connector_missing"
    /// An administrator's yes and an error in one answer, as Microsoft can send them.
    case consentAndError = "consent_and_error"
}

/// What goes wrong with a call of the API.
enum Fault: Equatable, Sendable {
    /// Handled at once, answered late.
    case slow(Duration)
    /// Not handled; a code is spent all the same.
    case internalError
    /// Handled, and answered as if it had not been.
    case internalErrorAfterProcessing
    /// Not handled; the connection ends without an answer.
    case cut
    /// Handled; the connection ends in the middle of the answer.
    case cutAfterProcessing
    /// Over the application's pace: 429 without a word about when to come back.
    case rateLimited
    /// The mail provider has had enough: 429 with `Retry-After`.
    case throttled(Duration)
    /// Refused for good, as only an authentication without a login can be.
    case refused(APIViolation)

    /// - Parameter seconds: how slow; by default longer than a client's usual patience.
    init?(name: String, seconds: Int64?) {
        switch name {
        case "slow": self = .slow(.seconds(seconds ?? 45))
        case "internal_error": self = .internalError
        case "internal_error_after_processing": self = .internalErrorAfterProcessing
        case "cut": self = .cut
        case "cut_after_processing": self = .cutAfterProcessing
        case "rate_limited": self = .rateLimited
        case "throttled": self = .throttled(.seconds(seconds ?? 1))
        case "provider_error": self = .refused(.providerFault)
        case "consent_missing": self = .refused(.consentMissing)
        case "mailbox_unknown": self = .refused(.mailboxUnknown)
        case "delegation_missing": self = .refused(.delegationMissing)
        default: return nil
        }
    }
}
