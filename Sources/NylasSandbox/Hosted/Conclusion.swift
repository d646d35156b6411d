import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// What the person pressed on the consent page, and what they wanted to see happen.
struct Decision: Sendable {
    var isApproved = true
    var outcome = AuthorizationOutcome.approve
    var otherAddress: String?
    /// Ticked boxes; nil where there were none to tick.
    var tickedScopes: Set<String>?
    var fault: Fault?

    init(isApproved: Bool = true) {
        self.isApproved = isApproved
    }

    /// - Returns: nil for a form that our page cannot have sent.
    init?(_ form: Parameters) {
        switch form["decision"] {
        case "approve": isApproved = true
        case "cancel": isApproved = false
        default: return nil
        }
        if form["boxes"] != nil { tickedScopes = Set(form.all("scope")) }
        otherAddress = form["other_address"]
        guard let name = form["outcome"] else { return }
        if let known = AuthorizationOutcome(rawValue: name) {
            outcome = known
        } else if name == "slow" {
            fault = .slow(.seconds(5))
        } else if let known = Fault(name: name, seconds: nil) {
            fault = known
        } else if name == "too_late" {
            fault = Fault(name: "slow", seconds: nil)
        } else {
            return nil
        }
    }
}

extension Emulator {
    func requestedScopes(_ login: HostedLogin, _ provider: SandboxProvider) -> [String] {
        let asked =
            login.request.scopes.isEmpty
            ? state.withLock { $0.connectors.first { $0.provider == provider }?.scopes ?? [] } : login.request.scopes
        var scopes: [String] = []
        for scope in asked.compactMap(provider.canonicalScope) where !scopes.contains(scope) { scopes.append(scope) }
        return scopes
    }

    /// Ends a login as a person and the script decided.
    ///
    /// - Returns: where the browser goes: the redirect URI with a code and the state, or with an error and the state.
    func conclude(
        _ login: HostedLogin,
        _ provider: SandboxProvider,
        _ decision: Decision,
        _ request: Request
    ) -> String {
        let back = RedirectBack(login.request)
        guard decision.isApproved else { return back.location(.oauthFailed("The user refused")) }
        // A script outweighs the page: whoever wrote it cannot see the page.
        let outcome = login.scripted?.outcome ?? decision.outcome
        var address = login.address ?? ""
        let requested = requestedScopes(login, provider)
        var granted = requested.filter { decision.tickedScopes?.contains($0) ?? true }
        switch outcome {
        case .approve: break
        case .deny: return back.location(.oauthFailed("The user refused"))
        case .scopesLeftOut: granted = Array(granted.dropLast())
        case .scopesConflict: return back.location(.scopesConflict)
        case .connectorMissing:
            return back.location(AuthorizationError.of(deletingConnectors(of: [provider], login.request)).0)
        case .adminApproval: return back.location(.adminApprovalNeeded)
        case .providerError, .consentAndError: return back.location(.providerError)
        case .otherAddress:
            address = login.scripted?.address ?? decision.otherAddress ?? "somebody.else@\(provider.exampleDomain)"
        }
        let code = newSecret()
        let now = wallClock.now()
        let identity = provider.identityScopes
        let saved = SandboxGrant.Login(
            provider: provider,
            email: address,
            scopes: identity + granted.filter { !identity.contains($0) },
            state: login.request.state,
            ip: "\(request.client)",
            userAgent: request.head.headerFields[.userAgent],
            isOffline: login.request.isOffline
        )
        let newID = newID()
        state.withLock { state in
            let issued = IssuedCode(
                callback: login.request.callback,
                codeChallenge: login.request.codeChallenge,
                grantID: state.grants.prepare(saved, newID: newID, at: now),
                login: saved,
                fault: decision.fault
            )
            state.codes.insert(issued, for: digest(of: code), at: now)
        }
        return back.location(code: code)
    }

    /// Deletes what the outcome `connector_missing` says is not there.
    func deletingConnectors(
        of providers: [SandboxProvider],
        _ request: AuthorizationRequest
    ) -> AuthorizationViolation {
        state.withLock { state in
            for provider in providers { _ = state.removeConnector(of: provider) }
        }
        return .providerWithoutConnector(.init(redirectURI: request.callback.url, state: request.state))
    }

    /// Refuses before a login began: to the application by redirect once its redirect URI is known, else to the browser.
    func refusal(_ violation: AuthorizationViolation, to request: Request) -> Response {
        let (error, back) = AuthorizationError.of(violation)
        if let back {
            return .seeOther(
                RedirectBack(uri: back.redirectURI, state: back.state).location(error),
                headers: pageHeaders
            )
        }
        let json: JSON = [
            "error": .string(error.name),
            "error_code": .integer(error.code),
            "error_description": .string(error.text),
            "error_uri": .string(AuthorizationError.uri),
            "request_id": .string(request.id.text),
        ]
        return jsonResponse(json, .badRequest, to: request)
    }
}
