import HTTPSemantics

/// What `GET /v3/connect/auth` asked for, checked.
struct AuthorizationRequest: Sendable {
    enum ResponseType: String, Sendable {
        case code
        case adminConsent = "adminconsent"
    }

    /// How the picker helps: a list of providers, or an address to guess from. The order is the order on the page.
    enum Prompt: String, Sendable {
        case selectProvider = "select_provider"
        case detect
    }

    var callback: SandboxConfiguration.CallbackURI
    var responseType: ResponseType
    /// In the order given; empty when the person is to choose among all connectors.
    var providers: [SandboxProvider]
    /// As sent; empty means the connector's own.
    var scopes: [String]
    var state: String?
    var loginHint: String?
    var prompts: [Prompt]
    var codeChallenge: CodeChallenge?
    var isOffline: Bool
    var credentialID: String?

    static let stateLimit = 256
    static let hintLimit = 254
}

/// Why an authorisation request goes nowhere.
enum AuthorizationViolation: Error, Equatable {
    /// Before the redirect URI is known to be the application's: the browser itself is told, as JSON.
    case undecodable
    case repeatedParameter
    case clientNotAllowed
    case redirectURINotAllowed
    /// A state that cannot be given back unchanged must not be given back at all.
    case stateTooLong
    /// From here on the application is told, by redirect.
    case responseTypeUnsupported(Return)
    case providerUnknown(Return)
    case providerWithoutConnector(Return)
    case promptUnknown(Return)
    case loginHintTooLong(Return)
    case challengeMethodUnknown(Return)
    case credentialMissing(Return)
    /// No credential of that ID, or none for an administrator's consent.
    case credentialUnsuitable(Return)
    /// Which tenant will consent is not known, so nothing but the app's own permissions can be asked for.
    case scopeWithoutTenant(Return)

    /// Where a browser is sent back to, and with which state.
    struct Return: Equatable, Sendable {
        var redirectURI: String
        var state: String?
    }
}

extension AuthorizationRequest {
    /// Checks a query in the order in which trust is won: client, redirect URI, state, then the rest.
    init(
        query: String?,
        clientID: String,
        callbacks: [SandboxConfiguration.CallbackURI],
        connectors: [SandboxProvider]
    ) throws(AuthorizationViolation) {
        let parameters: Parameters
        do {
            parameters = try Parameters(query: query)
        } catch {
            throw .undecodable
        }
        guard parameters.repeated.isDisjoint(with: AuthorizationRequest.knownNames) else { throw .repeatedParameter }
        guard parameters["client_id"] == clientID else { throw .clientNotAllowed }
        guard let callback = callbacks.first(where: { $0.url == parameters["redirect_uri"] }) else {
            throw .redirectURINotAllowed
        }
        let state = parameters["state"]
        // Unicode scalars: what the documentation calls characters cannot be grapheme clusters.
        guard (state?.unicodeScalars.count ?? 0) <= AuthorizationRequest.stateLimit else { throw .stateTooLong }
        let back = AuthorizationViolation.Return(redirectURI: callback.url, state: state)

        guard let responseType = parameters["response_type"].flatMap(ResponseType.init) else {
            throw .responseTypeUnsupported(back)
        }
        self.callback = callback
        self.responseType = responseType
        self.state = state
        providers = try AuthorizationRequest.providers(parameters["provider"], connectors: connectors, back)
        scopes = (parameters["scope"] ?? "").split(separator: " ").map(String.init)
        loginHint = parameters["login_hint"]
        guard (loginHint?.utf8.count ?? 0) <= AuthorizationRequest.hintLimit else { throw .loginHintTooLong(back) }
        // The documentation contradicts itself; only this reading makes sense of the hosted page.
        prompts = providers.isEmpty ? try AuthorizationRequest.prompts(parameters["prompt"], back) : []
        codeChallenge = nil
        if let challenge = parameters["code_challenge"] {
            guard let checked = CodeChallenge(challenge, method: parameters["code_challenge_method"]) else {
                throw .challengeMethodUnknown(back)
            }
            codeChallenge = checked
        }
        isOffline = parameters["access_type"] == "offline"
        credentialID = parameters["credential_id"]
        if responseType == .adminConsent {
            guard providers == [.microsoft] else { throw .providerUnknown(back) }
            guard credentialID != nil else { throw .credentialMissing(back) }
        }
    }

    private static func providers(
        _ list: String?,
        connectors: [SandboxProvider],
        _ back: AuthorizationViolation.Return
    ) throws(AuthorizationViolation) -> [SandboxProvider] {
        guard let list else { return [] }
        var providers: [SandboxProvider] = []
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let provider = SandboxProvider(rawValue: String(name)), provider.isHosted else {
                throw .providerUnknown(back)
            }
            guard connectors.contains(provider) else { throw .providerWithoutConnector(back) }
            if !providers.contains(provider) { providers.append(provider) }
        }
        return providers
    }

    private static func prompts(
        _ list: String?,
        _ back: AuthorizationViolation.Return
    ) throws(AuthorizationViolation) -> [Prompt] {
        guard let list else { return [.selectProvider] }
        var prompts: [Prompt] = []
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let prompt = Prompt(rawValue: String(name)), !prompts.contains(prompt) else {
                throw .promptUnknown(back)
            }
            prompts.append(prompt)
        }
        return prompts
    }

    private static let knownNames: Set<String> = [
        "client_id", "redirect_uri", "response_type", "provider", "scope", "prompt", "state", "login_hint",
        "access_type", "code_challenge", "code_challenge_method", "credential_id", "options",
    ]
}
