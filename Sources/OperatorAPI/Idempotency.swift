import ConnectApp
import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes

/// Answers a call that is sent again under one `Idempotency-Key` as it was answered first, for a day and to the same caller.
///
/// The store has digests of the key and of the call, and the answer sealed: a link that was made is a secret. A call that came
/// to nothing is forgotten, so that it can be mended under the same key.
struct Idempotency: Sendable {
    static let keptFor = Duration.seconds(86_400)
    /// After this long, who began a call has died.
    static let lease = Duration.seconds(60)
    static let keyLimitBytes = 255

    let store: any IdempotencyStore
    let seal: AnswerSeal

    /// - Parameter caller: whose key it is: two callers may choose the same one.
    func answer(
        _ request: Request,
        _ route: APIRoute,
        by caller: String,
        _ work: () async throws(APIProblem) -> APIAnswer
    ) async throws(APIProblem) -> APIAnswer {
        guard let key = try key(in: request.head.headerFields) else { return try await work() }
        let call = IdempotentCall(
            keyDigest: SHA256.digest("\(caller) \(key)"),
            contentDigest: SHA256.digest(
                Array("\(route.method.rawValue) \(request.target.path) \(request.target.query ?? "")\n".utf8)
                    + request.content
            )
        )
        switch try await stored({ () async throws(StoreError) in try await store.begin(call, lease: Self.lease) }) {
        case .inProgress: throw APIProblem(.idempotencyInProgress, retryAfter: .seconds(1))
        case .otherCall: throw APIProblem(.idempotencyKeyReused)
        case .answered(let sealed):
            guard let answer = seal.open(sealed, for: call.keyDigest).flatMap(APIAnswer.init(kept:)) else {
                throw APIProblem(.idempotencyAnswerLost)
            }
            return answer
        case .begun: break
        }
        let answer: APIAnswer
        do throws(APIProblem) {
            answer = try await work()
        } catch {
            // Should this fail, the lease runs out.
            try? await store.abandon(call)
            throw error
        }
        let sealed = seal.seal(answer.kept, for: call.keyDigest)
        try await stored { () async throws(StoreError) in
            try await store.finish(call, sealedAnswer: sealed, keptFor: Self.keptFor)
        }
        return answer
    }

    private func key(in fields: HTTPFields) throws(APIProblem) -> String? {
        let values = fields[values: .idempotencyKey]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...Self.keyLimitBytes).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw APIProblem(.idempotencyKeyInvalid) }
        return key
    }
}

extension APIAnswer {
    /// Two bytes of status, then the content.
    fileprivate var kept: [UInt8] {
        [UInt8(truncatingIfNeeded: status.code >> 8), UInt8(truncatingIfNeeded: status.code)] + content
    }

    fileprivate init?(kept: [UInt8]) {
        guard kept.count >= 2, case let code = Int(kept[0]) << 8 | Int(kept[1]), (200...299).contains(code) else {
            return nil
        }
        self.init(HTTPResponse.Status(code: code), content: Array(kept[2...]))
    }
}

extension HTTPField.Name {
    /// draft-ietf-httpapi-idempotency-key-header.
    static let idempotencyKey: HTTPField.Name = {
        guard let name = HTTPField.Name("Idempotency-Key") else {
            preconditionFailure("Idempotency-Key is a token, written a line above")
        }
        return name
    }()
}
