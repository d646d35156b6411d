package import Cryptography
package import GrantStore
package import HTTPSemantics
package import Logging
import Synchronization
package import Timekeeping

/// Takes events out of the outbox and posts them to their targets, at least once each.
package final class WebhookDelivery: Sendable {
    /// How long what was delivered, and what has failed, can be listed and replayed.
    package static let deliveredKept = Duration.seconds(7 * 86_400)
    package static let failedKept = Duration.seconds(30 * 86_400)
    static let purgeInterval = Duration.seconds(3600)
    static let backlogInterval = Duration.seconds(15)

    private let deliveries: [TargetDelivery]
    private let names: [String]
    private let store: any OutboxStore
    private let wallClock: WallClock
    private let clock: any Clock<Duration>
    private let log: WebhookLog
    private let lastBacklog = Mutex<[String: OutboxBacklog]>([:])

    /// - Parameters:
    ///   - bell: rung by the store's ``OutboxPolicy``.
    ///   - exchange: reaches the targets.
    ///   - count: called with each attempt; must not block.
    package init(
        targets: [WebhookTarget],
        store: any OutboxStore,
        bell: DeliveryBell,
        exchange: any HTTPExchange,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        random: RandomSource,
        logger: Logger,
        count: @escaping @Sendable (WebhookCount) -> Void = { _ in }
    ) {
        let log = WebhookLog(logger, count: count)
        let instance = Base64.encode(random.bytes(12), .url)
        names = targets.map(\.name)
        deliveries = targets.map { target in
            TargetDelivery(
                target: target,
                store: store,
                exchange: exchange,
                schedule: DeliverySchedule(random: random),
                instance: instance,
                wallClock: wallClock,
                clock: clock,
                bell: bell.listener(),
                log: log
            )
        }
        self.store = store
        self.wallClock = wallClock
        self.clock = clock
        self.log = log
    }

    /// Delivers until ``drain()``, or until the task is cancelled; returns at once without targets.
    package func run() async {
        guard !deliveries.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "webhook purge") { await self.purge() }
            group.addTask(name: "webhook backlog") { await self.watchBacklog() }
            await withTaskGroup(of: Void.self) { targets in
                for delivery in deliveries {
                    targets.addTask(name: "webhook target") { await delivery.run() }
                }
            }
            group.cancelAll()
        }
    }

    /// Begins no more attempts, and gives those in hand two seconds.
    package func drain() {
        for delivery in deliveries { delivery.drain() }
    }

    /// How much waited and had failed for each target, some seconds ago.
    package var backlog: [(target: String, backlog: OutboxBacklog)] {
        let known = lastBacklog.withLock { $0 }
        return names.map { ($0, known[$0] ?? OutboxBacklog(waiting: 0, failed: 0, oldestWaiting: nil)) }
    }

    private func purge() async {
        repeat {
            let now = wallClock.now()
            do throws(StoreError) {
                let count = try await store.purgeOutbox(
                    deliveredBefore: now - Self.deliveredKept,
                    failedBefore: now - Self.failedKept
                )
                if count > 0 { log(.purged(count)) }
            } catch {
                log(.storeFailed(error))
            }
        } while (try? await clock.sleep(for: Self.purgeInterval)) != nil
    }

    private func watchBacklog() async {
        repeat {
            // A store that does not answer is told by whoever needs it.
            if let backlog = try? await store.outboxBacklog() { lastBacklog.withLock { $0 = backlog } }
        } while (try? await clock.sleep(for: Self.backlogInterval)) != nil
    }
}
