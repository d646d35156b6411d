import Web

/// For somebody inside another app's browser, where Google signs nobody in: the address to copy, and every other way on.
struct OpenInBrowserPage {
    /// The page to open, whole.
    let address: String
    /// The path of the page with the choice of providers.
    let choicePath: String
    /// The start that was meant, as fields of a form.
    let fields: [(name: String, value: String)]

    func html(in frame: PageFrame) -> HTML {
        let hidden: [HTML] = fields.map { field in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value)\">\n"
        }
        return frame.page(
            title: "Open this page in your browser",
            main: """
                <div class="card narrow">
                <p class="badge calm">\(Symbol.pause.html)</p>
                <h1>Please open this page in your browser</h1>
                <p class="lead">You seem to be inside another app. Google lets nobody sign in there, for safety, so nothing was started.</p>
                <p>Look for “Open in browser” in the app’s menu, or copy this address into Safari, Chrome or Firefox:</p>
                <p class="field"><label for="address">Address of this page</label>
                <input id="address" type="text" readonly value="\(address)"></p>
                <p>Another provider than Google works here too.</p>
                <p><a class="action" href="\(address: choicePath)">Choose another provider</a></p>
                <form method="post" action="/connect">
                \(hidden)<p><button class="plain">This is my browser: go on to Google</button></p>
                </form>
                </div>
                """
        )
    }
}
