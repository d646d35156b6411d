package import Grants
import HTTPSemantics
package import OAuth

/// The request for an administrator's consent at `/v3/connect/auth` (`nylas-api` §15.2): no code comes of it, so it has no challenge.
package struct NylasAdminConsentRequest: Sendable {
    package var redirectURI: String
    package var state: State
    package var credentialID: CredentialID
    /// Full addresses; empty for what the app is registered for. Only for a credential of one tenant.
    package var scopes: [String]

    package init(redirectURI: String, state: State, credentialID: CredentialID, scopes: [String] = []) {
        self.redirectURI = redirectURI
        self.state = state
        self.credentialID = credentialID
        self.scopes = scopes
    }

    /// The address to send the browser to. It holds the state, so it belongs into a `Location` field and nowhere else.
    package func url(at application: NylasApplication) -> String {
        var parameters: [(String, String)] = [
            ("client_id", application.clientID),
            ("redirect_uri", redirectURI),
            ("response_type", "adminconsent"),
            ("provider", Provider.microsoft.rawValue),
            ("credential_id", credentialID.text),
            ("state", state.withExposed { $0 }),
        ]
        if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: " "))) }
        return application.origin.description + "/v3/connect/auth?" + FormCoding.encode(parameters)
    }
}
