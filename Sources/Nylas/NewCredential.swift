package import Cryptography
package import Grants

/// What is wrong with a connector or a credential that is to be made, found before anything is sent.
package enum NewConnectionFault: Error, Hashable, Sendable {
    /// A credential's name is 1 to 100 bytes on one line.
    case name
    /// `common`, or the form of a tenant's ID or domain.
    case tenant
    /// Only Microsoft has tenants.
    case tenantWithoutMicrosoft
    /// This provider needs a client ID and its secret.
    case appMissing
    /// This provider has no apps.
    case appWithoutUse
    /// A client ID is 1 to 512 visible ASCII characters, its secret 1 to 4096 bytes.
    case app
    /// At most 64 scopes of visible ASCII characters.
    case scopes
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

extension NewCredential {
    /// The first thing that is wrong with it; nil if it may be sent.
    package var fault: NewConnectionFault? {
        guard (1...100).contains(name.utf8.count), !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return .name
        }
        switch content {
        case .serviceAccount: return nil
        case .adminConsent(let tenant, let app):
            guard isTenant(tenant) else { return .tenant }
            return app.map(\.isPlausible) ?? true ? nil : .app
        }
    }
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

extension NewConnector {
    /// The first thing that is wrong with it; nil if it may be sent.
    package var fault: NewConnectionFault? {
        if provider.hasApps {
            guard let app else { return .appMissing }
            guard app.isPlausible else { return .app }
        } else if app != nil {
            return .appWithoutUse
        }
        if let tenant {
            guard provider == .microsoft else { return .tenantWithoutMicrosoft }
            guard isTenant(tenant) else { return .tenant }
        }
        let areScopes = scopes.allSatisfy { (1...512).contains($0.utf8.count) && isVisible($0) }
        return scopes.count <= 64 && areScopes ? nil : .scopes
    }
}

extension Provider {
    /// Whether one registers an app there, so that a connector needs its client ID and secret.
    fileprivate var hasApps: Bool {
        switch self {
        case .google, .microsoft, .yahoo: true
        case .icloud, .imap, .ews: false
        }
    }
}

extension ProviderApp {
    fileprivate var isPlausible: Bool {
        (1...512).contains(clientID.utf8.count) && isVisible(clientID)
            && clientSecret.withExposed { (1...4096).contains($0.utf8.count) }
    }
}

private func isVisible(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

/// `common`, or what Microsoft uses for a tenant: a UUID or a domain.
private func isTenant(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
}
