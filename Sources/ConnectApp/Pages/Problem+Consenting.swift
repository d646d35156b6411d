import HTTPTypes

/// What can stand between an administrator and their approval.
package enum ConsentProblem: Hashable, Sendable {
    // How a flow ended: recorded, and told again as often as asked.
    /// Pressed Cancel, or the like.
    case cancelled
    /// Whoever signed in is no administrator. The address is the invitation's, where this browser has it.
    case roleNeeded(forward: String?)
    case refused
    case expired

    /// What came back cannot be read, or is not for such a flow.
    case malformed

    // The invitation.
    case unreadable
    case inviteExpired
    /// The form was not sent from our own page.
    case notFromOurPage
    case unavailable
    case tooMany(Duration)
}

extension ConsentProblem {
    var status: HTTPResponse.Status {
        switch self {
        case .cancelled, .roleNeeded, .refused, .expired: .ok
        case .malformed: .badRequest
        case .unreadable: .notFound
        case .inviteExpired: .gone
        case .notFromOurPage: .forbidden
        case .unavailable: .serviceUnavailable
        case .tooMany: .tooManyRequests
        }
    }

    var words: Problem.Words {
        switch self {
        case .cancelled:
            Problem.Words(
                tone: .calm,
                title: "Nothing was approved",
                happened: [
                    "You stopped on Microsoft’s page. Nothing has changed for your organization. "
                        + "Nothing was connected."
                ],
                advice: "If you change your mind, you can start again while the invitation is good.",
                step: .startAgain
            )
        case .roleNeeded(let forward):
            Problem.Words(
                tone: .attention,
                title: "An administrator has to do this",
                happened: [
                    "Microsoft says that the account you signed in with is not an administrator of your organization. "
                        + "Nothing was approved. Nothing was connected."
                ],
                advice: forward.map {
                    "Forward this address to an administrator. That is safe: opening it does nothing. \($0)"
                }
                    ?? "Forward the invitation that you were sent to an administrator. That is safe: opening it does nothing.",
                step: .startAgain
            )
        case .refused:
            Problem.Words(
                tone: .attention,
                title: "Microsoft did not accept the approval",
                happened: [
                    "Microsoft answered with an error instead of an approval, so we count it as not given. "
                        + "Nothing was connected."
                ],
                advice: "Try again in a few minutes. If it happens again, ask us, and name the reference below.",
                step: .startAgain
            )
        case .expired:
            Problem.Words(
                tone: .attention,
                title: "The approval took a little too long",
                happened: [
                    "For your safety, a started approval is good for 20 minutes. We do not count this one. "
                        + "Nothing was connected."
                ],
                advice: "Open the invitation again, and start once more. It does no harm to approve twice.",
                step: .startAgain
            )
        case .malformed:
            Problem.Words(
                tone: .attention,
                title: "The answer from Microsoft was not complete",
                happened: [
                    "Your browser brought back an answer that we cannot read, so we do not count it. Nothing was connected."
                ],
                advice: "Open the invitation again, and start once more. It does no harm to approve twice.",
                step: .startAgain
            )
        case .unreadable:
            Problem.Words(
                tone: .attention,
                title: "This invitation is not complete",
                happened: [
                    "We cannot read it. Mail programs sometimes cut a long address at the end of a line.",
                    "Nothing was approved.",
                ],
                advice: "Open it once more from the place where you found it, or copy all of it into the address bar. "
                    + "If that does not help, ask for a new one.",
                step: .askSupport
            )
        case .inviteExpired:
            Problem.Words(
                tone: .calm,
                title: "This invitation has expired",
                happened: [
                    "For your safety, an invitation works only for a while. Nothing was approved with this page."
                ],
                advice: "Ask for a new one. It takes whoever sent it to you only a moment.",
                step: .askSupport
            )
        case .notFromOurPage:
            Problem.Words(
                tone: .attention,
                title: "Please press the button of the invitation once more",
                happened: [
                    "An approval can only be started from our own page, and that try came from elsewhere. Nothing was started."
                ],
                advice: "Open the invitation again, and press the button on its page.",
                step: .askSupport
            )
        case .unavailable:
            Problem.Words(
                tone: .attention,
                title: "We cannot look this up right now",
                happened: ["What your invitation is about cannot be looked up at the moment. Nothing was approved."],
                advice: "Open it again later. It is safe to do it twice.",
                step: .askSupport
            )
        case .tooMany(let wait):
            Problem.Words(
                tone: .calm,
                title: "Please start the approval again in a moment",
                happened: [
                    "Many requests came from your network in a short time, so this one was not started."
                ],
                advice: "Wait \(inWords(wait)), then start again.",
                step: .startAgain
            )
        }
    }
}
