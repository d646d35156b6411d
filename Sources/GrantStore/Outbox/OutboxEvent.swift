package import Grants
package import Timekeeping

/// What the host app is told of, by the name that it gets.
package enum EventType: String, Hashable, Sendable, CaseIterable {
    /// A flow has saved a new grant.
    case grantConnected = "grant.connected"
    /// A grant we knew went through a flow again, or works again after it had expired.
    case grantReconnected = "grant.reconnected"
    /// A known grant has other scopes or another address.
    case grantChanged = "grant.changed"
    /// The provider no longer lets Nylas in: the person must connect again.
    case grantExpired = "grant.expired"
    /// The grant is gone, or an owner has left it.
    case grantRevoked = "grant.revoked"
    /// A browser came back from an administrator's consent, which proves nothing yet.
    case consentReported = "consent.reported"
    /// A grant made with the consent has proved it.
    case consentVerified = "consent.verified"
    case consentFailed = "consent.failed"
    /// Nothing happened: the operator tries a target out.
    case ping
}

/// The name of one event, the same in every attempt to deliver it: receivers tell repetitions by it.
package struct EventID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is `evt_` and 1 to 60 characters of base64url. No full stop is among them, which
    ///   separates the parts of what is signed.
    package init?(_ text: String) {
        guard text.hasPrefix("evt_"), LinkID(String(text.dropFirst(4))) != nil, text.utf8.count <= 64 else {
            return nil
        }
        self.text = text
    }

    package var description: String { text }
}

/// Something that happened, as it is written down in the transaction that made it happen.
package struct OutboxEvent: Hashable, Sendable {
    package var id: EventID
    /// Grows with every event of this store, and is never used twice: receivers may order by it. There may be gaps.
    package var number: Int64
    package var type: EventType
    package var at: Timestamp
    package var grantID: GrantID?
    /// One JSON object in UTF-8, without secrets; what it says was true at `at`.
    package var data: String

    package init(id: EventID, number: Int64, type: EventType, at: Timestamp, grantID: GrantID?, data: String) {
        self.id = id
        self.number = number
        self.type = type
        self.at = at
        self.grantID = grantID
        self.data = data
    }
}

/// How the delivery of one event to one target stands.
package struct OutboxDelivery: Hashable, Sendable {
    package enum Standing: Hashable, Sendable {
        /// The next attempt is due at this moment; while somebody attempts, when his lease runs out.
        case waiting(until: Timestamp)
        case delivered(at: Timestamp)
        /// Given up. A replay begins anew.
        case failed(at: Timestamp)
    }

    package var target: String
    package var standing: Standing
    /// Begun attempts since the event or its replay, and when the first of them began.
    package var attempts: Int
    package var firstAttemptAt: Timestamp?
    /// What the last finished attempt brought: a status code, or a word for what kept it from one. Nothing that a target said.
    package var lastResult: String?

    package init(
        target: String,
        standing: Standing,
        attempts: Int = 0,
        firstAttemptAt: Timestamp? = nil,
        lastResult: String? = nil
    ) {
        self.target = target
        self.standing = standing
        self.attempts = attempts
        self.firstAttemptAt = firstAttemptAt
        self.lastResult = lastResult
    }
}

/// An event with its deliveries, by the targets' names.
package struct OutboxEntry: Hashable, Sendable {
    package var event: OutboxEvent
    package var deliveries: [OutboxDelivery]

    package init(event: OutboxEvent, deliveries: [OutboxDelivery]) {
        self.event = event
        self.deliveries = deliveries
    }
}
