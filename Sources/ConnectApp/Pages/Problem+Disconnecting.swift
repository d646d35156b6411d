/// What can stand between a person and the end of a connection.
package enum DisconnectProblem: Hashable, Sendable {
    /// Cut off on its way, or sealed by somebody else.
    case unreadable
    case expired
    /// The form was not sent from our own page.
    case notFromOurPage
    /// Whether it ended cannot be looked up or written down.
    case unavailable
    case tooMany(Duration)
}

extension DisconnectProblem {
    var words: Problem.Words {
        switch self {
        case .unreadable:
            Problem.Words(
                tone: .attention,
                title: "This way out is not complete",
                happened: [
                    "We cannot read your link. Mail programs sometimes cut a long link at the end of a line.",
                    "Nothing was disconnected.",
                ],
                advice: "Open it once more from the place where you found it, or copy all of it into the address bar. "
                    + "If that does not help, ask for a new one.",
                step: .askSupport
            )
        case .expired:
            Problem.Words(
                tone: .calm,
                title: "This way out has expired",
                happened: [
                    "A link to disconnect a mailbox works only for a while. Nothing was disconnected: the mailbox is still connected."
                ],
                advice:
                    "Ask for a new one. You can also end the connection in the security settings of your mail provider.",
                step: .askSupport
            )
        case .notFromOurPage:
            Problem.Words(
                tone: .attention,
                title: "Please press the button once more",
                happened: [
                    "A mailbox can only be disconnected from our own page, and that try came from elsewhere. "
                        + "Nothing was disconnected."
                ],
                advice: "Open your link again, and press the button on its page.",
                step: .askSupport
            )
        case .unavailable:
            Problem.Words(
                tone: .attention,
                title: "We cannot disconnect anything right now",
                happened: [
                    "What ends has to be written down, and at the moment that is not possible. Nothing was disconnected."
                ],
                advice:
                    "Open your link again later. It is safe to do it twice. In a hurry, end the connection in the security "
                    + "settings of your mail provider.",
                step: .askSupport
            )
        case .tooMany(let wait):
            Problem.Words(
                tone: .calm,
                title: "Please try again in a moment",
                happened: ["Many requests came from your network in a short time, so this one was not done."],
                advice: "Wait \(inWords(wait)), then open your link again.",
                step: .askSupport
            )
        }
    }
}
