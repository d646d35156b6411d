package import GrantStore
package import Grants
import Nylas
import OAuth

/// What is counted of flows: the funnel from the button to the answer, each step a closed set of names.
///
/// A flow is counted where it is logged, so that log and count say the same. A person who reloads is counted again.
package enum FlowCount: Hashable, Sendable {
    /// nil where Nylas is left to ask.
    case started(Provider?)
    case startRefused(StartRefusal)
    case callbackRefused(CallbackRefusal)
    case answered(FlowOutcome.Verdict)
    /// Its callback came once more after its end.
    case replayed(FlowOutcome.Verdict)
    /// Back with a code that waits for the host app's word.
    case parked
    /// More flows are under way than are taken on.
    case handsFull
    /// The exchange brought no answer: how it ended is being found out.
    case settling
    case nylasFailed(NylasCall, NylasFailure)
    case storeFailed(StoreStep)
    /// An owner, or whoever connected it openly, has given a mailbox up.
    case disconnected(isLast: Bool)
    /// Nylas has deleted a grant that nobody had any more.
    case revoked
    case consent(ConsentStep)

    package enum ConsentStep: String, Sendable, CaseIterable {
        /// Left for Microsoft.
        case started
        /// Came back with a yes.
        case reported
        case verified
        case failed
    }

    package enum StartRefusal: String, Sendable, CaseIterable {
        case notSameOrigin = "not_same_origin"
        case linkNeeded = "link_needed"
        case linkUnreadable = "link_unreadable"
        case linkExpired = "link_expired"
        case linkUsed = "link_used"
        case linkRevoked = "link_revoked"
        case storeUnavailable = "store_unavailable"
        case malformedForm = "malformed_form"
        case providerNotOffered = "provider_not_offered"
        case tooMany = "too_many"
        case flowTooLarge = "flow_too_large"
    }

    package enum CallbackRefusal: String, Sendable, CaseIterable {
        case malformedQuery = "malformed_query"
        case repeatedParameter = "repeated_parameter"
        case stateMismatch = "state_mismatch"
        case cookieMissing = "cookie_missing"
        case cookieUnopenable = "cookie_unopenable"
        case expired
        case issuerMismatch = "issuer_mismatch"
        case unexpectedParameter = "unexpected_parameter"
        case missingCode = "missing_code"
        case missingConsent = "missing_consent"
        case malformedCode = "malformed_code"
        case tooMany = "too_many"
        case codeTooLong = "code_too_long"
        case confirmationNotConfigured = "confirmation_not_configured"
    }

    package enum NylasCall: String, Sendable, CaseIterable {
        case exchange
        case read
        case list
        case delete
        /// Without a person: a consent is tried out.
        case authenticate
        case detect
        /// Whether a provider has a connector.
        case connector
    }

    /// The cases of `NylasError`.
    package enum NylasFailure: String, Sendable, CaseIterable {
        case notSent = "not_sent"
        case noAnswer = "no_answer"
        case failed
        case unreadable
        case refused
        case unauthorized
        case notFound = "not_found"
        case rateLimited = "rate_limited"
    }

    package enum StoreStep: String, Sendable, CaseIterable {
        case look
        case claim
        case record
        case save
        case takeOver = "take_over"
        case list
        case purge
    }
}

extension FlowCount {
    /// - Returns: nil for what is only worth a line in the log.
    init?(_ event: FlowEvent) {
        switch event {
        case .started(let provider): self = .started(provider)
        case .startRefused(let reason): self = .startRefused(StartRefusal(reason))
        case .callbackRefused(let error):
            guard let refusal = CallbackRefusal(error) else { return nil }
            self = .callbackRefused(refusal)
        case .tooManyCallbacks: self = .callbackRefused(.tooMany)
        case .replayed(let verdict): self = .replayed(verdict)
        case .parked: self = .parked
        case .confirmationNotConfigured: self = .callbackRefused(.confirmationNotConfigured)
        case .codeTooLong: self = .callbackRefused(.codeTooLong)
        case .cookieMissing: self = .callbackRefused(.cookieMissing)
        case .cookieUnopenable: self = .callbackRefused(.cookieUnopenable)
        case .refused(let verdict, _): self = .answered(verdict)
        case .handsFull: self = .handsFull
        case .exchangeFailed(let error): self = .nylasFailed(.exchange, NylasFailure(error))
        case .grantUnread(_, let error): self = .nylasFailed(.read, NylasFailure(error))
        case .listFailed(let error): self = .nylasFailed(.list, NylasFailure(error))
        case .grantNotDeleted(_, let error), .revocationFailed(_, let error):
            self = .nylasFailed(.delete, NylasFailure(error))
        case .connectorUnread(let error): self = .nylasFailed(.connector, NylasFailure(error))
        case .detectionFailed(let error): self = .nylasFailed(.detect, NylasFailure(error))
        case .storeFailed(let step, _): self = .storeFailed(StoreStep(step))
        case .answered(let outcome, _): self = .answered(outcome.verdict)
        case .settling: self = .settling
        case .ownerLeft(_, let remaining): self = .disconnected(isLast: remaining == 0)
        case .revoked: self = .revoked
        case .consent(let event): self = event.count
        // Counted as the answer that follows.
        case .connectorMissing: return nil
        case .listCutOff, .grantDeleted, .purged, .revocationHeldBack, .disconnectRefused, .detectionSkipped,
            .embeddedBrowser:
            return nil
        }
    }
}

extension FlowCount.StartRefusal {
    fileprivate init(_ reason: FlowEvent.StartRefusal) {
        self =
            switch reason {
            case .notSameOrigin: .notSameOrigin
            case .closed: .linkNeeded
            case .malformedForm: .malformedForm
            case .providerNotOffered: .providerNotOffered
            case .tooMany: .tooMany
            case .linkUnreadable: .linkUnreadable
            case .linkExpired: .linkExpired
            case .linkUsed: .linkUsed
            case .linkRevoked: .linkRevoked
            case .storeUnavailable: .storeUnavailable
            case .flowTooLarge: .flowTooLarge
            }
    }
}

extension FlowCount.CallbackRefusal {
    /// - Returns: nil for an error of the authorization server's: that is an answer.
    fileprivate init?(_ error: CallbackError) {
        switch error {
        case .malformedQuery: self = .malformedQuery
        case .repeatedParameter: self = .repeatedParameter
        case .stateMismatch: self = .stateMismatch
        case .expired: self = .expired
        case .issuerMismatch: self = .issuerMismatch
        case .unexpectedParameter: self = .unexpectedParameter
        case .missingCode: self = .missingCode
        case .missingConsent: self = .missingConsent
        case .malformedCode: self = .malformedCode
        case .refused: return nil
        }
    }
}

extension FlowCount.NylasFailure {
    init(_ error: NylasError) {
        self =
            switch error {
            case .notSent: .notSent
            case .noAnswer: .noAnswer
            case .failed: .failed
            case .unreadable: .unreadable
            case .refused: .refused
            case .unauthorized: .unauthorized
            case .notFound: .notFound
            case .rateLimited: .rateLimited
            }
    }
}

extension FlowCount.StoreStep {
    fileprivate init(_ step: FlowEvent.StoreStep) {
        self =
            switch step {
            case .look: .look
            case .claim: .claim
            case .record: .record
            case .save: .save
            case .takeOver: .takeOver
            case .list: .list
            case .purge: .purge
            }
    }
}
