import ConnectApp
import Cryptography
import GrantStore
import HTTPClient
import HTTPSemantics
import Logging
import Metrics
import Nylas
import Sockets
import Timekeeping
import Web
import Webhooks

/// Webhooks of one running Postern: what goes out, what comes in, and what is counted of both.
struct WebhookService: Sendable {
    let metrics: WebhookMetrics
    private let delivery: WebhookDelivery
    private let reading: GrantReading
    private let routesFor: @Sendable (ErrorPages) -> [Route]
    /// Reaches the targets: another client than the one to Nylas, whom other authorities may vouch for. nil without targets.
    private let client: HTTPClient?

    init(
        _ setup: WebhookSetup,
        settings: ConnectSettings,
        store: FileGrantStore,
        nylas: any HTTPExchange,
        headers: SecurityHeaders,
        on loops: [EventLoop],
        logger: Logger,
        log: LogOutput
    ) throws(CommandFailure) {
        let metrics = WebhookMetrics(targets: setup.targets.map(\.name))
        self.metrics = metrics
        client =
            setup.targets.isEmpty
            ? nil
            : try Outbound.exchange(
                on: loops,
                trusting: setup.trustedCertificates,
                key: "webhooks.trustedCertificates",
                log: log
            )
        delivery = WebhookDelivery(
            targets: setup.targets,
            store: store,
            bell: setup.bell,
            exchange: client ?? nylas,
            wallClock: .system,
            clock: ContinuousClock(),
            random: .system,
            logger: logger,
            count: { metrics.note($0) }
        )
        let reading = GrantReading(
            store: store,
            nylas: NylasClient(application: settings.nylas, exchange: nylas),
            wallClock: .system,
            clock: ContinuousClock(),
            random: .system,
            logger: logger,
            count: { metrics.note($0) }
        )
        self.reading = reading
        guard let keys = setup.notificationKeys else {
            routesFor = { _ in [] }
            return
        }
        let start = ContinuousClock.now
        let rate = RateLimit(settings.limits.refusedNotifications) {
            start.duration(to: .now)
        } isExempt: {
            settings.proxies.contains($0)
        }
        routesFor = { errors in
            NylasWebhook(
                keys: keys,
                store: store,
                reading: reading,
                errors: errors,
                headers: headers,
                rate: rate,
                logger: logger,
                count: { metrics.note($0) }
            ).routes
        }
    }

    /// What the public address serves of it; nothing where notifications are not received.
    func routes(_ errors: ErrorPages) -> [Route] { routesFor(errors) }

    /// Works until ``drain()`` and the end of what is in hand.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await delivery.run() }
            // Also without the route: what was noted under an earlier configuration is not left lying.
            group.addTask { await reading.run() }
        }
        client?.closeIdleConnections()
    }

    func drain() {
        delivery.drain()
        reading.drain()
    }

    func write(to exposition: inout Exposition, at now: Timestamp) {
        metrics.write(to: &exposition, backlog: delivery.backlog, at: now)
    }
}
