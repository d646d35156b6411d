/// What Nylas knows about the application a key belongs to.
package struct NylasApplicationDetails: Hashable, Sendable, Decodable {
    package var applicationID: String
    package var region: String?
    package var environment: String?

    private enum CodingKeys: String, CodingKey {
        case applicationID = "application_id"
        case region, environment
    }
}

/// A callback URI as registered at Nylas.
package struct RegisteredRedirectURI: Hashable, Sendable, Decodable {
    package var id: String
    package var url: String
    package var platform: String?
}

/// One provider's set-up in the application.
package struct Connector: Hashable, Sendable, Decodable {
    /// As Nylas names it; may be one that ``Provider`` does not know.
    package var provider: String
    /// Used where an authorization request names no scopes.
    package var scope: [String]?
    package var name: String?
    /// Of its settings only what is no secret: Nylas may send more.
    package var settings: Settings?

    package struct Settings: Hashable, Sendable, Decodable {
        package var clientID: String?
        package var tenant: String?

        private enum CodingKeys: String, CodingKey {
            case clientID = "client_id"
            case tenant
        }
    }
}
