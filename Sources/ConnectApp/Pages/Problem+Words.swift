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

    var words: Words {
        switch self {
        case .declined:
            Words(
                tone: .calm,
                title: "Nothing was connected",
                happened: [
                    "You chose not to give access. Your mailbox stays as it was, and nobody can read it through us."
                ],
                advice: "If you change your mind, you can start again at any time.",
                step: .startAgain
            )
        case .permissionsMissing(let missing, let provider):
            Words(
                tone: .attention,
                title: "A permission is missing",
                happened: [
                    "You signed in, but not everything that is needed was allowed. So the mailbox was not connected.",
                    "If it was connected before, only what you allowed just now still works.",
                ],
                missing: missing,
                advice: "Start again, and check every box on \(provider ?? "your provider")’s page.",
                step: .startAgain
            )
        case .otherProvider(let asked, let found):
            Words(
                tone: .attention,
                title: "That was another provider",
                happened: [
                    "You chose \(asked ?? "one provider") here, but signed in at \(found ?? "another one").",
                    "Nothing was connected.",
                ],
                advice: "Start again, and choose the provider of the mailbox that you want to connect.",
                step: .startAgain
            )
        case .otherAddress(let expected, let found):
            Words(
                tone: .attention,
                title: "That was another mailbox",
                happened: [
                    "You signed in with \(found ?? "another address"), but this connection is meant for "
                        + "\(expected ?? "a certain address"). Nothing was connected."
                ],
                advice: "Start again, and sign in with \(expected ?? "that address"). "
                    + "If your provider picks the other one by itself, use a private window.",
                step: .startAgain
            )
        case .connectedBySomeoneElse(let address):
            Words(
                tone: .attention,
                title: "This mailbox is already connected",
                happened: [
                    "\(address ?? "The mailbox") is already connected for somebody else. Nothing was changed for them, "
                        + "and nothing was connected for you."
                ],
                advice: "If this is your own mailbox, please ask us to look into it.",
                step: .askSupport
            )
        case .providerRefused(let provider):
            Words(
                tone: .attention,
                title: "\(provider ?? "Your provider") did not allow it",
                happened: [
                    "\(provider ?? "Your provider") answered with an error instead of a permission.",
                    "Nothing was connected.",
                ],
                advice: "Try again in a few minutes. If it happens again, an administrator may have switched off "
                    + "connections to other software for your mailbox.",
                step: .startAgain
            )
        case .connectorMissing(let provider, let brand):
            Words(
                tone: .attention,
                title: "\(provider ?? "Your provider") is not set up here yet",
                happened: [
                    "\(brand) still has to set up connections to \(provider ?? "your provider"). You did nothing wrong, and "
                        + "trying again does not help until then.",
                    "Nothing was connected, and nothing was saved.",
                ],
                advice: "Please tell \(brand), with the reference below. Once it is set up, you can start again.",
                step: .askSupport
            )
        case .adminApprovalNeeded(let provider):
            Words(
                tone: .attention,
                title: "Your administrator has to allow this first",
                happened: [
                    "Your organization lets its administrator decide which software may use its mailboxes at "
                        + "\(provider ?? "your provider"). Nothing was connected."
                ],
                advice: "Send your administrator the text below. Once they have allowed it, start again.",
                step: .startAgain
            )
        case .exchangeRefused:
            Words(
                tone: .attention,
                title: "The sign-in could not be completed",
                happened: [
                    "A sign-in counts once, and only for a short time. This one was not accepted.",
                    "Nothing was connected.",
                ],
                advice: "Please start again. It usually works the second time.",
                step: .startAgain
            )
        case .outcomeUnknown:
            Words(
                tone: .attention,
                title: "The connection could not be completed",
                happened: [
                    "Nylas, the service that makes the connection, could not be reached, or the line to it broke at the last "
                        + "moment. We looked, and your mailbox is not connected as far as we can see."
                ],
                advice: "Please start again in a few minutes. It is safe to do it twice.",
                step: .startAgain
            )
        case .linkUsed:
            Words(
                tone: .calm,
                title: "This link has been used",
                happened: [
                    "A personal link connects one mailbox, once, and a mailbox was connected with this one.",
                    "If that was you, everything is done.",
                ],
                advice: "If it was not you, or you want to connect another mailbox, ask for a new link.",
                step: .askSupport
            )
        case .linkRevoked:
            Words(
                tone: .attention,
                title: "This link is no longer valid",
                happened: ["Whoever sent you this link has withdrawn it. Nothing was connected."],
                advice: "Ask for a new one.",
                step: .askSupport
            )
        case .forSomeoneElse(let brand):
            Words(
                tone: .attention,
                title: "This link is for somebody else",
                happened: [
                    "You are not signed in to \(brand) with the account that this link is for, so your sign-in was not used.",
                    "Nothing was connected.",
                ],
                advice:
                    "Begin at \(brand), signed in with your own account. If somebody sent you this link, do not use it again: "
                    + "your mailbox would have become theirs.",
                step: .askSupport
            )
        case .notConfirmed(let brand):
            Words(
                tone: .attention,
                title: "\(brand) did not confirm in time",
                happened: [
                    "Before a mailbox is connected, \(brand) has to confirm within a minute that it is your account. That did not "
                        + "happen, so your sign-in was not used. Nothing was connected."
                ],
                advice: "Sign in to \(brand) in this browser, then start again.",
                step: .startAgain
            )
        case .awaitingConfirmation(let brand, let path):
            Words(
                tone: .calm,
                title: "\(brand) has to confirm first",
                happened: [
                    "Your sign-in has arrived. Before your mailbox is connected, \(brand) has to confirm that it is your account. "
                        + "You do not have to sign in to your mailbox again."
                ],
                advice: "Finish what \(brand) asks of you, within a minute, then look again.",
                step: .checkAgain(path: path)
            )
        case .linkUnreadable:
            Words(
                tone: .attention,
                title: "This link is not complete",
                happened: [
                    "We cannot read it. Mail programs sometimes cut a long link at the end of a line.",
                    "Nothing was connected.",
                ],
                advice: "Open it once more from the place where you found it, or copy all of it into the address bar. "
                    + "If that does not help, ask for a new one.",
                step: .askSupport
            )
        case .linkExpired:
            Words(
                tone: .calm,
                title: "This link has expired",
                happened: ["For your safety, a personal link works only for a while. Nothing was connected."],
                advice: "Ask for a new one. It takes whoever sent it to you only a moment.",
                step: .askSupport
            )
        case .flowNotFound:
            Words(
                tone: .attention,
                title: "We cannot tell which connection this is",
                happened: [
                    "You came back without the cookie that was set when you started. That happens when you started in another "
                        + "browser or a private window, when cookies are blocked, or when you started a while ago.",
                    "Nothing was connected.",
                ],
                advice:
                    "Start again, and stay in this browser until you see the result. Cookies must be allowed for this site.",
                step: .startAgain
            )
        case .expired:
            Words(
                tone: .attention,
                title: "That took a little too long",
                happened: ["For your safety, a started connection is good for 20 minutes. Nothing was connected."],
                advice: "Start again. It takes a minute.",
                step: .startAgain
            )
        case .altered:
            Words(
                tone: .attention,
                title: "Something was changed on the way",
                happened: ["What came back is not what we sent out, so we did not use it. Nothing was connected."],
                advice: "Start again from our own page. Do not use a link that somebody sent you.",
                step: .startAgain
            )
        case .malformedCallback:
            Words(
                tone: .attention,
                title: "The answer from the sign-in was not complete",
                happened: ["Your browser brought back an answer that we cannot read. Nothing was connected."],
                advice: "Please start again.",
                step: .startAgain
            )
        case .stillWorking(let path):
            Words(
                tone: .calm,
                title: "Still working on it",
                happened: [
                    "Your sign-in has arrived, and your provider is being asked. You do not have to sign in again."
                ],
                advice: "Wait a few seconds, then look again.",
                step: .checkAgain(path: path)
            )
        case .nylasTooSlow(let path):
            Words(
                tone: .calm,
                title: "This takes longer than usual",
                happened: [
                    "Your sign-in has arrived, but Nylas, the service that makes the connection, has not answered in time. "
                        + "We keep asking. You do not have to sign in again."
                ],
                advice: "Look again in a minute. It can take up to ten.",
                step: .checkAgain(path: path)
            )
        case .storeUnavailable:
            Words(
                tone: .attention,
                title: "We cannot save anything right now",
                happened: [
                    "What we connect has to be saved, and at the moment that is not possible. Nothing was connected."
                ],
                advice: "Please try again later.",
                step: .startAgain
            )
        case .resultUnreadable(let path):
            Words(
                tone: .attention,
                title: "We cannot look it up right now",
                happened: [
                    "How your connection ended is written down here, but at the moment we cannot read it. "
                        + "Whatever it was, it still stands. You do not have to sign in again."
                ],
                advice: "Look again in a minute.",
                step: .checkAgain(path: path)
            )
        case .startRefused:
            Words(
                tone: .attention,
                title: "Please choose once more",
                happened: [
                    "A connection can only be started from our own page, and that try came from elsewhere. Nothing was started."
                ],
                advice: "Choose your provider on our page.",
                step: .startAgain
            )
        case .providerNotOffered:
            Words(
                tone: .attention,
                title: "That provider is not on offer",
                happened: ["Nothing was started."],
                advice: "Choose one of the providers on our page.",
                step: .startAgain
            )
        case .addressUnreadable:
            Words(
                tone: .attention,
                title: "That is not an email address",
                happened: ["Type it as in jane@example.com, or choose where your mail is. Nothing was started."],
                advice: "Choose your provider on our page.",
                step: .startAgain
            )
        case .providerNotDetected:
            Words(
                tone: .calm,
                title: "Please choose where your mail is",
                happened: ["We cannot tell from the address alone. Nothing was started."],
                advice: "Choose your provider on our page.",
                step: .startAgain
            )
        case .disconnecting(let problem): problem.words
        case .consenting(let problem): problem.words
        case .tooManyStarts(let wait):
            Words(
                tone: .calm,
                title: "Please start again in a moment",
                happened: [
                    "Many connections were started from your network in a short time, so this one was not started."
                ],
                advice: "Wait \(inWords(wait)), then start again.",
                step: .startAgain
            )
        case .tooManyCallbacks(let wait):
            Words(
                tone: .calm,
                title: "Please wait a moment",
                happened: [
                    "Your sign-in has arrived, but many others came from your network at the same time. "
                        + "Nothing is lost, and you do not have to sign in again."
                ],
                advice: "Wait \(inWords(wait)), then try again.",
                step: .tryAgain
            )
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
