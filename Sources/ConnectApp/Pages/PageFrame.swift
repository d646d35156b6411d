import Web

/// What all pages share: the head, the company's name above, whom to ask below.
struct PageFrame: Sendable {
    let brand: ConnectSettings.Brand
    let isOpen: Bool
    let isSandbox: Bool
    let stylesheet: String
    let icon: String

    init(settings: ConnectSettings, assets: StaticFiles) {
        brand = settings.brand
        isOpen = settings.isOpen
        isSandbox = settings.isSandbox
        stylesheet = assets.path(of: "postern.css")
        icon = assets.path(of: "favicon.svg")
    }

    /// - Parameter title: unique among the pages; the browser's tab and a screen reader say it first.
    /// - Parameter main: with the page's one `h1`.
    func page(title: String, main: HTML) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>\(title) – \(brand.name)</title>
        <link rel="stylesheet" href="\(address: stylesheet)">
        <link rel="icon" type="image/svg+xml" href="\(address: icon)">
        </head>
        <body>
        <header class="masthead">
        <p class="brand"><span class="monogram" aria-hidden="true">\(monogram)</span><bdi>\(brand.name)</bdi></p>
        \(sandboxNotice)</header>
        <main>
        \(main)
        </main>
        \(footer)
        </body>
        </html>

        """
    }

    /// Where somebody begins who begins once more.
    enum Beginning: Hashable, Sendable {
        /// At `/`, where everybody may.
        case open
        /// With the link that this browser has started from.
        case link(path: String)
        /// With a link, but this browser does not have it.
        case linkToFind
    }

    /// For somebody of whom nothing is known.
    var beginning: Beginning { isOpen ? .open : .linkToFind }

    /// A link to where everything begins, or what to do where a personal link is needed.
    func startAgain(_ label: String, at beginning: Beginning) -> HTML {
        switch beginning {
        case .open: "<p><a class=\"action\" href=\"/\">\(label)</a></p>"
        case .link(let path): "<p><a class=\"action\" href=\"\(address: path)\">\(label)</a></p>"
        case .linkToFind: "<p>To start again, open the personal link that you were given once more.</p>"
        }
    }

    /// The way back to the host app, or nothing.
    ///
    /// - Parameter isOnlyAction: whether there is nothing else to do on the page.
    func back(_ way: HostReturn?, isOnlyAction: Bool) -> HTML {
        switch way {
        case nil: return .empty
        case .told(let url): return link(to: url, "Back to", isMain: isOnlyAction)
        case .confirming(let url): return link(to: url, "Go to", isMain: isOnlyAction)
        case .untold(let url):
            let button: HTML = url.map { link(to: $0, "Back to", isMain: isOnlyAction) } ?? .empty
            return """
                <p>This page cannot tell <bdi>\(brand.name)</bdi> how it ended.</p>
                \(button)
                """
        }
    }

    private func link(to url: String, _ label: String, isMain: Bool) -> HTML {
        let look: HTML = isMain ? "action" : "action second"
        return """
            <p><a class="\(look)" href="\(address: url)"><span>\(label) <bdi>\(brand.name)</bdi></span></a></p>

            """
    }

    /// The company's address for questions, or nothing.
    var supportLink: HTML? {
        guard let address = brand.supportAddress else { return nil }
        return "<a href=\"\(address: "mailto:\(address)")\">\(address)</a>"
    }

    /// What the company needs to find the line in its log.
    func reference(_ reference: String) -> HTML {
        let ask: HTML = supportLink.map { "Write to \($0) and" } ?? "Ask \(brand.name) and"
        return """
            <p class="reference">Do you need help? \(ask) name this reference: <code>\(reference)</code></p>
            """
    }

    private var monogram: String { brand.name.first.map { String($0).uppercased() } ?? "" }

    private var sandboxNotice: HTML {
        isSandbox
            ? "<p class=\"sandbox\"><strong>Practice mode.</strong> Nothing here is real.</p>\n"
            : .empty
    }

    private var footer: HTML {
        var parts: [HTML] = []
        if let supportLink { parts.append("<li>Questions? \(supportLink)</li>") }
        if let privacyURL = brand.privacyURL {
            parts.append("<li><a href=\"\(address: privacyURL)\">Privacy notice of <bdi>\(brand.name)</bdi></a></li>")
        }
        guard !parts.isEmpty else { return .empty }
        return """
            <footer>
            <ul>
            \(parts)
            </ul>
            </footer>
            """
    }
}
