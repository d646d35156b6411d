import Grants
import Web

/// Which mailbox, who loses access, what happens at Nylas and at the provider, and the one button.
struct DisconnectPage {
    let link: DisconnectLink
    let sealed: String
    /// How many others have the mailbox too.
    let others: Int

    func html(in frame: PageFrame) -> HTML {
        let brand = frame.brand.name
        return frame.page(
            title: "Disconnect your mailbox",
            main: """
                <div class="card narrow">
                <h1>Disconnect this mailbox from <bdi>\(brand)</bdi>?</h1>
                <p class="lead"><bdi class="address">\(link.mailbox)</bdi> at <bdi>\(displayName(link.providerName))</bdi>\
                \(link.account(at: brand))</p>
                <h2>What ends</h2>
                \(ends(brand))
                <h2>What stays</h2>
                <p>Your mailbox itself, and everything in it. What the software of <bdi>\(brand)</bdi> has read or sent before is not \
                taken back by this: for that, ask <bdi>\(brand)</bdi>.</p>
                <form method="post" action="/disconnect">
                <input type="hidden" name="link" value="\(sealed)">
                <p><button class="action">Disconnect</button></p>
                </form>
                <p class="quiet">If you do not want this, close this page: nothing has changed yet.</p>
                </div>
                """
        )
    }

    private func ends(_ brand: String) -> HTML {
        guard others == 0 else {
            return """
                <p>The software of <bdi>\(brand)</bdi> can no longer work with this mailbox for your account. Somebody else at \
                <bdi>\(brand)</bdi> has connected the same mailbox too, and keeps that access: only they can end it.</p>
                """
        }
        return """
            <p>The software of <bdi>\(brand)</bdi> can no longer work with this mailbox: its access is deleted at Nylas, the service \
            that makes the connection. That cannot be undone, but you can connect again with a new link.</p>
            <p>The list of connected apps at <bdi>\(displayName(link.providerName))</bdi> may still show <bdi>\(brand)</bdi> or Nylas. \
            You can remove that entry there.</p>
            """
    }
}

/// What has become of it.
struct DisconnectedPage {
    let link: DisconnectLink
    let standing: DisconnectLink.Standing

    func html(in frame: PageFrame) -> HTML {
        let brand = frame.brand.name
        let title = title
        return frame.page(
            title: title,
            main: """
                <div class="card narrow">
                \(badge)
                <h1>\(title)</h1>
                \(happened(brand))
                <h2>To be quite sure</h2>
                <p>\(Provider.ending(at: Provider(rawValue: link.providerName), brand: brand))\(asking(frame))</p>
                </div>
                """
        )
    }

    private var title: String {
        switch standing {
        case .gone, .connected, .left: "Your mailbox is disconnected"
        case .leftWithAccess: "Your mailbox is being disconnected"
        case .connectedAnew: "Connected again since then"
        }
    }

    private var badge: HTML {
        switch standing {
        case .gone, .connected, .left: "<p class=\"badge good\">\(Symbol.check.html)</p>"
        case .leftWithAccess, .connectedAnew: "<p class=\"badge calm\">\(Symbol.pause.html)</p>"
        }
    }

    private func happened(_ brand: String) -> HTML {
        let lead: HTML = """
            <p class="lead"><bdi class="address">\(link.mailbox)</bdi> is no longer connected to <bdi>\(brand)</bdi>\
            \(link.forAccount).</p>
            """
        switch standing {
        case .gone, .connected:
            return lead
        case .left:
            return """
                \(lead)
                <p>Somebody else at <bdi>\(brand)</bdi> has connected the same mailbox, and keeps that access.</p>
                """
        case .leftWithAccess:
            return """
                \(lead)
                <p>Nylas, the service that makes the connection, has not deleted its access yet. We ask again until it has; you do not \
                have to do anything. To end it yourself at once, see below.</p>
                """
        case .connectedAnew:
            return """
                <p class="lead">The connection of <bdi class="address">\(link.mailbox)</bdi> that this link was for has ended. The mailbox \
                has been connected again since then, and is connected now.</p>
                <p>To end that connection too, ask for a new link.</p>
                """
        }
    }

    private func asking(_ frame: PageFrame) -> HTML {
        frame.supportLink.map { " Or write to \($0)." } ?? .empty
    }
}

extension DisconnectLink {
    fileprivate var mailbox: String { address ?? "The mailbox" }

    private var account: String? { ownerName ?? owner?.text }

    fileprivate func account(at brand: String) -> HTML {
        guard let account else { return " is connected." }
        return " is connected for the account <strong><bdi>\(account)</bdi></strong>."
    }

    fileprivate var forAccount: HTML {
        guard let account else { return .empty }
        return " for the account <strong><bdi>\(account)</bdi></strong>"
    }
}
