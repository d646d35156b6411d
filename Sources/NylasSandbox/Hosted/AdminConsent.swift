import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// Microsoft's page for administrators: `/v3/connect/auth?response_type=adminconsent` → approve for a whole tenant → back.
///
/// Its approval counts for the credential in the address. Whoever presses "I am not an administrator" gets what Microsoft says then.
extension Emulator {
    var adminConsentRoutes: [Route] {
        [
            Route(.get, "/login/{login}/organization") { [self] request, path in
                withLogin(path, request) { id, login in
                    guard let tenant = tenant(of: login) else { return errors.response(.notFound, to: request) }
                    return page(adminConsentPage(id, login, tenant: tenant))
                }
            },
            Route(.post, "/login/{login}/organization", contentLimitBytes: 16 << 10) { [self] request, path in
                withLogin(path, request) { _, login in decideForTenant(login, request) }
            },
        ]
    }

    /// The tenant that a login's credential is for, `common` for any; nil if it is not an administrator's.
    private func tenant(of login: HostedLogin) -> String? {
        guard login.request.responseType == .adminConsent else { return nil }
        return state.withLock { state in
            state.credentials.first { $0.id == login.request.credentialID && $0.content.kind == .adminConsent }?
                .content.tenant
        }
    }

    func beginConsent(_ id: String, _ login: HostedLogin, isApproved: Bool, _ request: Request) -> Response {
        let back = AuthorizationViolation.Return(
            redirectURI: login.request.callback.url,
            state: login.request.state
        )
        guard let tenant = tenant(of: login) else { return refusal(.credentialUnsuitable(back), to: request) }
        guard login.request.scopes.isEmpty || tenant != anyTenant else {
            return refusal(.scopeWithoutTenant(back), to: request)
        }
        if isApproved {
            let location = concludeConsent(login, login.scripted?.outcome ?? .approve, tenant: nil)
            return Response(status: .found, fields: redirectFields(to: location))
        }
        let now = wallClock.now()
        state.withLock { $0.logins.insert(login, for: id, at: now) }
        return Response(status: .found, fields: redirectFields(to: "/login/\(id)/organization"))
    }

    private func decideForTenant(_ login: HostedLogin, _ request: Request) -> Response {
        guard tenant(of: login) != nil, let form = try? Parameters(form: request.content) else {
            return errors.response(.badRequest, to: request)
        }
        let chosen = form["outcome"].map(AuthorizationOutcome.init(rawValue:)) ?? .approve
        let outcome: AuthorizationOutcome
        switch (form["decision"], chosen) {
        // A script outweighs the page: whoever wrote it cannot see the page.
        case ("approve", let chosen?): outcome = login.scripted?.outcome ?? chosen
        case ("cancel", _): outcome = .deny
        case ("not_admin", _): outcome = .adminApproval
        default: return errors.response(.badRequest, to: request)
        }
        return .seeOther(concludeConsent(login, outcome, tenant: form["tenant"]), headers: pageHeaders)
    }

    /// Ends an administrator's login.
    ///
    /// - Parameter claimed: the tenant typed on the page, for a credential of any.
    private func concludeConsent(
        _ login: HostedLogin,
        _ outcome: AuthorizationOutcome,
        tenant claimed: String?
    ) -> String {
        let back = RedirectBack(login.request)
        let own = tenant(of: login) ?? anyTenant
        let tenant = own == anyTenant ? claimed ?? exampleTenant : own
        switch outcome {
        case .deny: return back.location(.consentCancelled)
        case .adminApproval: return back.location(.administratorNeeded)
        case .scopesConflict: return back.location(.scopesConflict)
        case .providerError: return back.location(.providerError)
        case .connectorMissing:
            return back.location(AuthorizationError.of(deletingConnectors(of: [.microsoft], login.request)).0)
        case .consentAndError: return back.consented(tenant: tenant, error: .consentCancelled)
        case .approve, .scopesLeftOut, .otherAddress:
            let now = wallClock.now()
            if let id = login.request.credentialID { state.withLock { $0.consents[id] = now } }
            return back.consented(tenant: tenant)
        }
    }

    private func adminConsentPage(_ id: String, _ login: HostedLogin, tenant: String) -> HTML {
        let asked = login.request.scopes.isEmpty ? applicationPermissions : login.request.scopes
        let permissions = asked.map { scope -> HTML in
            "<li>\(plainWords(for: scope)), in every mailbox <code>\(scope)</code></li>\n"
        }
        let place: HTML =
            tenant == anyTenant
            ? """
            <div class="field">
            <label for="tenant">Your pretend organisation (tenant ID)</label>
            <input id="tenant" name="tenant" required maxlength="64" autocomplete="off" value="\(exampleTenant)">
            </div>

            """ : "<p>Organisation: <code>\(tenant)</code></p>\n"
        let outcomes = consentOutcomes.enumerated().map { number, option -> HTML in
            """
            <div class="option">
            <input type="radio" id="outcome-\(number)" name="outcome" value="\(option.value)"\(number == 0 ? " checked" : "")>
            <label for="outcome-\(number)">\(option.words)</label>
            </div>

            """
        }
        return frame(
            title: "Approve for your whole organisation?",
            """
            <p>In life this is Microsoft’s own page, and only an administrator gets past it. If you accept, the app may, \
            without anybody signing in:</p>
            <ul>
            \(permissions)</ul>
            <form method="post" action="/login/\(id)/organization">
            \(place)<details>
            <summary>What should happen after “Accept”?</summary>
            <fieldset>
            <legend>Outcome</legend>
            \(outcomes)</fieldset>
            </details>
            <div class="buttons">
            <button class="main" name="decision" value="approve">Accept</button>
            <button name="decision" value="cancel">Cancel</button>
            <button name="decision" value="not_admin">I am not an administrator</button>
            </div>
            </form>
            """
        )
    }
}

private let anyTenant = "common"

/// Who consents where nobody says which organisation it is.
private let exampleTenant = "0d9b6a52-4c1e-4f3a-9a55-2f6f3c1d7e11"

private let consentOutcomes: [(value: String, words: String)] = [
    ("approve", "Everything goes well"),
    ("consent_and_error", "Microsoft says yes and sends an error too"),
    ("provider_error", "Microsoft fails"),
]
