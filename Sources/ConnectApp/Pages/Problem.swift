package import HTTPTypes

/// What can stand between a person and a connected mailbox, in the terms that the page needs.
///
/// Closed on purpose: a new case does not compile until somebody decides its status and its words.
package enum Problem: Hashable, Sendable {
    // How a flow ended: recorded, and told again as often as asked.
    case declined
    case permissionsMissing([Permission], provider: String?)
    case otherProvider(asked: String?, found: String?)
    case otherAddress(expected: String?, found: String?)
    case connectedBySomeoneElse(address: String?)
    case providerRefused(provider: String?)
    /// The operator has not set the provider up at Nylas; nobody else can help. `brand` is their name.
    case connectorMissing(provider: String?, brand: String)
    case adminApprovalNeeded(provider: String?)
    case exchangeRefused
    /// Nylas was not reached, or its answer never came and no connection was found afterwards.
    case outcomeUnknown
    /// Also the page of a link that is opened once more after its use.
    case linkUsed
    case linkRevoked
    /// The host app has another user at this browser. `brand` is its name.
    case forSomeoneElse(brand: String)
    /// The host app did not say in time who is at this browser.
    case notConfirmed(brand: String)
    case expired

    // What came back belongs to no flow of this browser.
    /// No cookie for this state: another browser, blocked cookies, or long ago.
    case flowNotFound
    /// The cookie does not open, or does not fit.
    case altered
    /// A parameter twice, or neither a code nor an error.
    case malformedCallback

    // Not over yet. `checkAgain` is a path of ours.
    case stillWorking(checkAgain: String)
    /// The host app has not said yet who is at this browser.
    case awaitingConfirmation(brand: String, checkAgain: String)
    /// The exchange may or may not have happened; it is being settled.
    case nylasTooSlow(checkAgain: String)

    // On our side.
    /// Before anything was exchanged.
    case storeUnavailable
    /// How the flow ended cannot be looked up: it may well have ended in a connection. `checkAgain` is a path of ours.
    case resultUnreadable(checkAgain: String)

    // The start.
    /// The form was not sent from our own page.
    case startRefused
    case providerNotOffered
    /// What was typed is no address.
    case addressUnreadable
    /// The address does not tell, or not in time.
    case providerNotDetected
    /// Cut off on its way, or sealed by somebody else.
    case linkUnreadable
    case linkExpired

    // The end of a connection.
    case disconnecting(DisconnectProblem)

    // An administrator's consent.
    case consenting(ConsentProblem)

    // Too often, by one network. How long to wait.
    case tooManyStarts(Duration)
    /// At the callback's own address, whose code is still good.
    case tooManyCallbacks(Duration)

    /// A recorded end answers 200, a "no" included: the page asked for exists, and this is it.
    package var status: HTTPResponse.Status {
        switch self {
        case .declined, .permissionsMissing, .otherProvider, .otherAddress, .connectedBySomeoneElse, .providerRefused,
            .connectorMissing, .adminApprovalNeeded, .exchangeRefused, .outcomeUnknown, .linkUsed, .linkRevoked,
            .forSomeoneElse, .notConfirmed, .expired:
            .ok
        case .providerNotDetected: .ok
        case .linkUnreadable: .notFound
        case .linkExpired: .gone
        case .flowNotFound, .altered, .malformedCallback, .providerNotOffered, .addressUnreadable:
            .badRequest
        case .stillWorking, .awaitingConfirmation, .nylasTooSlow: .accepted
        // Not 502 or 504: many proxies put a page of their own in the place of those.
        case .storeUnavailable, .resultUnreadable: .serviceUnavailable
        case .startRefused: .forbidden
        case .tooManyStarts, .tooManyCallbacks, .disconnecting(.tooMany): .tooManyRequests
        case .consenting(let problem): problem.status
        case .disconnecting(.unreadable): .notFound
        case .disconnecting(.expired): .gone
        case .disconnecting(.notFromOurPage): .forbidden
        case .disconnecting(.unavailable): .serviceUnavailable
        }
    }

    /// How long until another try can succeed, where that is known.
    var wait: Duration? {
        switch self {
        case .tooManyStarts(let wait), .tooManyCallbacks(let wait), .disconnecting(.tooMany(let wait)),
            .consenting(.tooMany(let wait)):
            wait
        default: nil
        }
    }
}
