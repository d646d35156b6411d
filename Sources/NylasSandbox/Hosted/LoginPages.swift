import Web

extension Emulator {
    /// Which provider? As a list, by the address, or both, in the order asked for.
    func chooserPage(_ id: String, _ login: HostedLogin, refusedAddress: String?) -> HTML {
        let choices = offered(login).map { provider -> HTML in
            "<li><a class=\"choice\" href=\"/login/\(id)/\(provider.rawValue)\">\(provider.displayName)</a></li>\n"
        }
        let parts = login.request.prompts.isEmpty ? [.selectProvider] : login.request.prompts
        return frame(
            title: "Choose your mail provider",
            .joined(
                parts.map { part in
                    switch part {
                    case .selectProvider: "<ul class=\"choices\">\n\(choices)</ul>\n"
                    case .detect: detectionForm(id, login, refusedAddress)
                    }
                }
            )
        )
    }

    private func detectionForm(_ id: String, _ login: HostedLogin, _ refusedAddress: String?) -> HTML {
        var problem = HTML.empty
        var address = login.address ?? login.request.loginHint ?? ""
        if let refusedAddress {
            problem = "<p class=\"problem\" role=\"alert\">No provider is known for this address.</p>\n"
            address = refusedAddress
        }
        return """
            <form method="post" action="/login/\(id)/detect">
            \(problem)<div class="field">
            <label for="address">Your address</label>
            <input id="address" name="address" type="email" required maxlength="254" autocomplete="email" value="\(address)">
            </div>
            <div class="buttons"><button class="main">Continue</button></div>
            </form>

            """
    }

    /// The provider's own page, or Nylas's form for providers that take a password.
    func signInPage(
        _ id: String,
        _ login: HostedLogin,
        _ provider: SandboxProvider,
        address: String,
        isRefused: Bool
    ) -> HTML {
        let problem: HTML =
            isRefused
            ? "<p class=\"problem\" role=\"alert\" id=\"problem\">Please enter an address such as name@\(provider.exampleDomain).</p>\n"
            : .empty
        let marks: HTML = isRefused ? " aria-invalid=\"true\" aria-describedby=\"problem\"" : .empty
        let suggestion = address.isEmpty ? "person@\(provider.exampleDomain)" : address
        return frame(
            title: provider.takesPassword
                ? "Connect with \(provider.displayName)" : "Sign in to the pretend \(provider.displayName)",
            """
            <p>Any address will do. In life this is \(provider.takesPassword ? "Nylas’s" : "\(provider.displayName)’s") own page.</p>
            <form method="post" action="/login/\(id)/\(provider.rawValue)">
            \(problem)<div class="field">
            <label for="address">Address</label>
            <input id="address" name="address" type="email" required maxlength="254" autocomplete="off" \
            value="\(suggestion)"\(marks)>
            </div>
            \(provider.takesPassword ? passwordField : .empty)<div class="buttons">
            <button class="main" name="decision" value="continue">Continue</button>
            <button name="decision" value="cancel" formnovalidate>Cancel</button>
            </div>
            </form>
            """
        )
    }

    private var passwordField: HTML {
        """
        <div class="field">
        <label for="password">Pretend password</label>
        <input id="password" name="password" type="password" autocomplete="off" aria-describedby="password-hint">
        <p class="hint" id="password-hint">Leave it empty. Whatever is typed here is not read and not kept.</p>
        </div>

        """
    }

    /// What is asked for, in plain words, and what should happen.
    func consentPage(
        _ id: String,
        _ login: HostedLogin,
        _ provider: SandboxProvider,
        _ address: String,
        scopes: [String]
    ) -> HTML {
        frame(
            title: "Give access to your mailbox?",
            """
            <p>An app wants access to <strong>\(address)</strong> at the pretend \(provider.displayName).</p>
            <form method="post" action="/login/\(id)/consent">
            \(requests(provider, scopes))\(outcomes(provider))<div class="buttons">
            <button class="main" name="decision" value="approve">Approve</button>
            <button name="decision" value="cancel">Cancel</button>
            </div>
            </form>
            """
        )
    }

    private func requests(_ provider: SandboxProvider, _ scopes: [String]) -> HTML {
        guard !scopes.isEmpty else {
            return provider.takesPassword
                ? "<p>With a password it could do everything: read, write, send and delete mail.</p>\n"
                : "<p>It asks for nothing but to know who you are.</p>\n"
        }
        guard provider.hasSeparableScopes else {
            let items = scopes.map { scope -> HTML in "<li>\(plainWords(for: scope)) <code>\(scope)</code></li>\n" }
            return "<p>It asks for permission to:</p>\n<ul>\n\(items)</ul>\n"
        }
        let boxes = scopes.enumerated().map { number, scope -> HTML in
            """
            <div class="option">
            <input type="checkbox" id="scope-\(number)" name="scope" value="\(scope)" checked>
            <label for="scope-\(number)">\(plainWords(for: scope))<br><code>\(scope)</code></label>
            </div>

            """
        }
        return """
            <fieldset>
            <legend>It asks for permission to</legend>
            <input type="hidden" name="boxes" value="shown">
            \(boxes)</fieldset>

            """
    }

    /// For whoever tries the app that sent them here: everything that can go wrong, to choose from.
    private func outcomes(_ provider: SandboxProvider) -> HTML {
        let options = offeredOutcomes.enumerated().map { number, option -> HTML in
            """
            <div class="option">
            <input type="radio" id="outcome-\(number)" name="outcome" value="\(option.value)"\(number == 0 ? " checked" : "")>
            <label for="outcome-\(number)">\(option.words)</label>
            </div>

            """
        }
        return """
            <details>
            <summary>What should happen after “Approve”?</summary>
            <fieldset>
            <legend>Outcome</legend>
            \(options)</fieldset>
            <div class="field">
            <label for="other">The other address</label>
            <input id="other" name="other_address" type="email" maxlength="254" autocomplete="off" \
            value="somebody.else@\(provider.exampleDomain)">
            </div>
            </details>

            """
    }
}

private let offeredOutcomes: [(value: String, words: String)] = [
    ("approve", "Everything goes well"),
    ("deny", "The provider refuses"),
    ("scopes_left_out", "The last permission is left out"),
    ("scopes_conflict", "Nylas refuses because a permission was left out"),
    ("other_address", "Another address is connected than the one above"),
    ("admin_approval", "The provider asks for an administrator’s approval"),
    ("connector_missing", "The provider’s connector is deleted meanwhile"),
    ("provider_error", "The provider fails"),
    ("slow", "The exchange of the code takes 5 seconds"),
    ("too_late", "The answer to the exchange comes far too late"),
    ("internal_error", "Nylas fails in the exchange (500)"),
    ("cut", "The connection breaks before Nylas handles the exchange"),
    ("cut_after_processing", "The connection breaks in the middle of Nylas’s answer"),
]
