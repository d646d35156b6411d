import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

extension Emulator {
    var grantRoutes: [Route] {
        [
            apiRoute(.get, "/v3/grants", at: .grants) { [self] call throws(APIViolation) in
                let query = try GrantQuery(try call.query())
                let grants = state.withLock { $0.grants.list(query) }
                return .list(query.page.cut(grants).map(\.json), page: query.page)
            },
            apiRoute(.get, "/v3/grants/{id}", at: .grants, needsKey: false) { [self] call throws(APIViolation) in
                .data(try grant(for: call).json)
            },
            apiRoute(.patch, "/v3/grants/{id}", at: .grants) { [self] call throws(APIViolation) in
                let id = try grant(for: call).id
                let change = try call.object()
                var scopes: [String]?
                if let list = change["scope"] {
                    guard let texts = list.elements?.map(\.text), !texts.contains(nil) else {
                        throw .fieldInvalid("scope")
                    }
                    scopes = texts.compactMap(\.self)
                }
                let settings = change["settings"]
                guard settings == nil || settings?.members != nil else { throw .fieldInvalid("settings") }
                let changed = state.withLock { state in
                    state.grants.update(id) { grant in
                        if let scopes { grant.login.scopes = scopes }
                        if let settings { grant.settings = settings.withoutSecrets }
                        grant.updatedAt = call.now
                    }
                }
                guard let changed else { throw .grantNotFound }
                return .data(changed.json)
            },
            apiRoute(.delete, "/v3/grants/{id}", at: .grants) { [self] call throws(APIViolation) in
                let id = try grant(for: call).id
                guard state.withLock({ $0.grants.remove(id) }) else { throw .grantNotFound }
                return .done
            },
        ]
    }

    /// The grant a path names: by ID, address, `grant:…` or `email:…` with the application's key, by `me` with an access
    /// token of its own.
    private func grant(for call: Call) throws(APIViolation) -> SandboxGrant {
        let name = call.path["id"] ?? ""
        if name == "me" {
            guard let token = bearer(of: call.request) else { throw .keyInvalid }
            let grant = state.withLock { state in
                state.token(token, at: call.now).flatMap { $0.kind == .access ? state.grants[$0.grantID] : nil }
            }
            guard let grant else { throw .keyInvalid }
            return grant
        }
        guard holdsKey(call.request) else { throw .keyInvalid }
        let grant = state.withLock { state in
            state.grants.identifier(named: name).flatMap { state.grants[$0] }
        }
        guard let grant else { throw .grantNotFound }
        return grant
    }
}

extension SandboxState {
    /// An access or ID token that is alive and whose grant is there.
    func token(_ text: String, at moment: Timestamp) -> IssuedToken? {
        guard let token = tokens.value(for: digest(of: text), at: moment), grants[token.grantID] != nil else {
            return nil
        }
        return token
    }
}

extension JSON {
    /// Settings as they are read back: what is only ever written stays away.
    var withoutSecrets: JSON {
        guard case .object(let members) = self else { return self }
        return .object(
            members.filter { member in
                ![
                    "client_secret", "refresh_token", "password", "imap_password", "smtp_password", "ews_password",
                    "app_password",
                ].contains(member.name)
            }
        )
    }
}
