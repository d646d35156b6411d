import GrantStore
import Timekeeping
import Web

/// An administrator has come back with a yes: what happens now, when it will be ready, and that there is nothing left to do.
struct ConsentDonePage {
    let consent: TenantConsent
    let now: Timestamp
    /// This page's own path, for looking again.
    let checkAgain: String?

    func html(in frame: PageFrame) -> HTML {
        frame.page(
            title: title,
            main: """
                <div class="card narrow">
                <p class="badge \(badge.tone)">\(badge.symbol.html)</p>
                <h1>\(title)</h1>
                \(happened(frame.brand.name))
                \(again)\(tenant)<h2>How you end it</h2>
                <p>\(TenantConsent.ending(at: frame.brand.name)) \(frame.asking)</p>
                <p class="quiet">Reported on <time datetime="\(consent.reportedAt.rfc3339)">\(inWords(consent.reportedAt))</time>. \
                Reference: <code>\(consent.reference)</code></p>
                </div>
                """
        )
    }

    private var title: String {
        switch consent.standing {
        case .reported: "Thank you: your approval has arrived"
        case .verified: "The approval works"
        case .failed: "The approval has not taken effect"
        }
    }

    private var badge: (tone: String, symbol: Symbol) {
        switch consent.standing {
        case .reported: ("calm", .pause)
        case .verified: ("good", .check)
        case .failed: ("attention", .attention)
        }
    }

    private func happened(_ brand: String) -> HTML {
        switch consent.standing {
        case .reported where now < consent.readyAt:
            return """
                <p class="lead">Microsoft needs a few minutes until an approval counts everywhere. It should be ready on \
                <time datetime="\(consent.readyAt.rfc3339)"><strong>\(inWords(consent.readyAt))</strong></time>.</p>
                <p>There is nothing left for you to do. After that time mailboxes of \
                <bdi>\(consent.customer)</bdi> can be connected, and <bdi>\(brand)</bdi> begins by itself. You can close this page.</p>
                """
        case .reported where consent.probe != nil:
            return """
                <p class="lead">The time that Microsoft needs is over, and we are trying out whether the approval works. If it does not \
                yet, we try again by ourselves.</p>
                <p>There is nothing left for you to do. You can close this page.</p>
                """
        case .reported:
            return """
                <p class="lead">The time that Microsoft needs is over. Mailboxes of <bdi>\(consent.customer)</bdi> can now be \
                connected.</p>
                <p>There is nothing left for you to do. You can close this page.</p>
                """
        case .verified:
            return """
                <p class="lead">It was tried out with a mailbox, and it works. Mailboxes of \
                <bdi>\(consent.customer)</bdi> can now be connected to <bdi>\(brand)</bdi>.</p>
                <p>There is nothing left for you to do. You can close this page.</p>
                """
        case .failed:
            return """
                <p class="lead">We tried it out, and for <bdi>\(consent.customer)</bdi> no mailbox could be reached.</p>
                <p>Perhaps it was approved in another organization, or the approval was taken back. Ask <bdi>\(brand)</bdi>, and name \
                the reference below. You can also open the invitation again and approve once more.</p>
                """
        }
    }

    private var again: HTML {
        guard let checkAgain, consent.standing == .reported else { return .empty }
        return "<p><a class=\"action\" href=\"\(address: checkAgain)\">Check again</a></p>\n"
    }

    /// Whatever the browser brought back, for people to compare.
    private var tenant: HTML {
        guard let claimed = consent.claimedTenant else { return .empty }
        return """
            <p class="quiet">Your browser says that it was approved for the organization <bdi class="address">\(claimed)</bdi> at Microsoft. If that \
            is not yours, tell us.</p>

            """
    }
}
