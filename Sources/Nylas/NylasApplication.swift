package import Cryptography
package import HTTPSemantics

/// The Nylas application this instance speaks for.
package struct NylasApplication: Sendable {
    /// `https://api.us.nylas.com`, `https://api.eu.nylas.com`, a custom host name, or a sandbox.
    package var origin: HTTPOrigin
    package var clientID: String
    package var apiKey: Secret<String>

    package init(origin: HTTPOrigin, clientID: String, apiKey: Secret<String>) {
        self.origin = origin
        self.clientID = clientID
        self.apiKey = apiKey
    }
}
