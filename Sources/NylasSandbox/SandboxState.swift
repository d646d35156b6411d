import HTTPSemantics
import Timekeeping

/// Everything a sandbox remembers, all of it in memory; the emulator keeps it behind one lock.
struct SandboxState: Sendable {
    struct RegisteredURI: Sendable {
        let id: String
        var callback: SandboxConfiguration.CallbackURI
    }

    struct Connector: Sendable {
        let provider: SandboxProvider
        var scopes: [String]
        /// Without `client_secret`.
        var settings: JSON
    }

    var callbacks: [RegisteredURI]
    var connectors: [Connector]
    /// In the order they were made.
    var credentials: [SandboxCredential] = []
    /// When an administrator approved, by credential.
    var consents: [String: Timestamp] = [:]
    var grants = GrantRegister()
    /// By login ID.
    var logins: ExpiringTable<HostedLogin>
    /// By digest, as codes are only ever compared.
    var codes: ExpiringTable<IssuedCode>
    /// By digest.
    var tokens: ExpiringTable<IssuedToken>
    /// By digest; they live until revoked.
    var refreshTokens: ExpiringTable<IssuedToken>
    var script = Script()
    var counts = Counts()
    /// How many addresses were invented.
    var inventedAddresses = 0
    /// For the pace limit: the second that is being counted, and its requests.
    private var second: Int64 = 0
    private var requestsInSecond = 0

    init(_ configuration: SandboxConfiguration, newID: () -> String) {
        let limits = configuration.limits
        callbacks = configuration.redirectURIs.map { RegisteredURI(id: newID(), callback: $0) }
        connectors = configuration.connectors.map { Connector(provider: $0, scopes: $0.readingScopes, settings: [:]) }
        credentials = configuration.adminConsents.sorted { $0.key < $1.key }.map { id, tenant in
            SandboxCredential(
                id: id,
                provider: .microsoft,
                name: id,
                content: SandboxCredential.Content(kind: .adminConsent, digest: id, tenant: tenant),
                createdAt: Timestamp(secondsSince1970: 0),
                updatedAt: Timestamp(secondsSince1970: 0)
            )
        }
        logins = ExpiringTable(lifetime: limits.loginLifetime, capacity: limits.heldAtMost)
        codes = ExpiringTable(lifetime: limits.authorizationCodeLifetime, capacity: limits.heldAtMost)
        tokens = ExpiringTable(lifetime: limits.accessTokenLifetime, capacity: limits.heldAtMost)
        refreshTokens = ExpiringTable(lifetime: .seconds(86_400 * 365), capacity: limits.heldAtMost)
    }

    /// Deletes a connector: every grant of that provider stops at once.
    ///
    /// - Returns: false if there was none.
    mutating func removeConnector(of provider: SandboxProvider) -> Bool {
        guard connectors.contains(where: { $0.provider == provider }) else { return false }
        connectors.removeAll { $0.provider == provider }
        grants.invalidate(provider: provider)
        return true
    }

    /// Whether one more request fits into this second.
    mutating func admitsRequest(at moment: Timestamp, limit: Int?) -> Bool {
        guard let limit, limit > 0 else { return true }
        if moment.secondsSince1970 != second { (second, requestsInSecond) = (moment.secondsSince1970, 0) }
        requestsInSecond += 1
        return requestsInSecond <= limit
    }
}
