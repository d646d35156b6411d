import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// The way of a browser: `/v3/connect/auth` → choose a provider → sign in → consent → back to the redirect URI.
extension Emulator {
    var hostedRoutes: [Route] {
        let contentLimitBytes = 16 << 10
        return [
            Route(.get, "/v3/connect/auth") { [self] request, _ in authorize(request) },
            Route(.get, "/login/{login}") { [self] request, path in
                withLogin(path, request) { id, login in page(chooserPage(id, login, refusedAddress: nil)) }
            },
            Route(.post, "/login/{login}/detect", contentLimitBytes: contentLimitBytes) { [self] request, path in
                withLogin(path, request) { id, login in detect(id, login, request) }
            },
            Route(.get, "/login/{login}/consent") { [self] request, path in
                withLogin(path, request) { id, login in
                    guard let provider = login.provider, let address = login.address else {
                        return .seeOther("/login/\(id)", headers: pageHeaders)
                    }
                    return page(consentPage(id, login, provider, address, scopes: requestedScopes(login, provider)))
                }
            },
            Route(.post, "/login/{login}/consent", contentLimitBytes: contentLimitBytes) { [self] request, path in
                withLogin(path, request) { id, login in decide(id, login, request) }
            },
            Route(.get, "/login/{login}/{provider}") { [self] request, path in
                withLogin(path, request) { id, login in
                    guard let provider = choice(path["provider"], in: login) else {
                        return errors.response(.notFound, to: request)
                    }
                    let address = login.address ?? login.request.loginHint ?? ""
                    return page(signInPage(id, login, provider, address: address, isRefused: false))
                }
            },
            Route(.post, "/login/{login}/{provider}", contentLimitBytes: contentLimitBytes) { [self] request, path in
                withLogin(path, request) { id, login in signIn(id, login, path["provider"], request) }
            },
        ]
    }

    // MARK: Start

    private func authorize(_ request: Request) -> Response {
        let route = "GET /v3/connect/auth"
        let now = wallClock.now()
        let (callbacks, connectors) = state.withLock { state in
            state.counts.count(request: route)
            return (state.callbacks.map(\.callback), state.connectors.map(\.provider))
        }
        let authorization: AuthorizationRequest
        do throws(AuthorizationViolation) {
            authorization = try AuthorizationRequest(
                query: request.target.query,
                clientID: configuration.clientID,
                callbacks: callbacks,
                connectors: connectors
            )
        } catch {
            return refusal(error, to: request)
        }
        let candidates = offered(authorization, connectors)
        guard let first = candidates.first else {
            return refusal(
                .providerWithoutConnector(.init(redirectURI: authorization.callback.url, state: authorization.state)),
                to: request
            )
        }
        let id = newSecret()
        var login = HostedLogin(request: authorization)
        let (scripted, approval) = state.withLock { ($0.script.nextAuthorization(), $0.script.autoApproval) }
        login.scripted = scripted
        if scripted?.outcome == .connectorMissing {
            return refusal(deletingConnectors(of: candidates, authorization), to: request)
        }
        if authorization.responseType == .adminConsent {
            return beginConsent(id, login, isApproved: (approval ?? queryApproval(request)) != nil, request)
        }
        if let approval = approval ?? queryApproval(request) {
            let address = approval.address ?? authorization.loginHint ?? "person-{n}@\(first.exampleDomain)"
            login.provider = first
            login.address = state.withLock { state in
                guard address.contains("{n}") else { return address }
                state.inventedAddresses += 1
                return address.replacing("{n}", with: String(state.inventedAddresses))
            }
            let location = conclude(login, first, Decision(), request)
            return Response(status: .found, fields: redirectFields(to: location))
        }
        state.withLock { $0.logins.insert(login, for: id, at: now) }
        let path = candidates.count == 1 ? "/login/\(id)/\(first.rawValue)" : "/login/\(id)"
        return Response(status: .found, fields: redirectFields(to: path))
    }

