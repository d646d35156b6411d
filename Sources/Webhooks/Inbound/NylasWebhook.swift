package import Cryptography
package import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
package import Logging
import Timekeeping
package import Web

/// Where Nylas tells what happens to grants: `GET` is its challenge, `POST` a notification (`nylas-api` §12).
///
/// A notification is a hint: which grant to look at. The hint is on the disk before it is answered 200, and ``GrantReading``
/// then asks Nylas. Only of grants that the store knows: nobody can make Postern ask for others.
package struct NylasWebhook: Sendable {
    package static let path = "/webhooks/nylas"
    static let contentLimitBytes = 1 << 20
    /// Of the challenge's value.
    static let challengeLimit = 256

    private let signature: NylasSignature
    private let store: any HintStore
    private let reading: GrantReading
    private let errors: ErrorPages
    private let headers: SecurityHeaders
    private let rate: RateLimit
    private let log: WebhookLog

    /// - Parameters:
    ///   - keys: empty before Nylas has made the secret, which it does only after a challenge was answered.
    ///   - rate: counts refused notifications by client network.
    ///   - count: called with each notification; must not block.
    package init(
        keys: [Secret<[UInt8]>],
        store: any HintStore,
        reading: GrantReading,
        errors: ErrorPages,
        headers: SecurityHeaders,
        rate: RateLimit,
        logger: Logger,
        count: @escaping @Sendable (WebhookCount) -> Void = { _ in }
    ) {
        signature = NylasSignature(keys: keys)
        self.store = store
        self.reading = reading
        self.errors = errors
        self.headers = headers
        self.rate = rate
        log = WebhookLog(logger, count: count)
    }

    package var routes: [Route] {
        [
            Route(.get, Self.path) { request, _ in challenge(request) },
            Route(.post, Self.path, contentLimitBytes: Self.contentLimitBytes) { request, _ in
                await notification(request)
            },
        ]
    }

    /// Answers the bare value, as text that no browser takes for a page; anything but one plain value is refused.
    private func challenge(_ request: Request) -> Response {
        guard let pairs = try? FormCoding.decode(request.target.query ?? "", limits: FormCoding.Limits(pairs: 2)),
            pairs.count == 1, let (name, value) = pairs.first, name == "challenge", Self.isPlain(value)
        else { return refuse(.malformedChallenge, .badRequest, request) }
        log(.challenged, reference: request.id.text)
        return answer(Array(value.utf8))
    }

    /// What Nylas sends is a word; markup, spaces and anything that could be read as more than a word never come back.
    static func isPlain(_ value: String) -> Bool {
        (1...challengeLimit).contains(value.utf8.count)
            && value.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "="):
                    true
                default: false
                }
            }
    }

    private func notification(_ request: Request) async -> Response {
        if let wait = rate.wait(for: request.client) {
            var response = refuse(.tooMany, .tooManyRequests, request)
            response.addRetryAfter(wait)
            return response
        }
        if let rule = signature.refusal(of: request.content, request.head.headerFields) {
            // Nylas comes again after 503: there will be a secret by then, or the operator sees why not.
            if rule == .noSecret { return refuse(rule, .serviceUnavailable, request) }
            _ = rate.take(by: request.client)
            return refuse(rule, .forbidden, request)
        }
        let grant: GrantID
        do throws(NotificationRefusal) {
            switch try Notification(request.content, request.head.headerFields) {
            case .grant(let id): grant = id
            case .other:
                log(.ignored(.otherType), reference: request.id.text)
                return answer([])
            }
        } catch {
            return refuse(error, error == .unsupportedCoding ? .unsupportedMediaType : .badRequest, request)
        }
        do throws(StoreError) {
            guard try await store.noteHint(grant) else {
                log(.ignored(.unknownGrant), reference: request.id.text)
                return answer([])
            }
        } catch {
            log(.storeFailed(error), reference: request.id.text)
            return refuse(.storeFailed, .serviceUnavailable, request)
        }
        log(.noted(grant), reference: request.id.text)
        reading.ring()
        return answer([])
    }

    private func answer(_ content: [UInt8]) -> Response {
        var response = Response(status: .ok, fixed: headers.fixed(for: .data), content: content)
        response.append(HTTPField(name: .contentType, value: "text/plain; charset=utf-8"))
        return response
    }

    private func refuse(_ rule: NotificationRefusal, _ fault: HTTPFault, _ request: Request) -> Response {
        log(.refused(rule), reference: request.id.text)
        return errors.response(fault, to: request)
    }
}
