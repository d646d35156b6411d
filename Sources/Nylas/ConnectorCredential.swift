package import Cryptography
package import Grants
package import Timekeeping

/// A connector's credential as Nylas shows it: never what it holds.
package struct ConnectorCredential: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Another app at the provider, for hosted logins.
        case connector
        /// Google, with domain-wide delegation.
        case serviceAccount = "serviceaccount"
        /// Microsoft, after an administrator's consent.
        case adminConsent = "adminconsent"
    }

    package var id: CredentialID
    package var name: String
    /// nil where Nylas does not say: its own sources disagree about the field.
    package var kind: Kind?
    package var createdAt: Timestamp?
}

extension ConnectorCredential: Decodable {
    private enum Key: String, CodingKey {
        case id, name
        case kind = "credential_type"
        case createdAt = "created_at"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        guard let id = CredentialID(try members.decode(String.self, forKey: .id)) else {
            throw DecodingError.dataCorruptedError(forKey: .id, in: members, debugDescription: "not a credential ID")
        }
        self.id = id
        name = (try? members.decode(String.self, forKey: .name)) ?? ""
        kind = (try? members.decode(String.self, forKey: .kind)).flatMap(Kind.init(rawValue:))
        createdAt = (try? members.decode(Int64.self, forKey: .createdAt)).map(Timestamp.init(secondsSince1970:))
    }
}

/// An app of ours at a provider.
package struct ProviderApp: Sendable {
    package var clientID: String
    package var clientSecret: Secret<String>

    package init(clientID: String, clientSecret: Secret<String>) {
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}

/// A credential to be made.
package struct NewCredential: Sendable {
    package enum Content: Sendable {
        case serviceAccount(ServiceAccountKey)
        /// - Parameter tenant: `common`, for any organisation, or the ID of one.
        /// - Parameter app: nil for the connector's own.
        case adminConsent(tenant: String, app: ProviderApp?)
    }

    /// Unique among the connector's.
    package var name: String
    package var content: Content

    package init(name: String, content: Content) {
        self.name = name
        self.content = content
    }

    package var provider: Provider {
        switch content {
        case .serviceAccount: .google
        case .adminConsent: .microsoft
        }
    }
}

/// One page of a connector's credentials.
package struct CredentialPage: Hashable, Sendable {
    /// Without those that could not be read.
    package var credentials: [ConnectorCredential]
    package var isLast: Bool
}

/// A connector to be made.
package struct NewConnector: Sendable {
    package var provider: Provider
    /// Google, Microsoft and Yahoo need one; the others have none.
    package var app: ProviderApp?
    /// Microsoft's: `common` or the ID of one organisation.
    package var tenant: String?
    /// Used where an authorization request names no scopes.
    package var scopes: [String]

    package init(provider: Provider, app: ProviderApp? = nil, tenant: String? = nil, scopes: [String] = []) {
        self.provider = provider
        self.app = app
        self.tenant = tenant
        self.scopes = scopes
    }
}
