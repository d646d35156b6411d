import Cryptography
import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

extension Emulator {
    /// The token endpoint (RFC 6749 §3.2): codes and refresh tokens against access tokens.
    var tokenRoute: Route {
        Route(.post, "/v3/connect/token", contentLimitBytes: 64 << 10) { [self] request, _ in await token(request) }
    }

    private func token(_ request: Request) async -> Response {
        let scripted = begin("POST /v3/connect/token", at: .token)
        let refusal = { [self] (violation: APIViolation) in
            oauthResponse(violation == .rateLimited ? .rateLimited : .internalFault, to: request)
        }
        do throws(OAuthViolation) {
            let parsed = try TokenRequest(request)
            // One use, whatever becomes of it: from here on this code is spent.
            let code = try spend(parsed.purpose)
            return await answer(under: scripted ?? code?.fault, refusal: refusal) {
                do throws(OAuthViolation) {
                    let answered = try grantAnswer(parsed, code, keyInHeader: holdsKey(request))
                    return jsonResponse(answered, .ok, to: request)
                } catch {
                    return oauthResponse(error, to: request)
                }
            }
        } catch {
            return await answer(under: scripted, refusal: refusal) { oauthResponse(error, to: request) }
        }
    }

    /// Takes a code out of circulation.
    ///
    /// - Returns: nil if the request is not about a code.
    private func spend(_ purpose: TokenRequest.Purpose) throws(OAuthViolation) -> IssuedCode? {
        guard case .exchange(let text, _, _) = purpose else { return nil }
        let key = digest(of: text)
        let now = wallClock.now()
        let code = state.withLock { state -> IssuedCode? in
            state.counts.count(exchangeOf: key)
            guard let code = state.codes.value(for: key, at: now), !code.isSpent else { return nil }
            state.codes.update(key) { $0.isSpent = true }
            return code
        }
        guard let code else { throw .codeNotValid }
        return code
    }

    private func grantAnswer(
        _ request: TokenRequest,
        _ code: IssuedCode?,
        keyInHeader: Bool
    ) throws(OAuthViolation) -> JSON {
        guard request.clientID == configuration.clientID else { throw .clientUnknown }
        // A wrong secret is never outweighed by a right one elsewhere.
        let isAuthenticated = request.clientSecret.map(isKey) ?? keyInHeader
        switch request.purpose {
        case .exchange(_, let redirectURI, let codeVerifier):
            guard let code else { throw .codeNotValid }
            let isPublic = code.callback.platform.isPublicClient && code.codeChallenge != nil
            guard isAuthenticated || (isPublic && request.clientSecret == nil) else { throw .clientNotAuthenticated }
            guard redirectURI == code.callback.url else { throw .redirectURIMismatch }
            if let challenge = code.codeChallenge {
                guard let codeVerifier, challenge.isMet(by: codeVerifier) else { throw .codeVerifierMismatch }
            }
            let provider = code.login.provider
            guard state.withLock({ $0.connectors.contains { $0.provider == provider } }) else {
                throw .connectorMissing
            }
            let now = wallClock.now()
            let grant = state.withLock { $0.grants.authenticate(code.grantID, code.login, at: now) }
            guard let grant else { throw .grantNotFound }
            return issueTokens(for: grant, withRefreshToken: code.login.isOffline, names: .all)
        case .refresh(let text):
            guard isAuthenticated else { throw .clientNotAuthenticated }
            let now = wallClock.now()
            let grant = state.withLock { state in
                state.refreshTokens.value(for: digest(of: text), at: now).flatMap { state.grants[$0.grantID] }
            }
            guard let grant else { throw .refreshTokenNotValid }
            return issueTokens(for: grant, withRefreshToken: false, names: .withoutMailbox, family: digest(of: text))
        case .grant(let id):
            guard isAuthenticated else { throw .clientNotAuthenticated }
            guard let grant = state.withLock({ $0.grants[id] }), grant.isVerified else { throw .grantNotFound }
            return issueTokens(for: grant, withRefreshToken: false, names: .withoutMailbox)
        }
    }

    /// Only the exchange of a code says whose mailbox it is.
    private enum AnswerNames {
        case all
        case withoutMailbox
    }

    private func issueTokens(
        for grant: SandboxGrant,
        withRefreshToken: Bool,
        names: AnswerNames,
        family: String? = nil
    ) -> JSON {
        let now = wallClock.now()
        let lifetime = configuration.limits.accessTokenLifetime
        let access = newSecret()
        let refresh = withRefreshToken ? newSecret() : nil
        let family = family ?? refresh.map(digest(of:)) ?? digest(of: access)
        func issued(_ kind: IssuedToken.Kind) -> IssuedToken {
            IssuedToken(
                kind: kind,
                grantID: grant.id,
                family: family,
                issuedAt: now.secondsSince1970,
                expiresAt: (now + lifetime).secondsSince1970
            )
        }
        let id = idToken(for: grant, issued(.id))
        state.withLock { state in
            state.tokens.insert(issued(.access), for: digest(of: access), at: now)
            state.tokens.insert(issued(.id), for: digest(of: id), at: now)
            if let refresh { state.refreshTokens.insert(issued(.refresh), for: digest(of: refresh), at: now) }
        }
        let isComplete = names == .all
        return JSON.object([
            .init("access_token", .string(access)),
            .init("expires_in", .integer(lifetime.components.seconds)),
            .init("token_type", "Bearer"),
            .init("id_token", .string(id)),
            .init("refresh_token", JSON(refresh)),
            .init("scope", .string(grant.login.scopes.joined(separator: " "))),
            .init("grant_id", .string(grant.id)),
            .init("email", isComplete ? .string(grant.login.email) : .null),
            .init("provider", isComplete ? .string(grant.login.provider.rawValue) : .null),
        ]).withoutNulls
    }

    /// A JWT (RFC 7519), signed with the client's secret (HS256) as the sandbox has no key of its own.
    private func idToken(for grant: SandboxGrant, _ token: IssuedToken) -> String {
        let header: JSON = ["alg": "HS256", "typ": "JWT"]
        let claims: JSON = [
            "iss": "https://nylas.com",
            "aud": .string(configuration.clientID),
            "sub": .string(grant.id),
            "email": .string(grant.login.email),
            "email_verified": true,
            "provider": .string(grant.login.provider.rawValue),
            "iat": .integer(token.issuedAt),
            "exp": .integer(token.expiresAt),
            "jti": .string(newID()),
        ]
        let signed = Base64.encode(header.encoded, .url) + "." + Base64.encode(claims.encoded, .url)
        let code = HMACSHA256.authenticationCode(for: Array(signed.utf8), key: Array(configuration.apiKey.utf8))
        return signed + "." + Base64.encode(code, .url)
    }
}
