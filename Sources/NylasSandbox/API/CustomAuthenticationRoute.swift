import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// What `POST /v3/connect/custom` asked for, checked: the two variants that need no person.
private struct CustomAuthentication {
    var provider: SandboxProvider
    var address: String
    var credentialID: String
    /// Google's, as asked for; nil for the connector's own.
    var scopes: [String]?
    var state: String?

    private static let members: Set<String> = ["provider", "settings", "state", "scope", "credential_id"]
    private static let settings: Set<String> = ["email_address", "credential_id", "scopes"]

    init(_ json: JSON) throws(APIViolation) {
        guard let name = json["provider"]?.text else { throw .fieldMissing("provider") }
        guard let provider = SandboxProvider(rawValue: name), provider == .google || provider == .microsoft else {
            throw .fieldInvalid("provider")
        }
        guard let settings = json["settings"], let members = settings.members else { throw .fieldMissing("settings") }
        // Nylas refuses what it does not know, so a misspelt `scopes` is noticed.
        for member in json.members ?? [] where !Self.members.contains(member.name) {
            throw .fieldNotPermitted(member.name)
        }
        for member in members where !Self.settings.contains(member.name) { throw .fieldNotPermitted(member.name) }
        guard let address = settings["email_address"]?.text else { throw .fieldMissing("settings.email_address") }
        guard isPlausibleAddress(address) else { throw .fieldInvalid("settings.email_address") }
        guard let credential = settings["credential_id"]?.text else { throw .fieldMissing("settings.credential_id") }
        if let list = settings["scopes"] {
            let texts = (list.elements ?? []).compactMap(\.text)
            guard provider == .google, let count = list.elements?.count, texts.count == count else {
                throw .fieldInvalid("settings.scopes")
            }
            scopes = texts
        }
        self.provider = provider
        self.address = address
        credentialID = credential
        state = json["state"]?.text
    }

    /// The address a call is about, however wrong the rest of it is: scripts name it.
    static func subject(of request: Request) -> String? {
        JSON.decode(request.content)?["settings"]?["email_address"]?.text
    }
}

extension Emulator {
    /// Makes a grant, or authenticates the one of the address again, without a login.
    var customAuthenticationRoute: Route {
        apiRoute(.post, "/v3/connect/custom", at: .custom, about: CustomAuthentication.subject) {
            [self] call throws(APIViolation) in
            let asked = try CustomAuthentication(try call.object())
            let delay = configuration.limits.consentPropagation
            let newID = newID()
            let login = SandboxGrant.Login(
                provider: asked.provider,
                email: asked.address,
                scopes: [],
                state: asked.state,
                ip: "\(call.request.client)",
                userAgent: call.request.head.headerFields[.userAgent],
                isOffline: true
            )
            let grant = try state.withLock { state throws(APIViolation) in
                guard let connector = state.connectors.first(where: { $0.provider == asked.provider }) else {
                    throw .fieldInvalid("provider")
                }
                guard let credential = state.credentials.first(where: { $0.id == asked.credentialID }),
                    credential.provider == asked.provider, credential.content.kind != .connector
                else { throw .fieldInvalid("settings.credential_id") }
                if credential.content.kind == .adminConsent {
                    guard let consented = state.consents[credential.id] else { throw .consentMissing }
                    guard call.now >= consented + (state.script.consentDelay ?? delay) else { throw .consentMissing }
                }
                var login = login
                let requested = asked.scopes ?? connector.scopes
                let scopes = requested.compactMap(asked.provider.canonicalScope)
                switch credential.content.kind {
                case .serviceAccount:
                    login.scopes = asked.provider.identityScopes + scopes
                    login.settings = .ofApplication(credential, "scopes", scopes)
                case .adminConsent, .connector:
                    // The tenant's application permissions, whatever was asked for.
                    login.scopes = applicationPermissions
                    login.settings = .ofApplication(credential, "app_permission_scopes", applicationPermissions)
                }
                state.counts.count(authenticationOf: asked.address.lowercased())
                let id = state.grants.prepare(login, newID: newID, at: call.now)
                return state.grants.authenticate(id, login, at: call.now)
            }
            guard let grant else { throw .grantNotFound }
            // As in the documented examples: the address is not in the answer.
            return .data(grant.json.without("email"), status: .created)
        }
    }
}

/// What an app at Microsoft is allowed in a tenant, as the documented example lists it.
let applicationPermissions = ["Mail.ReadWrite", "Mail.Send", "User.Read.All"]

extension JSON {
    fileprivate static func ofApplication(_ credential: SandboxCredential, _ name: String, _ scopes: [String]) -> JSON {
        .object([
            .init("app_permission", true),
            .init("credential_id", .string(credential.id)),
            .init("credential_type", .string(credential.content.kind.rawValue)),
            .init(name, JSON(scopes)),
        ])
    }

    fileprivate func without(_ name: String) -> JSON {
        .object((members ?? []).filter { $0.name != name })
    }
}
