import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// What can be asked about a token, and how it ends. Their errors have the OAuth shape too.
extension Emulator {
    var tokenInfoRoutes: [Route] {
        [
            oauthRoute(.get, "/v3/connect/tokeninfo") { [self] request, query throws(OAuthViolation) in
                try tokenInfo(request, query)
            },
            oauthRoute(.post, "/v3/connect/revoke") { [self] _, query throws(OAuthViolation) in
                try revoke(query)
                return [:]
            },
        ]
    }

    private func tokenInfo(_ request: Request, _ query: Parameters) throws(OAuthViolation) -> JSON {
        let candidates: [(String?, IssuedToken.Kind)] = [(query["access_token"], .access), (query["id_token"], .id)]
        let given = candidates.filter { $0.0 != nil }
        guard given.count == 1, let (text, kind) = given.first, let text else {
            throw .parameterMissing("id_token or access_token, exactly one")
        }
        let now = wallClock.now()
        let found = state.withLock { state -> (IssuedToken, SandboxGrant)? in
            guard let token = state.token(text, at: now), let grant = state.grants[token.grantID] else { return nil }
            return (token, grant)
        }
        guard let (token, grant) = found, token.kind == kind else { throw .tokenNotValid }
        return [
            "request_id": .string(request.id.text),
            "data": [
                "iss": "https://nylas.com",
                "aud": .string(configuration.clientID),
                "sub": .string(grant.id),
                "email": .string(grant.login.email),
                "iat": .integer(token.issuedAt),
                "exp": .integer(token.expiresAt),
            ],
        ]
    }

    /// Ends a token, its refresh token and the other tokens of that. The grant lives on.
    private func revoke(_ query: Parameters) throws(OAuthViolation) {
        guard let text = query["token"] else { throw .parameterMissing("token") }
        let now = wallClock.now()
        let isRevoked = state.withLock { state in
            let token = state.token(text, at: now) ?? state.refreshTokens.value(for: digest(of: text), at: now)
            guard let token else { return false }
            state.tokens.removeAll { $0.family == token.family }
            state.refreshTokens.removeAll { $0.family == token.family }
            return true
        }
        guard isRevoked else { throw .tokenNotValid }
    }

    private func oauthRoute(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ handle: @escaping @Sendable (Request, Parameters) throws(OAuthViolation) -> JSON
    ) -> Route {
        Route(method, path, contentLimitBytes: method == .get ? 0 : 64 << 10) { [self] request, _ in
            let fault = begin("\(method) \(path)", at: .api)
            return await answer(under: fault) { violation in
                oauthResponse(violation == .rateLimited ? .rateLimited : .internalFault, to: request)
            } handling: {
                do throws(OAuthViolation) {
                    guard let query = try? Parameters(query: request.target.query) else { throw .contentUnreadable }
                    guard query.repeated.isEmpty else { throw .parameterRepeated }
                    return jsonResponse(try handle(request, query), .ok, to: request)
                } catch {
                    return oauthResponse(error, to: request)
                }
            }
        }
    }

    /// Envelope B of `nylas-api.md`, §1.5: two of the SDKs need all four fields.
    func oauthResponse(_ violation: OAuthViolation, to request: Request) -> Response {
        let json: JSON = [
            "error": .string(violation.error),
            "error_code": .integer(violation.errorCode),
            "error_description": .string(violation.errorDescription),
            "error_uri": .string(OAuthViolation.errorURI),
            "request_id": .string(request.id.text),
        ]
        return jsonResponse(json, violation.status, to: request)
    }
}
