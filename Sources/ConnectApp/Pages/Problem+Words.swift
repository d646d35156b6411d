import Web

extension Problem {
    /// What a person reads. Everything in it is plain text; what came from outside is escaped with the rest.
    struct Words {
        enum Tone {
            /// Nothing is wrong: somebody said no, or it only takes time.
            case calm
            case attention
        }

        enum Step: Equatable {
            case startAgain
            case checkAgain(path: String)
            /// The same address again, whatever is in it.
            case tryAgain
            /// Only the operator can help.
            case askSupport
        }

        var tone: Tone
        var title: String
        /// What happened, and what was connected: nothing, or exactly what.
        var happened: [String]
        var missing: [Permission] = []
        /// What to do next.
        var advice: String
        var step: Step
    }

    /// Each problem's own words: the ends of flows, and what stands in the way of one.
    var words: Words {
        switch self {
        case .declined: .declined
        case .permissionsMissing(let missing, let provider): .permissionsMissing(missing, provider: provider)
        case .otherProvider(let asked, let found): .otherProvider(asked: asked, found: found)
        case .otherAddress(let expected, let found): .otherAddress(expected: expected, found: found)
        case .connectedBySomeoneElse(let address): .connectedBySomeoneElse(address: address)
        case .providerRefused(let provider): .providerRefused(provider: provider)
        case .connectorMissing(let provider, let brand): .connectorMissing(provider: provider, brand: brand)
        case .adminApprovalNeeded(let provider): .adminApprovalNeeded(provider: provider)
        case .exchangeRefused: .exchangeRefused
        case .outcomeUnknown: .outcomeUnknown
        case .linkUsed: .linkUsed
        case .linkRevoked: .linkRevoked
        case .forSomeoneElse(let brand): .forSomeoneElse(brand: brand)
        case .notConfirmed(let brand): .notConfirmed(brand: brand)
        case .expired: .expired
        case .flowNotFound: .flowNotFound
        case .altered: .altered
        case .malformedCallback: .malformedCallback
        case .stillWorking(let path): .stillWorking(checkAgain: path)
        case .awaitingConfirmation(let brand, let path): .awaitingConfirmation(brand: brand, checkAgain: path)
        case .nylasTooSlow(let path): .nylasTooSlow(checkAgain: path)
        case .storeUnavailable: .storeUnavailable
        case .resultUnreadable(let path): .resultUnreadable(checkAgain: path)
        case .startRefused: .startRefused
        case .providerNotOffered: .providerNotOffered
        case .addressUnreadable: .addressUnreadable
        case .providerNotDetected: .providerNotDetected
        case .linkUnreadable: .linkUnreadable
        case .linkExpired: .linkExpired
        case .disconnecting(let problem): problem.words
        case .consenting(let problem): problem.words
        case .tooManyStarts(let wait): .tooManyStarts(wait)
        case .tooManyCallbacks(let wait): .tooManyCallbacks(wait)
        }
    }
}

func inWords(_ wait: Duration) -> String {
    switch wholeSeconds(wait) {
    case 1: "a second"
    case let seconds where seconds <= 90: "\(seconds) seconds"
    case let seconds: "\((seconds + 59) / 60) minutes"
    }
}
