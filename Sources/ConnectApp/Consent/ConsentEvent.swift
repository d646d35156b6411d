import GrantStore
import Grants
import Logging
import Nylas

/// What happens to consents, as an operator may read it: their IDs, names of ours or of Nylas; never an invitation, a tenant that
/// a browser named, a customer or an address.
enum ConsentEvent {
    case started(ConsentID)
    /// A browser has come back with a yes.
    case reported(ConsentID)
    case verified(ConsentID, GrantID)
    case failed(ConsentID, reason: String)
    /// A trial brought nothing.
    case probeFailed(ConsentID, NylasError)

    /// The level, the line and its details.
    var description: (Logger.Level, String, [(String, String)]) {
        switch self {
        case .started(let id): (.info, "consent asked for", [("consent", id.text)])
        case .reported(let id): (.info, "consent reported", [("consent", id.text)])
        case .verified(let id, let grant):
            (.info, "consent verified", [("consent", id.text), ("grant", grant.text)])
        case .failed(let id, let reason):
            (.warning, "consent failed", [("consent", id.text), ("cause", reason)])
        case .probeFailed(let id, let error):
            (level(of: error), "consent not proven yet", [("consent", id.text), ("cause", error.summary)])
        }
    }

    /// A wrong key is the operator's to mend; the rest is what trying out is for.
    private func level(of error: NylasError) -> Logger.Level {
        if case .unauthorized = error { .error } else { .notice }
    }

    var count: FlowCount {
        switch self {
        case .started: .consent(.started)
        case .reported: .consent(.reported)
        case .verified: .consent(.verified)
        case .failed: .consent(.failed)
        case .probeFailed(_, let error): .nylasFailed(.authenticate, FlowCount.NylasFailure(error))
        }
    }
}
