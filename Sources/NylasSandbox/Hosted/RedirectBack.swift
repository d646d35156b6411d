import HTTPSemantics

/// An error as the redirect carries it. Nylas documents names and numbers only in part; see `nylas-api.md` §4.3.
struct AuthorizationError: Sendable {
    var name: String
    var code: Int64
    var text: String

    static let uri = "https://accounts.nylas.io/#tag/Event-Codes"

    /// A refusal by the person or by the provider: at Nylas both look alike.
    static func oauthFailed(_ reason: String) -> AuthorizationError {
        AuthorizationError(name: "oauth_failed", code: 45002, text: "Hosted OAuth failed: \(reason)")
    }

    static let adminApprovalNeeded = oauthFailed("AADSTS90094: an administrator must approve this app")
    /// In Microsoft's own words: who signed in is no administrator.
    static let administratorNeeded = AuthorizationError(
        name: "access_denied",
        code: 45002,
        text: "AADSTS90093: This operation can only be performed by an administrator."
    )
    static let consentCancelled = AuthorizationError(
        name: "permission_denied",
        code: 45002,
        text: "The admin canceled the request"
    )
    static let scopesConflict = AuthorizationError(
        name: "scopes_conflict",
        code: 25016,
        text: "Some requested scopes were not granted"
    )
    static let providerError = AuthorizationError(name: "internal_error", code: 500, text: "The provider failed")

    private static func invalidRequest(_ text: String) -> AuthorizationError {
        AuthorizationError(name: "invalid_request", code: 400, text: text)
    }

    /// The error of a violation, and where to send it; nil for to nowhere but this browser.
    static func of(_ violation: AuthorizationViolation) -> (AuthorizationError, AuthorizationViolation.Return?) {
        switch violation {
        case .undecodable: (invalidRequest("The query cannot be decoded"), nil)
        case .repeatedParameter: (invalidRequest("A parameter is repeated"), nil)
        case .clientNotAllowed:
            (AuthorizationError(name: "app_id_not_allowed", code: 702, text: "client_id is unknown or missing"), nil)
        case .redirectURINotAllowed:
            (
                AuthorizationError(
                    name: "redirect_uri_not_allowed",
                    code: 25003,
                    text: "redirect_uri is not registered with the application, byte for byte"
                ), nil
            )
        case .stateTooLong:
            (invalidRequest("state is longer than \(AuthorizationRequest.stateLimit) characters"), nil)
        case .responseTypeUnsupported(let back): (invalidRequest("response_type must be code or adminconsent"), back)
        case .providerUnknown(let back): (invalidRequest("provider is not one that can be used here"), back)
        case .providerWithoutConnector(let back): (invalidRequest("provider has no connector"), back)
        case .promptUnknown(let back): (invalidRequest("prompt must be made of select_provider and detect"), back)
        case .loginHintTooLong(let back): (invalidRequest("login_hint is not an address"), back)
        case .challengeMethodUnknown(let back): (invalidRequest("code_challenge_method must be plain or S256"), back)
        case .credentialMissing(let back): (invalidRequest("Missing required parameter: credential_id"), back)
        case .credentialUnsuitable(let back): (invalidRequest("credential_id is not one of an admin consent"), back)
        case .scopeWithoutTenant(let back): (invalidRequest("scope needs a credential of one tenant"), back)
        }
    }
}

/// The last hop: the redirect URI with what Nylas adds to its query.
struct RedirectBack: Sendable {
    private let uri: String
    private let state: String?

    init(uri: String, state: String?) {
        self.uri = uri
        self.state = state
    }

    init(_ request: AuthorizationRequest) {
        self.init(uri: request.callback.url, state: request.state)
    }

    /// Never a grant ID, an address or a provider: only the code.
    func location(code: String) -> String { location([("code", code)]) }

    func location(_ error: AuthorizationError) -> String {
        location([
            ("error", error.name), ("error_code", String(error.code)), ("error_description", error.text),
            ("error_uri", AuthorizationError.uri),
        ])
    }

    /// The answer to an administrator, in Microsoft's spelling: there is nothing to exchange.
    ///
    /// - Parameter error: for the odd answer that says yes and no at once.
    func consented(tenant: String, error: AuthorizationError? = nil) -> String {
        location(
            [("admin_consent", "True"), ("tenant", tenant)]
                + (error.map { [("error", $0.name), ("error_description", $0.text)] } ?? [])
        )
    }

    private func location(_ parameters: [(String, String)]) -> String {
        // As documented, spaces go as `+`; our own encoder never writes one for anything else.
        let query = FormCoding.encode(parameters + (state.map { [("state", $0)] } ?? [])).replacing("%20", with: "+")
        return uri + (uri.contains("?") ? "&" : "?") + query
    }
}
