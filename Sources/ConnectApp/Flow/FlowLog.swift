import GrantStore
import Grants
import Logging
import Nylas
import OAuth

/// What happens to flows, as an operator may read it.
///
/// A line has the flow's short ID, the reference that the person sees, and names of our own or of Nylas. It never has a code,
/// a state, a cookie, a key, a query, an address of a mailbox or a sentence from outside.
enum FlowEvent {
    case started(Provider?)
    case startRefused(StartRefusal)
    case callbackRefused(CallbackError)
    /// Verified, and not taken on yet, since others of the same network were faster.
    case tooManyCallbacks
    /// The flow had ended, and its end was shown once more.
    case replayed(FlowOutcome.Verdict)
    /// The code waits in its cookie for the host app's word.
    case parked
    /// A code of a flow under confirmed binding, and nowhere to ask the host app any more.
    case confirmationNotConfigured
    /// A code too long to wait in a cookie.
    case codeTooLong
    case cookieMissing
    case cookieUnopenable
    /// The authorization server sent an error.
    case refused(FlowOutcome.Verdict, AuthorizationErrorCode)
    /// The operator has to make one; nil where Nylas was left to ask for the provider.
    case connectorMissing(Provider?)
    /// Whether there is one could not be found out.
    case connectorUnread(NylasError)
    /// More flows are under way than are taken on.
    case handsFull
    case exchangeFailed(NylasError)
    case grantUnread(GrantID, NylasError)
    case storeFailed(StoreStep, StoreError)
    case answered(FlowOutcome, excess: [Scope])
    case settling
    case listFailed(NylasError)
    case listCutOff
    case grantDeleted(GrantID)
    case grantNotDeleted(GrantID, NylasError)
    case purged(Int)
    /// An owner, or whoever connected it openly, has given a grant up.
    case ownerLeft(GrantID, remaining: Int)
    /// Nobody has it any more, and Nylas has deleted it.
    case revoked(GrantID)
    /// A flow that is under way may be of the same mailbox.
    case revocationHeldBack(GrantID)
    case revocationFailed(GrantID, NylasError)
    /// The person chooses instead; why, in words of ours.
    case detectionSkipped(String)
    case detectionFailed(NylasError)
    /// Somebody was asked to leave another app's browser before Google.
    case embeddedBrowser
    /// Why a disconnect link's button did nothing; a name of ours.
    case disconnectRefused(String)
    case consent(ConsentEvent)

    enum StartRefusal: String {
        case notSameOrigin = "not same origin"
        case closed = "a personal link is needed"
        case malformedForm = "malformed form"
        case providerNotOffered = "provider not offered"
        case tooMany = "too many from one network"
        case linkUnreadable = "link unreadable"
        case linkExpired = "link expired"
        case linkUsed = "link used"
        case linkRevoked = "link revoked"
        case storeUnavailable = "store unavailable"
        case flowTooLarge = "flow does not fit into a cookie"
    }

    /// What was tried at the store.
    enum StoreStep: String {
        case look, claim, record, save, takeOver = "take over", list, purge
    }
}

struct FlowLog: Sendable {
    private let logger: Logger
    private let count: @Sendable (FlowCount) -> Void

    init(_ logger: Logger, count: @escaping @Sendable (FlowCount) -> Void = { _ in }) {
        self.logger = logger
        self.count = count
    }

    /// - Parameters:
    ///   - flow: nil where there is none, or none that is known to be ours.
    ///   - reference: the request's ID.
    func callAsFunction(_ event: FlowEvent, flow: FlowID? = nil, reference: String? = nil) {
        if let count = FlowCount(event) { self.count(count) }
        let (level, name, details) = describe(event)
        let known = metadata(details, flow: flow, reference: reference)
        logger.log(level: level, Logger.Message(stringLiteral: name), metadata: known)
    }

    private func metadata(
        _ details: [(String, String)],
        flow: FlowID?,
        reference: String?
    ) -> Logger.Metadata {
        var metadata = Logger.Metadata(minimumCapacity: details.count + 2)
        for (key, value) in details { metadata[key] = .string(value) }
        if let flow { metadata["flow"] = .string(flow.shortID) }
        if let reference { metadata["reference"] = .string(reference) }
        return metadata
    }

