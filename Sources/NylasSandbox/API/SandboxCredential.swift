import Cryptography
import HTTPSemantics
import Timekeeping

/// A connector's credential, without what it holds: of that only a digest is kept, to know it again.
struct SandboxCredential: Sendable {
    enum Kind: String, Sendable {
        case connector
        case serviceAccount = "serviceaccount"
        case adminConsent = "adminconsent"

        /// The providers that take it (`nylas-api.md` §7.3).
        func suits(_ provider: SandboxProvider) -> Bool {
            switch self {
            case .connector: [.google, .microsoft, .yahoo, .zoom].contains(provider)
            case .serviceAccount: provider == .google
            case .adminConsent: provider == .microsoft
            }
        }
    }

    let id: String
    let provider: SandboxProvider
    var name: String
    var content: Content
    let createdAt: Timestamp
    var updatedAt: Timestamp

    /// What was checked of `credential_data`.
    struct Content: Equatable, Sendable {
        let kind: Kind
        let digest: String
        /// Of an administrator's consent.
        let tenant: String?
    }

    var json: JSON {
        [
            "id": .string(id),
            "name": .string(name),
            "credential_type": .string(content.kind.rawValue),
            "created_at": .integer(createdAt.secondsSince1970),
            "updated_at": .integer(updatedAt.secondsSince1970),
        ]
    }
}

extension SandboxCredential.Content {
    /// Checks the shapes that Nylas documents.
    init(kind: SandboxCredential.Kind, _ data: JSON) throws(APIViolation) {
        guard data.members != nil else { throw .fieldMissing("credential_data") }
        func text(_ name: String) throws(APIViolation) -> String {
            guard let text = data[name]?.text, !text.isEmpty else { throw .fieldMissing("credential_data.\(name)") }
            return text
        }
        var tenant: String?
        switch kind {
        case .connector:
            _ = (try text("client_id"), try text("client_secret"))
        case .serviceAccount:
            _ = try text("private_key_id")
            guard try text("private_key").contains("PRIVATE KEY-----") else {
                throw .fieldInvalid("credential_data.private_key")
            }
            guard isPlausibleAddress(try text("client_email")) else {
                throw .fieldInvalid("credential_data.client_email")
            }
            guard [nil, "service_account"].contains(data["type"]) else { throw .fieldInvalid("credential_data.type") }
        case .adminConsent:
            tenant = try text("tenant")
            if data["client_id"] != nil || data["client_secret"] != nil {
                _ = (try text("client_id"), try text("client_secret"))
            }
        }
        self.init(kind: kind, digest: Hex.encode(SHA256.digest(data.sorted.encoded)), tenant: tenant)
    }
}

extension JSON {
    /// The same value with the members of every object by name: decoding gives them in no particular order.
    fileprivate var sorted: JSON {
        switch self {
        case .null, .bool, .integer, .number, .string: self
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            .object(
                members.sorted { $0.name < $1.name }.map { Member($0.name, $0.value.sorted) }
            )
        }
    }
}