    /// `auto=approve` in the address itself: for a load generator that has the address in hand and not the script.
    private func queryApproval(_ request: Request) -> Script.AutoApproval? {
        guard let query = try? Parameters(query: request.target.query), query["auto"] == "approve" else { return nil }
        return Script.AutoApproval(address: query["auto_address"])
    }

    func redirectFields(to location: String) -> HTTPFields {
        var fields = pageHeaders.fields(for: .redirect)
        fields[.location] = location
        return fields
    }

    /// What a person can choose from: what was asked for, or everything that has a connector.
    func offered(_ authorization: AuthorizationRequest, _ connectors: [SandboxProvider]) -> [SandboxProvider] {
        authorization.providers.isEmpty ? connectors.filter(\.isHosted) : authorization.providers
    }

    func offered(_ login: HostedLogin) -> [SandboxProvider] {
        offered(login.request, state.withLock { $0.connectors.map(\.provider) })
    }

    // MARK: Steps

    func withLogin(
        _ path: PathParameters,
        _ request: Request,
        _ handle: (String, HostedLogin) -> Response
    ) -> Response {
        let id = path["login"] ?? ""
        let now = wallClock.now()
        guard let login = state.withLock({ $0.logins.value(for: id, at: now) }) else {
            return page(expiredPage, status: .badRequest)
        }
        return handle(id, login)
    }

    private func choice(_ name: String?, in login: HostedLogin) -> SandboxProvider? {
        guard let provider = name.flatMap(SandboxProvider.init), offered(login).contains(provider),
            // An administrator approves on a page of their own, and gets no code.
            login.request.responseType == .code
        else { return nil }
        return provider
    }

    private func detect(_ id: String, _ login: HostedLogin, _ request: Request) -> Response {
        guard let form = try? Parameters(form: request.content) else {
            return errors.response(.badRequest, to: request)
        }
        let address = form["address"] ?? ""
        guard let provider = detectedProvider(of: address), offered(login).contains(provider) else {
            return page(chooserPage(id, login, refusedAddress: address), status: .unprocessableContent)
        }
        state.withLock { $0.logins.update(id) { $0.address = address } }
        return .seeOther("/login/\(id)/\(provider.rawValue)", headers: pageHeaders)
    }

    /// Takes the address; whatever was typed as a password is not even looked at.
    private func signIn(_ id: String, _ login: HostedLogin, _ name: String?, _ request: Request) -> Response {
        guard let provider = choice(name, in: login) else { return errors.response(.notFound, to: request) }
        guard let form = try? Parameters(form: request.content) else {
            return errors.response(.badRequest, to: request)
        }
        if form["decision"] == "cancel" {
            return .seeOther(conclude(login, provider, Decision(isApproved: false), request), headers: pageHeaders)
        }
        let address = form["address"] ?? ""
        guard isPlausibleAddress(address) else {
            return page(
                signInPage(id, login, provider, address: address, isRefused: true),
                status: .unprocessableContent
            )
        }
        state.withLock { state in
            state.logins.update(id) { login in
                login.provider = provider
                login.address = address
            }
        }
        return .seeOther("/login/\(id)/consent", headers: pageHeaders)
    }

    private func decide(_ id: String, _ login: HostedLogin, _ request: Request) -> Response {
        guard let provider = login.provider, login.address != nil else {
            return .seeOther("/login/\(id)", headers: pageHeaders)
        }
        guard let form = try? Parameters(form: request.content), let decision = Decision(form) else {
            return errors.response(.badRequest, to: request)
        }
        return .seeOther(conclude(login, provider, decision, request), headers: pageHeaders)
    }
}

/// One `@` with something on both sides, and nothing that a field or a page would trip over.
func isPlausibleAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    return text.utf8.count <= AuthorizationRequest.hintLimit && parts.count == 2 && !parts.contains("")
        && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
}