    private func describe(_ event: FlowEvent) -> (Logger.Level, String, [(String, String)]) {
        switch event {
        case .started(let provider):
            (.info, "flow started", [("provider", provider?.rawValue ?? "any")])
        case .startRefused(let reason):
            (reason == .flowTooLarge ? .error : .info, "start refused", [("reason", reason.rawValue)])
        case .callbackRefused(let error):
            (.info, "callback refused", [("rule", "\(error)")])
        case .tooManyCallbacks:
            (.warning, "too many callbacks from one network", [])
        case .replayed(let verdict):
            (.info, "callback of a flow that has ended", [("verdict", verdict.rawValue)])
        case .parked:
            (.info, "waiting for confirmation", [])
        case .confirmationNotConfigured:
            (.error, "connect.confirmationURL is not set, but a link asks for confirmation", [])
        case .codeTooLong:
            (.error, "code does not fit into a cookie", [])
        case .cookieMissing:
            (.info, "callback without its cookie", [])
        case .cookieUnopenable:
            (.notice, "callback with a cookie that does not open", [])
        case .refused(let verdict, let error):
            (.info, "authorization refused", [("verdict", verdict.rawValue), ("error", "\(error)")])
        case .connectorMissing(let provider):
            (
                .warning, "the Nylas application has no connector for the provider",
                [
                    ("provider", provider?.rawValue ?? "any"),
                    ("remedy", "postern connectors create \(provider?.rawValue ?? "PROVIDER")"),
                ]
            )
        case .connectorUnread(let error):
            (level(of: error), "connector not looked up", [("cause", error.summary)])
        case .handsFull:
            (.error, "too many flows under way", [])
        case .exchangeFailed(let error):
            (level(of: error), "exchange failed", [("cause", error.summary)])
        case .grantUnread(let grant, let error):
            (level(of: error), "grant not read", [("grant", grant.text), ("cause", error.summary)])
        case .storeFailed(let step, let error):
            (.error, "store failed", [("step", step.rawValue), ("cause", "\(error)")])
        case .answered(let outcome, let excess):
            (
                .info, "flow answered",
                [("verdict", outcome.verdict.rawValue)]
                    + (outcome.grantID.map { [("grant", $0.text)] } ?? [])
                    + (excess.isEmpty ? [] : [("excess_scopes", "\(excess.count)")])
            )
        case .settling:
            (.warning, "outcome unknown, settling", [])
        case .listFailed(let error):
            (level(of: error), "grants not listed", [("cause", error.summary)])
        case .listCutOff:
            (.warning, "more grants changed than are looked through", [])
        case .grantDeleted(let grant):
            (.notice, "unwanted new grant deleted", [("grant", grant.text)])
        case .grantNotDeleted(let grant, let error):
            (.warning, "unwanted new grant not deleted", [("grant", grant.text), ("cause", error.summary)])
        case .purged(let count):
            (.debug, "old flows forgotten", [("count", "\(count)")])
        case .ownerLeft(let grant, let remaining):
            (.info, "owner left", [("grant", grant.text), ("remaining", "\(remaining)")])
        case .revoked(let grant):
            (.info, "grant revoked", [("grant", grant.text)])
        case .revocationHeldBack(let grant):
            (.info, "grant not revoked yet: a flow may be of the same mailbox", [("grant", grant.text)])
        case .consent(let event): event.description
        case .detectionSkipped(let reason):
            (.info, "provider not detected", [("reason", reason)])
        case .detectionFailed(let error):
            (level(of: error), "provider not detected", [("cause", error.summary)])
        case .embeddedBrowser:
            (.info, "start put off: another app's browser", [])
        case .disconnectRefused(let reason):
            (.info, "disconnect refused", [("reason", reason)])
        case .revocationFailed(let grant, let error):
            (level(of: error), "grant not revoked yet", [("grant", grant.text), ("cause", error.summary)])
        }
    }

    /// A wrong key is the operator's to mend; the rest happens.
    private func level(of error: NylasError) -> Logger.Level {
        if case .unauthorized = error { .error } else { .warning }
    }
}
