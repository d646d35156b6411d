import HTTPSemantics
import HTTPTypes
import Synchronization
import Web

extension Emulator {
    /// A connector's credentials: `/v3/connectors/{provider}/creds`.
    var credentialRoutes: [Route] {
        let path = "/v3/connectors/{provider}/creds"
        return [
            apiRoute(.get, path) { [self] call throws(APIViolation) in
                let provider = try connector(call)
                let query = try call.query()
                let page = try Page(query)
                let isAscending = try choice("order_by", query, ["desc", "asc"]) == "asc"
                let byUpdate = try choice("sort_by", query, ["created_at", "updated_at"]) == "updated_at"
                // They are kept in the order they were made, and several can be of one second.
                var found = state.withLock { $0.credentials.filter { $0.provider == provider } }
                if byUpdate { found.sort { $0.updatedAt < $1.updatedAt } }
                return .list(page.cut(isAscending ? found : found.reversed()).map(\.json), page: page)
            },
            apiRoute(.post, path) { [self] call throws(APIViolation) in
                let provider = try connector(call)
                let json = try call.object()
                guard let name = json["name"]?.text, !name.isEmpty else { throw .fieldMissing("name") }
                guard let type = json["credential_type"]?.text else { throw .fieldMissing("credential_type") }
                guard let kind = SandboxCredential.Kind(rawValue: type), kind.suits(provider) else {
                    throw .fieldInvalid("credential_type")
                }
                let content = try SandboxCredential.Content(kind: kind, json["credential_data"] ?? .null)
                let made = SandboxCredential(
                    id: newID(),
                    provider: provider,
                    name: name,
                    content: content,
                    createdAt: call.now,
                    updatedAt: call.now
                )
                let kept = state.withLock { state -> SandboxCredential? in
                    let others = state.credentials.filter { $0.provider == provider }
                    if let same = others.first(where: { $0.name == name && $0.content == content }) { return same }
                    guard !others.contains(where: { $0.name == name }) else { return nil }
                    state.credentials.append(made)
                    return made
                }
                guard let kept else { throw .credentialNameTaken }
                return .data(kept.json, status: .created)
            },
            apiRoute(.get, "\(path)/{id}") { [self] call throws(APIViolation) in
                let provider = try connector(call)
                return .data(try credential(call.path["id"], of: provider).json)
            },
            apiRoute(.patch, "\(path)/{id}") { [self] call throws(APIViolation) in
                let provider = try connector(call)
                var changed = try credential(call.path["id"], of: provider)
                let json = try call.object()
                if let name = json["name"]?.text, !name.isEmpty { changed.name = name }
                if let data = json["credential_data"] {
                    changed.content = try SandboxCredential.Content(kind: changed.content.kind, data)
                }
                changed.updatedAt = call.now
                let result = changed
                state.withLock { state in
                    guard let index = state.credentials.firstIndex(where: { $0.id == result.id }) else { return }
                    state.credentials[index] = result
                }
                return .data(result.json)
            },
            apiRoute(.delete, "\(path)/{id}") { [self] call throws(APIViolation) in
                let provider = try connector(call)
                let id = try credential(call.path["id"], of: provider).id
                state.withLock { state in
                    state.credentials.removeAll { $0.id == id }
                    state.consents[id] = nil
                    state.grants.invalidate(credential: id)
                }
                return .done
            },
        ]
    }

    private func connector(_ call: Call) throws(APIViolation) -> SandboxProvider {
        guard let provider = call.path["provider"].flatMap(SandboxProvider.init),
            state.withLock({ $0.connectors.contains { $0.provider == provider } })
        else { throw .notFound }
        return provider
    }

    private func credential(
        _ id: String?,
        of provider: SandboxProvider
    ) throws(APIViolation) -> SandboxCredential {
        let found = state.withLock { $0.credentials.first { $0.id == id && $0.provider == provider } }
        guard let found else { throw .notFound }
        return found
    }
}
