import HTTPSemantics
import HTTPTypes
import Synchronization
import Web

extension Emulator {
    /// The stylesheet, the icon and the front door.
    var pageRoutes: [Route] {
        [
            Route(.get, "/") { [self] _, _ in page(frontPage) },
            Route(.get, "/sandbox/style.css") { [self] _, _ in asset(stylesheet, "text/css; charset=utf-8") },
            Route(.get, "/sandbox/icon.svg") { [self] _, _ in asset(icon, "image/svg+xml") },
        ]
    }

    func page(_ page: HTML, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response.page(page, status: status, policy: .form, headers: pageHeaders)
        response.head.headerFields[.contentSecurityPolicy] = contentSecurityPolicy
        return response
    }

    /// Chromium applies `form-action` to every hop after a form: the redirect URI and wherever that leads on to, which
    /// may be plain http on this machine or an app's own scheme.
    private var contentSecurityPolicy: String {
        let schemes = state.withLock { state in
            Set(state.callbacks.compactMap { $0.callback.url.split(separator: ":").first.map(String.init) })
        }
        let targets = schemes.union(["http", "https"]).sorted().map { "\($0):" }.joined(separator: " ")
        return "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' \(targets); "
            + "frame-ancestors 'none'; base-uri 'none'"
    }

    private func asset(_ text: String, _ type: String) -> Response {
        var fields = pageHeaders.fields(for: .asset)
        fields[.contentType] = type
        fields[.cacheControl] = "max-age=300"
        return Response(status: .ok, fields: fields, content: Array(text.utf8))
    }

    private var frontPage: HTML {
        frame(
            title: "Nylas sandbox",
            """
            <p>This plays Nylas for software that connects mailboxes: its API answers under <code>/v3</code>, and its hosted \
            login starts at <code>/v3/connect/auth</code>.</p>
            <p>It can be told what goes wrong next (<code>POST /sandbox/script</code>), what has happened \
            (<code>GET /sandbox/counts</code>) and to forget everything (<code>POST /sandbox/reset</code>).</p>
            """
        )
    }

    var expiredPage: HTML {
        frame(
            title: "This login is over",
            """
            <p>It was left for too long, or the sandbox was started anew. Go back to the app that sent you here and start \
            again.</p>
            """
        )
    }
}

/// Every page says first that nothing on it is real.
func frame(title: String, _ content: HTML) -> HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>\(title) – Nylas sandbox</title>
    <link rel="stylesheet" href="/sandbox/style.css">
    <link rel="icon" href="/sandbox/icon.svg" type="image/svg+xml">
    </head>
    <body>
    <header><p><strong>Nylas sandbox:</strong> nothing here is real. No mailbox is opened, no password is read.</p></header>
    <main>
    <h1>\(title)</h1>
    \(content)
    </main>
    </body>
    </html>

    """
}

private let icon = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#b45309" d="M1 3h14v10H1z"/>\
    <path fill="none" stroke="#fff" stroke-width="1.5" d="m2 4 6 5 6-5"/></svg>
    """

/// Hatched and amber, unlike anything Nylas, a provider or the app itself shows.
private let stylesheet = """
    :root {
      color-scheme: light dark;
      --ground: #fffdf7; --text: #292018; --quiet: #5c5043; --line: #8a7a66; --accent: #8a3f05; --on-accent: #fff;
      --banner: #fde7b8; --banner-2: #fbdc9b; --panel: #fff;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #1b1713; --text: #f3ebdf; --quiet: #c9bba8; --line: #8f8170; --accent: #f5b35c; --on-accent: #241603;
        --banner: #4a3408; --banner-2: #56400f; --panel: #241f19;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: var(--ground); color: var(--text); }
    header { padding: .5rem 1rem; border-bottom: 2px dashed var(--line);
      background: repeating-linear-gradient(135deg, var(--banner) 0 12px, var(--banner-2) 12px 24px); }
    header p { max-width: 32rem; margin: 0 auto; }
    main { max-width: 34rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: .75rem 0; }
    ul.choices { list-style: none; padding: 0; margin: 1rem 0; display: grid; gap: .5rem; }
    a { color: var(--accent); }
    a.choice, button { display: block; width: 100%; min-height: 2.75rem; padding: .6rem 1rem; font: inherit;
      font-weight: 600; text-align: center; text-decoration: none; border: 2px solid var(--accent); border-radius: .4rem;
      background: var(--panel); color: var(--accent); cursor: pointer; }
    button.main { background: var(--accent); color: var(--on-accent); }
    form { margin: 1rem 0; }
    label { display: block; }
    .field { margin: 0 0 1rem; }
    .field input { display: block; width: 100%; min-height: 2.75rem; padding: .5rem .6rem; margin-top: .25rem; font: inherit;
      color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; }
    .hint { color: var(--quiet); font-size: .925rem; margin: .25rem 0 0; }
    .problem { border-left: .3rem solid var(--accent); padding-left: .75rem; font-weight: 600; }
    fieldset { border: 1px solid var(--line); border-radius: .4rem; margin: 0 0 1rem; padding: .5rem 1rem; }
    legend { font-weight: 600; padding: 0 .25rem; }
    .option { display: flex; gap: .6rem; align-items: flex-start; padding: .4rem 0; min-height: 1.75rem; }
    .option input { width: 1.25rem; height: 1.25rem; margin: .15rem 0 0; flex: none; accent-color: var(--accent); }
    .option code { color: var(--quiet); font-size: .85rem; }
    details { border: 1px dashed var(--line); border-radius: .4rem; padding: .25rem 1rem; margin: 0 0 1rem; }
    summary { min-height: 2.25rem; padding: .35rem 0; font-weight: 600; cursor: pointer; }
    .buttons { display: grid; gap: .5rem; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    @media (min-width: 30rem) { .buttons { grid-template-columns: 1fr 1fr; } }
    """
