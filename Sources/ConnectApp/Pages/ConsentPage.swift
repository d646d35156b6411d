import GrantStore
import Web

/// Who asks, for which organisation, what would be approved and what not, and the one button: the page of an invitation.
struct ConsentPage {
    let invite: ConsentInvite
    let sealed: String
    /// What has become of the invitation so far.
    let known: TenantConsent?

    func html(in frame: PageFrame) -> HTML {
        let brand = frame.brand.name
        return frame.page(
            title: "Approve for your organization",
            main: """
                <div class="connect">
                <div class="intro">
                \(notice)<h1>Allow <bdi>\(brand)</bdi> to work with the mail of <bdi>\(invite.customer)</bdi></h1>
                <p class="lead"><bdi>\(brand)</bdi> asks the administrators of <strong><bdi>\(invite.customer)</bdi></strong> to \
                approve its software once, for the whole organization at Microsoft. After that, mailboxes can be connected without \
                anybody signing in one by one.</p>
                \(tenant)<p class="recipient">Are you not an administrator? Forward the address of this page to one. That is safe: \
                opening it does nothing, and nobody can approve more with it than they could without it.</p>
                </div>
                <div class="terms">
                <section aria-labelledby="can">
                <h2 id="can">What you would approve</h2>
                \(permissions(brand))
                </section>
                <section aria-labelledby="cannot">
                <h2 id="cannot">What will not happen</h2>
                <ul class="abilities not">
                \(withheld(brand))</ul>
                </section>
                </div>
                <section class="card choice" aria-labelledby="choice">
                <h2 id="choice">Approve at Microsoft</h2>
                <form method="post" action="/consent">
                <input type="hidden" name="invite" value="\(sealed)">
                <p><button class="action">Continue to Microsoft</button></p>
                </form>
                <p class="quiet">Microsoft asks you to sign in as an administrator and lists the permissions once more. Nothing is \
                approved until you accept there. You can stop at any point.</p>
                </section>
                <section class="undo" aria-labelledby="undo">
                <h2 id="undo">How you end it later</h2>
                <p>\(TenantConsent.ending(at: brand)) \(frame.asking)</p>
                </section>
                </div>
                """
        )
    }

    private var notice: HTML {
        let words: String
        switch known?.standing {
        case nil, .verified: return .empty
        case .reported:
            words =
                "Somebody has come back from Microsoft with this invitation already, and we are checking it. "
                + "It does no harm to approve once more."
        case .failed:
            words =
                "An approval was reported with this invitation, but it has not taken effect. Please approve once more."
        }
        return "<p class=\"notice\" role=\"status\">\(Symbol.attention.html)<span>\(words)</span></p>\n"
    }

    private var tenant: HTML {
        guard let tenant = invite.tenant else { return .empty }
        return "<p>Organization at Microsoft: <bdi class=\"address\">\(tenant)</bdi></p>\n"
    }

    private func permissions(_ brand: String) -> HTML {
        guard !invite.scopes.isEmpty else {
            return """
                <p>The permissions that the app of <bdi>\(brand)</bdi> is registered for at Microsoft. We cannot read that list from \
                here, so we do not guess: Microsoft’s page shows all of it before you accept. Expect permissions for mail, and \
                each of them for <strong>every mailbox</strong> of your organization.</p>
                <p>If something in that list surprises you, press Cancel there and ask <bdi>\(brand)</bdi> first.</p>
                """
        }
        let items: [HTML] = invite.scopes.map(ApplicationPermission.init).map { permission in
            """
            <li>\(Symbol.check.html)<span>\(permission.words ?? "Another permission") \
            <span class="detail">Microsoft calls it <code>\(permission.name)</code></span></span></li>

            """
        }
        return """
            <ul class="abilities">
            \(items)</ul>
            <p>Each of these is for every mailbox of your organization. Microsoft’s page shows the same list before you accept.</p>
            """
    }

    private func withheld(_ brand: String) -> HTML {
        """
        <li>\(Symbol.cross.html)<span>No password of yours or of anybody else is seen by <bdi>\(brand)</bdi></span></li>
        <li>\(Symbol.cross.html)<span>Nothing is approved by opening this page</span></li>
        <li>\(Symbol.cross.html)<span><bdi>\(brand)</bdi> does not become an administrator and cannot change your settings at \
        Microsoft, unless a permission in the list says so</span></li>
        <li>\(Symbol.cross.html)<span>Nobody in your organization has to do anything</span></li>

        """
    }
}

extension TenantConsent {
    static func ending(at brand: String) -> HTML {
        """
        In the Microsoft Entra admin center, under Enterprise applications: open the app of <bdi>\(brand)</bdi> and delete it. \
        Then it can reach no mailbox of your organization any more.
        """
    }
}

extension PageFrame {
    /// Whom else to ask.
    var asking: HTML {
        supportLink.map { "You can also write to \($0)." } ?? "You can also ask <bdi>\(brand.name)</bdi>."
    }
}
