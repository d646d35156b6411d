package import HTTPSemantics

/// What a sandbox is told at start: the one application it serves, and how it behaves.
package struct SandboxConfiguration: Sendable {
    /// Where the sandbox itself is reached; pages and addresses are built from it.
    package var origin: HTTPOrigin
    package var clientID: String
    /// Bearer key and `client_secret` in one, as at Nylas.
    package var apiKey: String
    package var redirectURIs: [CallbackURI]
    /// Each with the scopes for reading as its own, which an authorisation without any gets.
    package var connectors: [SandboxProvider]
    /// Credentials for administrators' consent that are there from the start: the tenant (or `common`) by ID.
    package var adminConsents: [String: String] = [:]
    package var limits: Limits

    package init(
        origin: HTTPOrigin,
        clientID: String,
        apiKey: String,
        redirectURIs: [CallbackURI],
        connectors: [SandboxProvider] = SandboxProvider.mailboxes,
        limits: Limits = Limits()
    ) {
        self.origin = origin
        self.clientID = clientID
        self.apiKey = apiKey
        self.redirectURIs = redirectURIs
        self.connectors = connectors
        self.limits = limits
    }

    /// Lifetimes and pace. Nylas publishes no lifetime for a code; ten minutes is RFC 6749's advice (§4.1.2).
    package struct Limits: Sendable {
        package var authorizationCodeLifetime = Duration.seconds(600)
        package var accessTokenLifetime = Duration.seconds(3600)
        /// How long an unfinished login can be gone on with.
        package var loginLifetime = Duration.seconds(1800)
        /// Added to every answer of the API, to play a distant service.
        package var latency = Duration.zero
        /// Answers 429 beyond so many API requests within one second; nil for none. Nylas: 50.
        package var requestsPerSecond: Int?
        /// How long an administrator's approval takes to reach every server of the provider. At Microsoft: minutes.
        package var consentPropagation = Duration.zero
        /// Unfinished logins, and codes and tokens alive at a time; the oldest are dropped.
        package var heldAtMost = 100_000

        package init() {}
    }

    /// An address Nylas may send browsers back to, and the platform that decides whether its exchange needs the key.
    package struct CallbackURI: Sendable {
        package enum Platform: String, CaseIterable, Sendable {
            case web
            case desktop
            case js
            case ios
            case android

            /// May exchange with a proof of possession (RFC 7636) instead of the API key.
            var isPublicClient: Bool { self != .web }
        }

        package var url: String
        package var platform: Platform
        /// Platform settings such as `origin` or `bundle_id`.
        package var settings: [String: String]

        package init(url: String, platform: Platform = .web, settings: [String: String] = [:]) {
            self.url = url
            self.platform = platform
            self.settings = settings
        }
    }
}
