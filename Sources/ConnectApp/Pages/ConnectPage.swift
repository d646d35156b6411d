import Grants
import Web

/// Who asks, what for, and the choice of a provider: the one page from which a connection can be started.
struct ConnectPage {
    /// In the order shown.
    let providers: [Provider]
    let offersNylasChooser: Bool
    let profile: AccessProfile
    /// Why the page is shown again, if it is.
    var notice: String?
    /// Filled in: typed before, or a link's hint.
    var address: String?
    /// The link whose page it is, and its sealed text; nil for open connecting.
    var link: (said: ConnectLink, sealed: String)?

    func html(in frame: PageFrame) -> HTML {
        let brand = frame.brand.name
        let isAgain = link?.said.isReconnection == true
        return frame.page(
            title: isAgain ? "Connect your mailbox again" : "Connect your mailbox",
            main: """
                <div class="connect">
                <div class="intro">
                \(noticeBox)<h1>Connect your mailbox \(isAgain ? "again " : "")to <bdi>\(brand)</bdi></h1>
                \(again(brand))\
                <p class="lead"><bdi>\(brand)</bdi> would like its software to work with your mail. You will sign in \
                on another page, where <bdi>\(brand)</bdi> cannot see your password. Nothing is connected until you agree \
                there.</p>
                \(recipient(frame))</div>
                <div class="terms">
                <section aria-labelledby="can">
                <h2 id="can">What the software can do</h2>
                <ul class="abilities">
                \(profile.abilities.map(able))\(profile.words.map(said))</ul>
                </section>
                <section aria-labelledby="cannot">
                <h2 id="cannot">What it cannot do</h2>
                <ul class="abilities not">
                \(withheld.map(unable))<li>\(Symbol.cross.html)<span>See your password</span></li>
                </ul>
                </section>
                \(exceptions)</div>
                <section class="card choice" aria-labelledby="choice">
                <h2 id="choice">Where is your mail?</h2>
                <form method="post" action="/connect">
                \(linkField)\(addressField)<ul class="providers">
                \(buttons)</ul>
                </form>
                <p class="quiet">Next you go to Nylas, the service that makes the connection, and from there to your \
                provider. You can stop at any point.</p>
                </section>
                <section class="undo" aria-labelledby="undo">
                <h2 id="undo">How you end it later</h2>
                <p>Whenever you like, in the security settings of your mail provider: remove <bdi>\(brand)</bdi> or Nylas from \
                the apps with access. \(asking(frame))</p>
                </section>
                </div>
                """
        )
    }

    private var noticeBox: HTML {
        guard let notice else { return .empty }
        return "<p class=\"notice\" role=\"status\">\(Symbol.attention.html)<span>\(notice)</span></p>\n"
    }

    /// Whose mailbox it should be: what somebody who was sent another person's link has to notice.
    private func recipient(_ frame: PageFrame) -> HTML {
        guard let link = link?.said else { return .empty }
        let mailbox: HTML =
            link.expectedAddress.map { " Please connect <bdi class=\"address\">\($0)</bdi> and no other mailbox." }
            ?? .empty
        return """
            <p class="recipient">The mailbox will belong to the account <strong><bdi>\(link.recipient)</bdi></strong> at \
            <bdi>\(frame.brand.name)</bdi>.\(mailbox) If that is not your account, close this page: somebody sent you a link that \
            is not yours.</p>

            """
    }

    /// Why somebody is asked who was connected before, and that nothing is lost.
    private func again(_ brand: String) -> HTML {
        guard let link = link?.said, link.isReconnection else { return .empty }
        return """
            <p class="lead">The connection of <bdi class="address">\(link.expectedAddress ?? "your mailbox")</bdi> has stopped working. \
            That happens when a password changes or a permission is taken back. Sign in once more, and it goes on where it stopped.</p>

            """
    }

