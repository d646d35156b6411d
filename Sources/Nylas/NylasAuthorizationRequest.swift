package import Grants
import HTTPSemantics
package import OAuth

/// The authorization request of a code flow (RFC 6749 §4.1.1) as Nylas wants it at `/v3/connect/auth`.
///
/// Never `prompt=consent`: Microsoft then asks people for an administrator's approval that has already been given.
package struct NylasAuthorizationRequest: Sendable {
    package var redirectURI: String
    package var state: State
    package var codeVerifier: CodeVerifier
    /// nil lets Nylas ask the person.
    package var provider: Provider?
    /// As the provider names them; empty where it has none, or where the provider is not known yet.
    package var scopes: [String]
    /// Fills the address in for the person, who may still use another one.
    package var loginHint: String?

    package init(
        redirectURI: String,
        state: State,
        codeVerifier: CodeVerifier,
        provider: Provider?,
        scopes: [String],
        loginHint: String? = nil
    ) {
        self.redirectURI = redirectURI
        self.state = state
        self.codeVerifier = codeVerifier
        self.provider = provider
        self.scopes = scopes
        self.loginHint = loginHint
    }

    /// The address to send the browser to. It holds the state, so it belongs into a `Location` field and nowhere else.
    package func url(at application: NylasApplication) -> String {
        var parameters: [(String, String)] = [
            ("client_id", application.clientID),
            ("redirect_uri", redirectURI),
            ("response_type", "code"),
            // No refresh token: the API key reaches every grant.
            ("access_type", "online"),
            ("state", state.withExposed { $0 }),
            ("code_challenge", NylasCodeChallenge(codeVerifier).text),
            ("code_challenge_method", "S256"),
        ]
        if let provider {
            parameters.append(("provider", provider.rawValue))
        } else {
            parameters.append(("prompt", "select_provider,detect"))
        }
        if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: " "))) }
        // Else Google adds what the person once granted to the same Google project: more than the page promised.
        if provider == .google { parameters.append(("options", "exclude_google_granted_scopes")) }
        if let loginHint { parameters.append(("login_hint", loginHint)) }
        return application.origin.description + "/v3/connect/auth?" + FormCoding.encode(parameters)
    }
}
