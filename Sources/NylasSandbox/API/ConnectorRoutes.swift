import HTTPSemantics
import HTTPTypes
import Synchronization
import Web

extension Emulator {
    /// At most one connector per provider.
    var connectorRoutes: [Route] {
        [
            apiRoute(.get, "/v3/connectors") { [self] call throws(APIViolation) in
                let page = try Page(try call.query())
                let connectors = state.withLock(\.connectors)
                return .list(page.cut(connectors).map(\.json), page: page)
            },
            apiRoute(.post, "/v3/connectors") { [self] call throws(APIViolation) in
                let connector = try SandboxState.Connector(try call.object())
                let isNew = state.withLock { state in
                    guard !state.connectors.contains(where: { $0.provider == connector.provider }) else { return false }
                    state.connectors.append(connector)
                    return true
                }
                guard isNew else { throw .connectorExists }
                return .data(connector.json, status: .created)
            },
            apiRoute(.get, "/v3/connectors/{provider}") { [self] call throws(APIViolation) in
                let provider = call.path["provider"].flatMap(SandboxProvider.init)
                guard let found = state.withLock({ $0.connectors.first { $0.provider == provider } }) else {
                    throw .notFound
                }
                return .data(found.json)
            },
            apiRoute(.delete, "/v3/connectors/{provider}") { [self] call throws(APIViolation) in
                guard let provider = call.path["provider"].flatMap(SandboxProvider.init) else { throw .notFound }
                guard state.withLock({ $0.removeConnector(of: provider) }) else { throw .notFound }
                return .done
            },
        ]
    }

    /// Guesses a provider from an address, as the hosted page with `prompt=detect` does.
    var detectRoute: Route {
        apiRoute(.post, "/v3/providers/detect") { [self] call throws(APIViolation) in
            let query = try call.query()
            guard let address = query["email"] else { throw .fieldMissing("email") }
            let detected = detectedProvider(of: address)
            let isOffered =
                query.isTrue("all_provider_types")
                || state.withLock { $0.connectors.contains { $0.provider == detected } }
            guard let detected, isOffered else {
                return .data(["email_address": .string(address), "detected": false])
            }
            return .data([
                "email_address": .string(address),
                "detected": true,
                "provider": .string(detected.rawValue),
            ])
        }
    }
}

/// Knows the large providers' own domains, and the sandbox's example domain of each provider.
func detectedProvider(of address: String) -> SandboxProvider? {
    guard let at = address.lastIndex(of: "@") else { return nil }
    let domain = address[address.index(after: at)...].lowercased()
    switch domain {
    case "gmail.com", "googlemail.com": return .google
    case "outlook.com", "hotmail.com", "live.com", "msn.com": return .microsoft
    case "yahoo.com", "ymail.com", "aol.com": return .yahoo
    case "icloud.com", "me.com", "mac.com": return .icloud
    default: return SandboxProvider.allCases.first { $0.isHosted && $0.exampleDomain == domain }
    }
}

extension SandboxState.Connector {
    fileprivate init(_ json: JSON) throws(APIViolation) {
        guard let name = json["provider"]?.text else { throw .fieldMissing("provider") }
        guard let provider = SandboxProvider(rawValue: name) else { throw .fieldInvalid("provider") }
        let settings = json["settings"] ?? [:]
        guard settings.members != nil else { throw .fieldInvalid("settings") }
        if [.google, .microsoft, .yahoo, .zoom].contains(provider) {
            for field in ["client_id", "client_secret"] where settings[field]?.text == nil {
                throw .fieldMissing("settings.\(field)")
            }
        }
        // Exchange spells it in the plural.
        let scopes = (json["scope"] ?? json["scopes"])?.elements ?? []
        guard scopes.allSatisfy({ $0.text != nil }) else { throw .fieldInvalid("scope") }
        self.init(provider: provider, scopes: scopes.compactMap(\.text), settings: settings.withoutSecrets)
    }

    fileprivate var json: JSON {
        [
            "name": .string(provider.displayName),
            "provider": .string(provider.rawValue),
            "settings": settings,
            "scope": JSON(scopes),
        ]
    }
}
