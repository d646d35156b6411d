import ConnectApp
import Cryptography
import HTTPSemantics
import HTTPTypes
import Web

/// Lets in who brings a token that is configured (RFC 6750).
///
/// Whoever has a good one is never held up by others' failures: 256 random bits need no lock-out. The rate keeps guessing from
/// costing time and log.
struct TokenGate: Sendable {
    /// Of the text of a token: shorter ones could be guessed, longer ones are none of ours.
    static let lengths = 32...256

    let tokens: [APIToken]
    let failures: RateLimit

    /// Who calls, if that is somebody who may.
    func admit(_ request: Request, for scope: APIToken.Scope) throws(APIProblem) -> APIToken {
        let token: APIToken
        do throws(APIProblem) {
            token = try self.token(in: request.head.headerFields)
        } catch {
            if let wait = failures.take(by: request.client) {
                throw APIProblem(.tooManyFailures, retryAfter: wait)
            }
            throw error
        }
        guard token.scope.covers(scope) else { throw APIProblem(.insufficientScope) }
        return token
    }

    /// Whether these fields have a token that is good for this; says nothing to anybody, and counts no failure.
    func covers(_ scope: APIToken.Scope?, _ fields: HTTPFields) -> Bool {
        guard let scope, let token = try? token(in: fields) else { return false }
        return token.scope.covers(scope)
    }

    private func token(in fields: HTTPFields) throws(APIProblem) -> APIToken {
        let values = fields[values: .authorization]
        guard let value = values.first else { throw APIProblem(.tokenMissing) }
        guard values.count == 1 else { throw APIProblem(.invalidRequest) }
        // Another scheme than ours is no token at all (§3.1); ours without a token is a fault.
        guard value.lowercased().hasPrefix("bearer") else { throw APIProblem(.tokenMissing) }
        guard let text = bearerToken(value) else { throw APIProblem(.invalidRequest) }
        guard TokenGate.lengths.contains(text.utf8.count) else { throw APIProblem(.invalidToken) }
        let digest = SHA256.digest(text)
        // All of them are compared, so that the time says nothing about which one came close.
        var found: APIToken?
        for token in tokens where constantTimeEquals(token.digest, digest) { found = token }
        guard let found else { throw APIProblem(.invalidToken) }
        return found
    }
}

/// The token of `Bearer 1*SP b64token` (RFC 6750 §2.1), the scheme in any case (RFC 9110 §11.1); nil for anything else.
private func bearerToken(_ value: String) -> String? {
    let scheme = "bearer "
    guard value.utf8.count > scheme.utf8.count, value.prefix(scheme.count).lowercased() == scheme else { return nil }
    let token = value.dropFirst(scheme.count).drop { $0 == " " }
    let body = token.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
    guard !body.isEmpty,
        body.allSatisfy({ byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        })
    else { return nil }
    return String(token)
}

extension APIProblem {
    /// What `WWW-Authenticate` says (RFC 6750 §3); nil for a problem that has nothing to do with a token.
    ///
    /// - Parameter scope: what the operation needs.
    func challenge(_ scope: APIToken.Scope?) -> String? {
        let realm = #"Bearer realm="postern""#
        return switch code {
        // Without a token there is no error to tell (§3.1).
        case .tokenMissing: realm
        case .invalidToken: realm + #", error="invalid_token""#
        case .invalidRequest: realm + #", error="invalid_request""#
        case .insufficientScope: realm + #", error="insufficient_scope", scope="\#(scope?.rawValue ?? "")""#
        default: nil
        }
    }
}
