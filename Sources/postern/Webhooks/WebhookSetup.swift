import ConnectApp
import Cryptography
import GrantStore
import Webhooks

/// What the configuration says about webhooks, both ways, in the words of the room that does it.
struct WebhookSetup: Sendable {
    var targets: [WebhookTarget] = []
    /// Whom to trust at the targets instead of the system's authorities: a file.
    var trustedCertificates: String?
    /// What Nylas signs with; nil where its notifications are not received.
    var notificationKeys: [Secret<[UInt8]>]?
    /// Rung by the store when an event is on the disk.
    let bell = DeliveryBell()

    /// No webhooks: the demo.
    init() {}

    init(_ configuration: ConnectConfiguration) {
        targets = configuration.webhookTargets.map(WebhookTarget.init)
        trustedCertificates = configuration.webhookTrustedCertificates
        notificationKeys = configuration.notificationKeys
    }

    /// What every store is opened with that changes grants, in the server and in commands.
    var policy: OutboxPolicy {
        OutboxPolicy(targets: targets.map(\.name), whenTold: { [bell] in bell.ring() })
    }
}

extension ConnectConfiguration {
    /// For commands that change grants: what they do is told like what the server does, which delivers it.
    var outboxPolicy: OutboxPolicy { WebhookSetup(self).policy }
}

extension WebhookTarget {
    init(_ target: ConnectConfiguration.WebhookTarget) {
        self.init(name: target.name, origin: target.origin, pathAndQuery: target.pathAndQuery, keys: target.keys)
    }
}
