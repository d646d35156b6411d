import GrantStore
import Grants
import Logging
import Nylas

/// What happens to webhooks, as an operator may read it: names of ours and of the configuration, IDs, status codes.
///
/// Never an address of a target (it may hold a secret), a signature, a body, or anything that a target or a sender said.
enum WebhookEvent {
    case attempted(OutboxEvent, target: String, attempt: Int, AttemptResult, OutboxDelivery.Standing)
    case purged(Int)
    case storeFailed(StoreError)
    case challenged
    case refused(NotificationRefusal)
    case noted(GrantID)
    case ignored(IgnoredNotification)
    case grantRead(GrantID, isGone: Bool)
    case grantUnread(GrantID, NylasError)
    case grantGivenUp(GrantID)
}

/// Why a request at the inbound address was refused.
package enum NotificationRefusal: String, Error, Hashable, Sendable, CaseIterable {
    case malformedChallenge = "malformed challenge"
    case noSecret = "no secret configured"
    case signatureMissing = "signature missing"
    case signatureMalformed = "signature malformed"
    case signatureWrong = "signature wrong"
    case unsupportedCoding = "unsupported content coding"
    case malformedContent = "malformed content"
    case tooMany = "too many from one network"
    case storeFailed = "store failed"
}

/// Notifications that are fine and change nothing.
package enum IgnoredNotification: String, Hashable, Sendable, CaseIterable {
    /// Of another family: messages, events, …
    case otherType = "other type"
    case unknownGrant = "unknown grant"
}

/// What is counted; the cases of its enums are the values of labels.
package enum WebhookCount: Hashable, Sendable {
    package enum Attempt: String, Sendable, CaseIterable {
        case delivered
        /// Again later.
        case retried
        case failed
    }

    case attempt(target: String, Attempt)
    case noted
    case refused(NotificationRefusal)
    case ignored(IgnoredNotification)
    case grantRead
    case grantUnread
}

struct WebhookLog: Sendable {
    private let logger: Logger
    private let count: @Sendable (WebhookCount) -> Void

    init(_ logger: Logger, count: @escaping @Sendable (WebhookCount) -> Void) {
        self.logger = logger
        self.count = count
    }

    func callAsFunction(_ event: WebhookEvent, reference: String? = nil) {
        if let counted = WebhookCount(event) { count(counted) }
        let (level, name, details) = describe(event)
        var metadata = Logger.Metadata(minimumCapacity: details.count + 1)
        for (key, value) in details { metadata[key] = .string(value) }
        if let reference { metadata["reference"] = .string(reference) }
        logger.log(level: level, Logger.Message(stringLiteral: name), metadata: metadata)
    }

    private func describe(_ event: WebhookEvent) -> (Logger.Level, String, [(String, String)]) {
        switch event {
        case .attempted(let event, let target, let attempt, let result, let standing):
            let details = [
                ("event_id", event.id.text), ("type", event.type.rawValue), ("target", target),
                ("attempt", "\(attempt)"), ("result", result.word),
            ]
            return switch standing {
            case .delivered: (.info, "webhook delivered", details)
            case .waiting: (.warning, "webhook not delivered, again later", details)
            case .failed: (.error, "webhook given up", details)
            }
        case .purged(let count): return (.debug, "old webhooks forgotten", [("count", "\(count)")])
        case .storeFailed(let error): return (.error, "store failed", [("step", "webhooks"), ("cause", "\(error)")])
        case .challenged: return (.info, "webhook challenge answered", [])
        case .refused(let rule): return (.notice, "notification refused", [("rule", rule.rawValue)])
        case .noted(let grant): return (.info, "notification noted", [("grant", grant.text)])
        case .ignored(let reason): return (.debug, "notification ignored", [("reason", reason.rawValue)])
        case .grantRead(let grant, let isGone):
            return (.info, isGone ? "notified grant is gone" : "notified grant read", [("grant", grant.text)])
        case .grantUnread(let grant, let error):
            let level: Logger.Level = if case .unauthorized = error { .error } else { .warning }
            return (level, "notified grant not read", [("grant", grant.text), ("cause", error.summary)])
        case .grantGivenUp(let grant): return (.error, "notified grant given up", [("grant", grant.text)])
        }
    }
}

extension WebhookCount {
    fileprivate init?(_ event: WebhookEvent) {
        switch event {
        case .attempted(_, let target, _, _, let standing):
            switch standing {
            case .delivered: self = .attempt(target: target, .delivered)
            case .waiting: self = .attempt(target: target, .retried)
            case .failed: self = .attempt(target: target, .failed)
            }
        case .noted: self = .noted
        case .refused(let rule): self = .refused(rule)
        case .ignored(let reason): self = .ignored(reason)
        case .grantRead: self = .grantRead
        case .grantUnread: self = .grantUnread
        case .purged, .storeFailed, .challenged, .grantGivenUp: return nil
        }
    }
}
