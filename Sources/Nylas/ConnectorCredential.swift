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

/// One page of a connector's credentials.
package struct CredentialPage: Hashable, Sendable {
    /// Without those that could not be read.
    package var credentials: [ConnectorCredential]
    package var isLast: Bool

    package init(credentials: [ConnectorCredential], isLast: Bool) {
        self.credentials = credentials
        self.isLast = isLast
    }
}
