import GrantStore
import Grants
import Timekeeping
import Web

/// The good end: which mailbox, what may be done with it, and how to undo it. The grant ID is not for browsers.
struct ConnectedPage {
    let isReconnected: Bool
    let address: String?
    let provider: Provider?
    let providerName: String?
    let permissions: [Permission]
    let answeredAt: Timestamp
    let reference: String
    let back: HostReturn?
    /// Its callback has come once more since.
    let isAgain: Bool

    /// - Parameter profile: what was asked for, said where the provider has no scopes or did not name them.
    /// - Parameter asked: the provider chosen, if one was.
    /// - Parameter isAgain: whether the callback has come once more since the answer.
    init(_ outcome: FlowOutcome, profile: AccessProfile, asked: Provider?, back: HostReturn?, isAgain: Bool) {
        self.back = back
        self.isAgain = isAgain
        isReconnected = outcome.verdict == .reconnected
        address = outcome.address
        provider = outcome.providerName.map { Provider(rawValue: $0) } ?? asked
        providerName = outcome.providerName.map(displayName) ?? asked?.displayName
        answeredAt = outcome.answeredAt
        reference = outcome.reference
        let granted = Permission.list(from: outcome.grantedScopes)
        permissions =
            Permission.abilities(in: granted).isEmpty
            ? profile.abilities(at: provider).map(Permission.ability) + granted
            : granted
    }

    func html(in frame: PageFrame) -> HTML {
        let brand = frame.brand.name
        let title =
            switch (isAgain, isReconnected) {
            case (true, _): "Your mailbox is connected already"
            case (false, true): "Your mailbox is connected again"
            case (false, false): "Your mailbox is connected"
            }
        let place: HTML = providerName.map { " at <bdi>\($0)</bdi>" } ?? .empty
        return frame.page(
            title: title,
            main: """
                <div class="card narrow">
                <p class="badge good">\(Symbol.check.html)</p>
                <h1>\(title)</h1>
                <p class="lead"><bdi class="address">\(address ?? "The mailbox you chose")</bdi>\(place) is \
                \(isAgain || isReconnected ? "" : "now ")connected to <bdi>\(brand)</bdi>\(rest)</p>
                \(frame.back(back, isOnlyAction: true))\
                <h2>The software of <bdi>\(brand)</bdi> can now</h2>
                <ul class="abilities">
                \(permissions.map(item))</ul>
                <h2>How you end it</h2>
                <p>\(Provider.ending(at: provider, brand: brand)) \(asking(frame))</p>
                <p class="quiet">Connected on <time datetime="\(answeredAt.rfc3339)">\(inWords(answeredAt))</time>. \
                Reference: <code>\(reference)</code></p>
                </div>
                """
        )
    }

    /// The end of the sentence, and what to do now.
    private var rest: HTML {
        let next: HTML = back == nil ? "You can close this page." : "You can go back there, or close this page."
        return switch (isAgain, isReconnected) {
        case (true, _): ". You came back to a sign-in that was finished before, so nothing was done twice. \(next)"
        case (false, true): " again. It is the connection you had before, with the permissions below. \(next)"
        case (false, false): ". \(next)"
        }
    }

    private func item(_ permission: Permission) -> HTML {
        switch permission {
        case .ability(let ability):
            return """
                <li>\(Symbol.check.html)<span>\(ability.words) <span class="detail">\(ability.detail)</span></span></li>

                """
        case .other(let scope):
            return """
                <li>\(Symbol.check.html)<span>Another permission <span class="detail"><code>\(scope)</code></span></span></li>

                """
        case .identity, .presence, .calendar, .contacts:
            return """
                <li>\(Symbol.check.html)<span>\(permission.words)</span></li>

                """
        }
    }

    private func asking(_ frame: PageFrame) -> HTML {
        frame.supportLink.map { "Or write to \($0)." } ?? .empty
    }
}

/// `November 22, 2026 at 22:41 UTC`.
func inWords(_ moment: Timestamp) -> String {
    let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    let civil = CivilTime(moment)
    return
        "\(months[civil.month - 1]) \(civil.day), \(civil.year) at \(padded(civil.hour, 2)):\(padded(civil.minute, 2)) UTC"
}