    /// Without a script: the first button of a form is the one that the Enter key presses.
    private var addressField: HTML {
        guard link?.said.expectedAddress == nil else { return .empty }
        return """
            <p class="field"><label for="address">Your email address <span class="detail">(optional)</span></label>
            <input id="address" name="address" type="text" inputmode="email" autocomplete="email" autocapitalize="none" \
            spellcheck="false" maxlength="254" value="\(address ?? "")">
            <button class="action" name="provider" value="detect">Continue with this address</button></p>
            <p class="or">Or choose:</p>

            """
    }

    private var linkField: HTML {
        guard let link else { return .empty }
        return """
            <input type="hidden" name="link" value="\(link.sealed)">

            """
    }

    private var buttons: [HTML] {
        providers.map { provider in
            Self.button(
                value: provider.rawValue,
                tile: provider.tile,
                name: provider.displayName,
                detail: provider.mailboxes
            )
        }
            + (offersNylasChooser
                ? [Self.button(value: "ask", tile: "…", name: "Another provider", detail: "Choose on the next page")]
                : [])
    }

    private static func button(value: String, tile: String, name: String, detail: String) -> HTML {
        """
        <li><button name="provider" value="\(value)"><span class="tile \(value)" aria-hidden="true">\(tile)</span>\
        <span class="label"><span class="name">\(name)</span> <span class="detail">\(detail)</span></span></button></li>

        """
    }

    private func able(_ ability: AccessProfile.Ability) -> HTML {
        """
        <li>\(Symbol.check.html)<span>\(ability.words) <span class="detail">\(ability.detail)</span></span></li>

        """
    }

    /// In the operator's own words.
    private func said(_ words: String) -> HTML {
        """
        <li>\(Symbol.check.html)<span>\(words)</span></li>

        """
    }

    private var withheld: [AccessProfile.Ability] {
        AccessProfile.Ability.allCases.filter { !profile.abilities.contains($0) }
    }

    private func unable(_ ability: AccessProfile.Ability) -> HTML {
        """
        <li>\(Symbol.cross.html)<span>\(ability.words)</span></li>

        """
    }

    /// Where a provider cannot give so little, the page says so before anybody chooses it.
    private var exceptions: HTML {
        var groups: [(extra: [AccessProfile.Ability], names: [String])] = []
        for provider in providers {
            let extra = profile.abilities(at: provider).filter { !profile.abilities.contains($0) }
            guard !extra.isEmpty else { continue }
            if let index = groups.firstIndex(where: { $0.extra == extra }) {
                groups[index].names.append(provider.displayName)
            } else {
                groups.append((extra, [provider.displayName]))
            }
        }
        let chooser: HTML = "If you choose another provider, the next pages say what is asked for."
        guard !groups.isEmpty else {
            return offersNylasChooser ? "<p class=\"exceptions\">\(chooser)</p>\n" : .empty
        }
        let items: [HTML] = groups.map { group in
            """
            <li><strong>\(enumeration(group.names)):</strong> \(enumeration(group.extra.map(\.phrase)))</li>

            """
        }
        let last: HTML = offersNylasChooser ? "<p>\(chooser)</p>\n" : .empty
        return """
            <div class="exceptions">
            <p>Not every provider gives permissions one by one. There the software could also:</p>
            <ul>
            \(items)</ul>
            \(last)</div>

            """
    }

    private func asking(_ frame: PageFrame) -> HTML {
        frame.supportLink.map { "You can also write to \($0)." } ?? "You can also ask <bdi>\(frame.brand.name)</bdi>."
    }
}

/// In the place of the connect page where everybody needs a link of their own.
struct ConnectClosedPage {
    func html(in frame: PageFrame) -> HTML {
        let ask: HTML = frame.supportLink.map { "Write to \($0)" } ?? "Ask <bdi>\(frame.brand.name)</bdi>"
        return frame.page(
            title: "A personal link is needed",
            main: """
                <div class="card narrow">
                <h1>You need your own link to connect</h1>
                <p class="lead"><bdi>\(frame.brand.name)</bdi> gives everybody a personal link for connecting a mailbox, so that \
                each one reaches the right account.</p>
                <p>Look for the link in <bdi>\(frame.brand.name)</bdi> itself or in a message from them, and open it in \
                this browser.</p>
                <p>You have none? \(ask).</p>
                </div>
                """
        )
    }
}
