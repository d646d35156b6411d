package import Cryptography
package import GrantStore
package import HTTPSemantics
package import HTTPTypes
package import Timekeeping

/// A place of the host app's that events are posted to. Comes from configuration alone.
package struct WebhookTarget: Sendable {
    /// What the outbox, the log and the metrics call it.
    package var name: String
    package var origin: HTTPOrigin
    /// Begins with `/`, percent-encoded.
    package var pathAndQuery: String
    /// What signs, not empty: each makes a signature, so that a receiver can go from one to the next.
    package var keys: [Secret<[UInt8]>]

    package init(name: String, origin: HTTPOrigin, pathAndQuery: String, keys: [Secret<[UInt8]>]) {
        self.name = name
        self.origin = origin
        self.pathAndQuery = pathAndQuery
        self.keys = keys
    }
}

/// What goes over the wire for one attempt: an event, signed as of a moment (Standard Webhooks 1.0).
package struct DeliveryMessage: Sendable {
    package let request: OutboundRequest

    package init(_ event: OutboxEvent, to target: WebhookTarget, at moment: Timestamp) {
        let content = DeliveryMessage.content(of: event)
        let timestamp = String(moment.secondsSince1970)
        request = OutboundRequest(
            origin: target.origin,
            method: .post,
            pathAndQuery: target.pathAndQuery,
            fields: [
                .contentType: "application/json",
                .userAgent: "Postern",
                .webhookID: event.id.text,
                .webhookTimestamp: timestamp,
                .webhookSignature: signatures(of: content, id: event.id.text, timestamp: timestamp, keys: target.keys),
            ],
            content: content,
            timeLimit: DeliverySchedule.timeLimit,
            responseLimitBytes: 64 << 10
        )
    }

    /// The same bytes in every attempt. Nothing in the frame needs escaping: an ID, a name of ours, a time, a number.
    static func content(of event: OutboxEvent) -> [UInt8] {
        Array(
            """
            {"id":"\(event.id)","type":"\(event.type.rawValue)","timestamp":"\(event.at.rfc3339)",\
            "sequence":\(event.number),"data":\(event.data)}
            """.utf8
        )
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.content`; one for each key, separated by spaces.
func signatures(of content: [UInt8], id: String, timestamp: String, keys: [Secret<[UInt8]>]) -> String {
    let message = Array("\(id).\(timestamp).".utf8) + content
    return keys.map { key in
        let code = key.withExposed { HMACSHA256.authenticationCode(for: message, key: $0) }
        return "v1," + Base64.encode(code, .standard)
    }.joined(separator: " ")
}

extension HTTPField.Name {
    package static let webhookID = name("webhook-id")
    package static let webhookTimestamp = name("webhook-timestamp")
    package static let webhookSignature = name("webhook-signature")

    static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("a name of letters and hyphens is a token") }
        return name
    }
}
