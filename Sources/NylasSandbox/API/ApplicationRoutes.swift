import HTTPSemantics
import HTTPTypes
import Synchronization
import Web

extension Emulator {
    /// The application and its callback URIs. The CLI and the SDKs disagree about the path of the latter, so both exist.
    var applicationRoutes: [Route] {
        [
            apiRoute(.get, "/v3/applications") { [self] _ throws(APIViolation) in
                .data([
                    "application_id": .string(configuration.clientID),
                    "organization_id": "sandbox",
                    "region": "us",
                    "environment": "staging",
                    "branding": ["name": "Nylas sandbox", "description": "Nothing here is real"],
                    "callback_uris": .array(state.withLock { $0.callbacks.map(\.json) }),
                ])
            }
        ] + ["/v3/applications/redirect-uris", "/v3/applications/callback-uris"].flatMap(callbackURIRoutes)
    }

    private func callbackURIRoutes(_ path: String) -> [Route] {
        [
            apiRoute(.get, path) { [self] _ throws(APIViolation) in
                .data(.array(state.withLock { $0.callbacks.map(\.json) }))
            },
            apiRoute(.post, path) { [self] call throws(APIViolation) in
                let callback = try SandboxConfiguration.CallbackURI(try call.object())
                let registered = SandboxState.RegisteredURI(id: newID(), callback: callback)
                state.withLock { $0.callbacks.append(registered) }
                return .data(registered.json)
            },
            apiRoute(.get, "\(path)/{id}") { [self] call throws(APIViolation) in
                guard let found = state.withLock({ $0.callbacks.first { $0.id == call.path["id"] } }) else {
                    throw .notFound
                }
                return .data(found.json)
            },
            apiRoute(.patch, "\(path)/{id}") { [self] call throws(APIViolation) in
                let callback = try SandboxConfiguration.CallbackURI(try call.object())
                let changed = state.withLock { state -> SandboxState.RegisteredURI? in
                    guard let index = state.callbacks.firstIndex(where: { $0.id == call.path["id"] }) else {
                        return nil
                    }
                    state.callbacks[index].callback = callback
                    return state.callbacks[index]
                }
                guard let changed else { throw .notFound }
                return .data(changed.json)
            },
            apiRoute(.delete, "\(path)/{id}") { [self] call throws(APIViolation) in
                let isRemoved = state.withLock { state in
                    let count = state.callbacks.count
                    state.callbacks.removeAll { $0.id == call.path["id"] }
                    return state.callbacks.count < count
                }
                guard isRemoved else { throw .notFound }
                return .done
            },
        ]
    }
}

extension SandboxState.RegisteredURI {
    fileprivate var json: JSON {
        JSON.object([
            .init("id", .string(id)),
            .init("url", .string(callback.url)),
            .init("platform", .string(callback.platform.rawValue)),
            .init(
                "settings",
                callback.settings.isEmpty
                    ? .null
                    : .object(
                        callback.settings.sorted { $0.key < $1.key }.map {
                            .init($0.key, .string($0.value))
                        }
                    )
            ),
        ]).withoutNulls
    }
}

extension SandboxConfiguration.CallbackURI {
    /// Checks an address that is to be registered: https, or http on this machine; other schemes only for apps.
    fileprivate init(_ json: JSON) throws(APIViolation) {
        guard let url = json["url"]?.text else { throw .fieldMissing("url") }
        let platform: Platform
        switch json["platform"] {
        case nil, .null: platform = .web
        case .some(let value):
            guard let known = value.text.flatMap(Platform.init) else { throw .fieldInvalid("platform") }
            platform = known
        }
        guard url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !url.contains("#") else {
            throw .fieldInvalid("url")
        }
        guard Self.isAllowed(url, platform) else { throw .callbackURINotAllowed }
        var settings: [String: String] = [:]
        for member in json["settings"]?.members ?? [] { settings[member.name] = member.value.text }
        if platform == .js, settings["origin"] == nil { throw .fieldMissing("settings.origin") }
        if platform == .ios, settings["bundle_id"] == nil { throw .fieldMissing("settings.bundle_id") }
        if platform == .android {
            for name in ["package_name", "sha1_certificate_fingerprint"] where settings[name] == nil {
                throw .fieldMissing("settings.\(name)")
            }
        }
        self.init(url: url, platform: platform, settings: settings)
    }

    private static func isAllowed(_ url: String, _ platform: Platform) -> Bool {
        let scheme = url.prefix { $0 != ":" }
        let afterScheme = url.dropFirst(scheme.count)
        guard !scheme.isEmpty, afterScheme.hasPrefix("://") else { return false }
        let rest = afterScheme.dropFirst(3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else { return false }
        switch scheme {
        case "https": return true
        case "http":
            let host = authority.hasPrefix("[") ? authority : authority.prefix { $0 != ":" }
            return host == "localhost" || host == "127.0.0.1" || host.hasPrefix("[::1]")
        default: return platform == .ios || platform == .android || platform == .desktop
        }
    }
}
