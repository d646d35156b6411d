import Cryptography
package import Grants
package import Timekeeping

/// A grant as Nylas reports it, with what Postern judges by and nothing more.
package struct Grant: Hashable, Sendable {
    package enum Status: String, Sendable {
        case valid
        case invalid
    }

    package var id: GrantID
    /// As Nylas names it; may be a provider that ``Provider`` does not know.
    package var providerName: String
    package var scopes: [String]
    package var status: Status?
    package var email: String?
    /// Further addresses of the same mailbox, where Nylas was asked for them.
    package var aliases: [String]
    package var createdAt: Timestamp
    /// The last authentication; Nylas gives whole seconds.
    package var updatedAt: Timestamp
    /// SHA-256 of the `state` of the last authorization: the state itself is dropped as soon as it is read.
    package var stateDigest: [UInt8]?
    /// What it was made with, where that was no login.
    package var credentialID: CredentialID?

    package init(
        id: GrantID,
        providerName: String,
        scopes: [String],
        status: Status?,
        email: String?,
        aliases: [String] = [],
        createdAt: Timestamp,
        updatedAt: Timestamp,
        stateDigest: [UInt8]?,
        credentialID: CredentialID? = nil
    ) {
        self.id = id
        self.providerName = providerName
        self.scopes = scopes
        self.status = status
        self.email = email
        self.aliases = aliases
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.stateDigest = stateDigest
        self.credentialID = credentialID
    }
}

extension Grant: Decodable {
    private enum Key: String, CodingKey {
        case id, provider, scope, email, state
        case grantStatus = "grant_status"
        case emailAliases = "email_aliases"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case credentialID = "credential_id"
        case settings
    }

    /// Reads a grant object (`nylas-api` §8.3): `id`, `provider` and `created_at` are always there.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        guard let id = GrantID(try members.decode(String.self, forKey: .id)) else {
            throw DecodingError.dataCorruptedError(forKey: .id, in: members, debugDescription: "not a grant ID")
        }
        let createdAt = Timestamp(secondsSince1970: try members.decode(Int64.self, forKey: .createdAt))
        self.init(
            id: id,
            providerName: try members.decode(String.self, forKey: .provider),
            // The token endpoint and some older answers join scopes by spaces.
            scopes: (try? members.decode([String].self, forKey: .scope))
                ?? (try? members.decode(String.self, forKey: .scope)).map { $0.split(separator: " ").map(String.init) }
                ?? [],
            status: (try? members.decode(String.self, forKey: .grantStatus)).flatMap(Status.init(rawValue:)),
            email: (try? members.decode(String.self, forKey: .email)).flatMap { $0.isEmpty ? nil : $0 },
            aliases: (try? members.decode([String].self, forKey: .emailAliases)) ?? [],
            createdAt: createdAt,
            updatedAt: (try? members.decode(Int64.self, forKey: .updatedAt)).map(Timestamp.init(secondsSince1970:))
                ?? createdAt,
            stateDigest: (try? members.decode(String.self, forKey: .state)).map { SHA256.digest($0) },
            // A member of the grant by the specification, of its settings by the examples.
            credentialID: ((try? members.decode(String.self, forKey: .credentialID))
                ?? (try? members.nestedContainer(keyedBy: Key.self, forKey: .settings))
                .flatMap { try? $0.decode(String.self, forKey: .credentialID) }).flatMap(CredentialID.init)
        )
    }
}
