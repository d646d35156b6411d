/// What stands in the way, before a flow, on the way back, or while it is not over.
extension Problem.Words {
    static var flowNotFound: Self {
        Self(
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
    }

    static var altered: Self {
        Self(
            tone: .attention,
            title: "Something was changed on the way",
            happened: ["What came back is not what we sent out, so we did not use it. Nothing was connected."],
            advice: "Start again from our own page. Do not use a link that somebody sent you.",
            step: .startAgain
        )
    }

    static var malformedCallback: Self {
        Self(
            tone: .attention,
            title: "The answer from the sign-in was not complete",
            happened: ["Your browser brought back an answer that we cannot read. Nothing was connected."],
            advice: "Please start again.",
            step: .startAgain
        )
    }

    static func stillWorking(checkAgain path: String) -> Self {
        Self(
            tone: .calm,
            title: "Still working on it",
            happened: [
                "Your sign-in has arrived, and your provider is being asked. You do not have to sign in again."
            ],
            advice: "Wait a few seconds, then look again.",
            step: .checkAgain(path: path)
        )
    }

    static func awaitingConfirmation(brand: String, checkAgain path: String) -> Self {
        Self(
            tone: .calm,
            title: "\(brand) has to confirm first",
            happened: [
                "Your sign-in has arrived. Before your mailbox is connected, \(brand) has to confirm that it is your account. "
                    + "You do not have to sign in to your mailbox again."
            ],
            advice: "Finish what \(brand) asks of you, within a minute, then look again.",
            step: .checkAgain(path: path)
        )
    }

    static func nylasTooSlow(checkAgain path: String) -> Self {
        Self(
            tone: .calm,
            title: "This takes longer than usual",
            happened: [
                "Your sign-in has arrived, but Nylas, the service that makes the connection, has not answered in time. "
                    + "We keep asking. You do not have to sign in again."
            ],
            advice: "Look again in a minute. It can take up to ten.",
            step: .checkAgain(path: path)
        )
    }

    static var storeUnavailable: Self {
        Self(
            tone: .attention,
            title: "We cannot save anything right now",
            happened: [
                "What we connect has to be saved, and at the moment that is not possible. Nothing was connected."
            ],
            advice: "Please try again later.",
            step: .startAgain
        )
    }

    static func resultUnreadable(checkAgain path: String) -> Self {
        Self(
            tone: .attention,
            title: "We cannot look it up right now",
            happened: [
                "How your connection ended is written down here, but at the moment we cannot read it. "
                    + "Whatever it was, it still stands. You do not have to sign in again."
            ],
            advice: "Look again in a minute.",
            step: .checkAgain(path: path)
        )
    }

    static var startRefused: Self {
        Self(
            tone: .attention,
            title: "Please choose once more",
            happened: [
                "A connection can only be started from our own page, and that try came from elsewhere. Nothing was started."
            ],
            advice: "Choose your provider on our page.",
            step: .startAgain
        )
    }

    static var providerNotOffered: Self {
        Self(
            tone: .attention,
            title: "That provider is not on offer",
            happened: ["Nothing was started."],
            advice: "Choose one of the providers on our page.",
            step: .startAgain
        )
    }

    static var addressUnreadable: Self {
        Self(
            tone: .attention,
            title: "That is not an email address",
            happened: ["Type it as in jane@example.com, or choose where your mail is. Nothing was started."],
            advice: "Choose your provider on our page.",
            step: .startAgain
        )
    }

    static var providerNotDetected: Self {
        Self(
            tone: .calm,
            title: "Please choose where your mail is",
            happened: ["We cannot tell from the address alone. Nothing was started."],
            advice: "Choose your provider on our page.",
            step: .startAgain
        )
    }

    static var linkUnreadable: Self {
        Self(
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
    }

    static var linkExpired: Self {
        Self(
            tone: .calm,
            title: "This link has expired",
            happened: ["For your safety, a personal link works only for a while. Nothing was connected."],
            advice: "Ask for a new one. It takes whoever sent it to you only a moment.",
            step: .askSupport
        )
    }

    static func tooManyStarts(_ wait: Duration) -> Self {
        Self(
            tone: .calm,
            title: "Please start again in a moment",
            happened: [
                "Many connections were started from your network in a short time, so this one was not started."
            ],
            advice: "Wait \(inWords(wait)), then start again.",
            step: .startAgain
        )
    }

    static func tooManyCallbacks(_ wait: Duration) -> Self {
        Self(
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
