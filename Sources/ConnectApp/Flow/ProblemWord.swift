/// The addresses of problems that belong to no recorded flow: the same page for everybody.
enum ProblemWord: String, CaseIterable {
    case unmatched
    case altered
    case malformed
    /// The same of an administrator's flow.
    case consentMalformed = "consent-malformed"
    case unavailable

    var problem: Problem {
        switch self {
        case .unmatched: .flowNotFound
        case .altered: .altered
        case .malformed: .malformedCallback
        case .consentMalformed: .consenting(.malformed)
        case .unavailable: .storeUnavailable
        }
    }
}
