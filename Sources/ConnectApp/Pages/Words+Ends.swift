/// How a flow ended: recorded, and told again as often as asked.
extension Problem.Words {
    static var declined: Self {
        Self(
            tone: .calm,
            title: "Nothing was connected",
            happened: [
                "You chose not to give access. Your mailbox stays as it was, and nobody can read it through us."
            ],
            advice: "If you change your mind, you can start again at any time.",
            step: .startAgain
        )
    }

    static func permissionsMissing(_ missing: [Permission], provider: String?) -> Self {
        Self(
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
    }

    static func otherProvider(asked: String?, found: String?) -> Self {
        Self(
            tone: .attention,
            title: "That was another provider",
            happened: [
                "You chose \(asked ?? "one provider") here, but signed in at \(found ?? "another one").",
                "Nothing was connected.",
            ],
            advice: "Start again, and choose the provider of the mailbox that you want to connect.",
            step: .startAgain
        )
    }

    static func otherAddress(expected: String?, found: String?) -> Self {
        Self(
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
    }

    static func connectedBySomeoneElse(address: String?) -> Self {
        Self(
            tone: .attention,
            title: "This mailbox is already connected",
            happened: [
                "\(address ?? "The mailbox") is already connected for somebody else. Nothing was changed for them, "
                    + "and nothing was connected for you."
            ],
            advice: "If this is your own mailbox, please ask us to look into it.",
            step: .askSupport
        )
    }

    static func providerRefused(provider: String?) -> Self {
        Self(
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
    }

    static func connectorMissing(provider: String?, brand: String) -> Self {
        Self(
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
    }

    static func adminApprovalNeeded(provider: String?) -> Self {
        Self(
            tone: .attention,
            title: "Your administrator has to allow this first",
            happened: [
                "Your organization lets its administrator decide which software may use its mailboxes at "
                    + "\(provider ?? "your provider"). Nothing was connected."
            ],
            advice: "Send your administrator the text below. Once they have allowed it, start again.",
            step: .startAgain
        )
    }

    static var exchangeRefused: Self {
        Self(
            tone: .attention,
            title: "The sign-in could not be completed",
            happened: [
                "A sign-in counts once, and only for a short time. This one was not accepted.",
                "Nothing was connected.",
            ],
            advice: "Please start again. It usually works the second time.",
            step: .startAgain
        )
    }

    static var outcomeUnknown: Self {
        Self(
            tone: .attention,
            title: "The connection could not be completed",
            happened: [
                "Nylas, the service that makes the connection, could not be reached, or the line to it broke at the last "
                    + "moment. We looked, and your mailbox is not connected as far as we can see."
            ],
            advice: "Please start again in a few minutes. It is safe to do it twice.",
            step: .startAgain
        )
    }

    static var linkUsed: Self {
        Self(
            tone: .calm,
            title: "This link has been used",
            happened: [
                "A personal link connects one mailbox, once, and a mailbox was connected with this one.",
                "If that was you, everything is done.",
            ],
            advice: "If it was not you, or you want to connect another mailbox, ask for a new link.",
            step: .askSupport
        )
    }

    static var linkRevoked: Self {
        Self(
            tone: .attention,
            title: "This link is no longer valid",
            happened: ["Whoever sent you this link has withdrawn it. Nothing was connected."],
            advice: "Ask for a new one.",
            step: .askSupport
        )
    }

    static func forSomeoneElse(brand: String) -> Self {
        Self(
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
    }

    static func notConfirmed(brand: String) -> Self {
        Self(
            tone: .attention,
            title: "\(brand) did not confirm in time",
            happened: [
                "Before a mailbox is connected, \(brand) has to confirm within a minute that it is your account. That did not "
                    + "happen, so your sign-in was not used. Nothing was connected."
            ],
            advice: "Sign in to \(brand) in this browser, then start again.",
            step: .startAgain
        )
    }

    static var expired: Self {
        Self(
            tone: .attention,
            title: "That took a little too long",
            happened: ["For your safety, a started connection is good for 20 minutes. Nothing was connected."],
            advice: "Start again. It takes a minute.",
            step: .startAgain
        )
    }
}
