import Web

/// What happened, that nothing was connected, what to do now, and whom to ask: one shape for everything that goes wrong.
struct ProblemPage {
    let problem: Problem
    let reference: String
    let again: PageFrame.Beginning
    var back: HostReturn?
    /// What the person can forward to whoever has to allow it.
    var letter: AdminLetter?

    func html(in frame: PageFrame) -> HTML {
        let words = problem.words
        return frame.page(
            title: words.title,
            main: """
                <div class="card narrow">
                \(badge(words.tone))
                <h1><bdi>\(words.title)</bdi></h1>
                \(words.happened.map { "<p class=\"lead\">\($0)</p>\n" })\(missing(words.missing))\
                <p>\(words.advice)</p>
                \(letter?.html() ?? .empty)\
                \(step(words.step, in: frame))
                \(frame.back(back, isOnlyAction: false))\
                \(frame.reference(reference))
                </div>
                """
        )
    }

    private func badge(_ tone: Problem.Words.Tone) -> HTML {
        switch tone {
        case .calm: "<p class=\"badge calm\">\(Symbol.pause.html)</p>"
        case .attention: "<p class=\"badge attention\">\(Symbol.attention.html)</p>"
        }
    }

    private func missing(_ permissions: [Permission]) -> HTML {
        guard !permissions.isEmpty else { return .empty }
        let items: [HTML] = permissions.map { permission in
            """
            <li>\(Symbol.cross.html)<span>\(permission.words)</span></li>

            """
        }
        return """
            <h2>Not allowed yet</h2>
            <ul class="abilities not">
            \(items)</ul>

            """
    }

    private func step(_ step: Problem.Words.Step, in frame: PageFrame) -> HTML {
        switch step {
        case .startAgain: frame.startAgain("Start again", at: again)
        case .checkAgain(let path): "<p><a class=\"action\" href=\"\(address: path)\">Check again</a></p>"
        // The empty reference is the page's own address with its query (RFC 3986 §5.2.2): the code is in it, not in the page.
        case .tryAgain: "<p><a class=\"action\" href=\"\">Try again</a></p>"
        // The line with the reference says whom to ask.
        case .askSupport: .empty
        }
    }
}
