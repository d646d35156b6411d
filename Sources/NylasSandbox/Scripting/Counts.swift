import HTTPSemantics

/// What has happened, for assertions: never a code, only its digest.
struct Counts: Sendable {
    /// By method and route template, such as `POST /v3/connect/token`.
    private var requests: [String: Int64] = [:]
    /// By SHA-256 of the code in hexadecimal: how often its exchange was asked for, successful or not.
    private var exchanges: [String: Int64] = [:]

    /// By address in lower case: how often a grant was really made or authenticated without a login.
    private var authentications: [String: Int64] = [:]

    static let codesAtMost = 100_000

    mutating func count(request route: String) {
        requests[route, default: 0] += 1
    }

    mutating func count(exchangeOf codeDigest: String) {
        guard exchanges.count < Counts.codesAtMost || exchanges[codeDigest] != nil else { return }
        exchanges[codeDigest, default: 0] += 1
    }

    mutating func count(authenticationOf address: String) {
        guard authentications.count < Counts.codesAtMost || authentications[address] != nil else { return }
        authentications[address, default: 0] += 1
    }

    func json(pendingSteps: Int, grants: Int) -> JSON {
        func object(_ counts: [String: Int64]) -> JSON {
            .object(counts.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) })
        }
        return [
            "requests": object(requests),
            "exchanges": object(exchanges),
            "authentications": object(authentications),
            "grants": .integer(Int64(grants)),
            "pending_steps": .integer(Int64(pendingSteps)),
        ]
    }
}
