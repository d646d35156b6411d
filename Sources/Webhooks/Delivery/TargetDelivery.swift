import Cryptography
import GrantStore
import HTTPSemantics
import Synchronization
import Timekeeping

/// Delivers to one target, a few events at a time, and waits for no other target.
final class TargetDelivery: Sendable {
    /// Attempts of one process at once: what a target that hangs can hold.
    static let attemptsAtOnce = 8
    /// How often events of other processes are looked for, and those whose holder has died.
    static let interval = Duration.seconds(5)
    /// What attempts in hand are given at a shutdown.
    static let grace = Duration.seconds(2)

    private struct State {
        var inHand = 0
        var isDraining = false
        /// What is in hand is not waited for any more.
        var isOver = false
        /// A store that does not answer is told once.
        var storeFailed = false
    }

    private let target: WebhookTarget
    private let store: any OutboxStore
    private let exchange: any HTTPExchange
    private let schedule: DeliverySchedule
    private let instance: String
    private let wallClock: WallClock
    private let clock: any Clock<Duration>
    private let bell: Bell
    private let log: WebhookLog
    private let state = Mutex(State())

    init(
        target: WebhookTarget,
        store: any OutboxStore,
        exchange: any HTTPExchange,
        schedule: DeliverySchedule,
        instance: String,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        bell: Bell,
        log: WebhookLog
    ) {
        self.target = target
        self.store = store
        self.exchange = exchange
        self.schedule = schedule
        self.instance = instance
        self.wallClock = wallClock
        self.clock = clock
        self.bell = bell
        self.log = log
    }

    /// Delivers until ``drain()``, and then gives what is in hand a moment; or until the task is cancelled.
    ///
    /// An attempt that is cut off is due again at once, for whoever comes next.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, !isDraining {
                let (entries, wait) = await look()
                for entry in entries {
                    group.addTask(name: "webhook") {
                        await self.attempt(entry)
                        self.state.withLock { $0.inHand -= 1 }
                        self.bell.ring()
                    }
                }
                if wait > .zero { await bell.rung { [clock] in try? await clock.sleep(for: wait) } }
            }
            group.addTask {
                try? await self.clock.sleep(for: Self.grace)
                self.state.withLock { $0.isOver = true }
                self.bell.ring()
            }
            while !Task.isCancelled, state.withLock({ $0.inHand > 0 && !$0.isOver }) {
                await bell.rung { [clock] in try? await clock.sleep(for: Self.grace) }
            }
            group.cancelAll()
        }
    }

    func drain() {
        state.withLock { $0.isDraining = true }
        bell.ring()
    }

    private var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Takes what is due, as far as there are hands for it.
    ///
    /// - Returns: that, and how long nothing else can be due.
    private func look() async -> ([OutboxEntry], Duration) {
        let free = Self.attemptsAtOnce - state.withLock { $0.inHand }
        // Whoever is finished first rings.
        guard free > 0 else { return ([], Self.interval) }
        do throws(StoreError) {
            // Looked first, since taking is a transaction that has to be synced.
            guard let due = try await store.nextDue(for: target.name) else { return ([], Self.interval) }
            let now = wallClock.now()
            guard due <= now else { return ([], min(due.duration(since: now), Self.interval)) }
            let lease = Lease(instance: instance, expiresAt: now + DeliverySchedule.lease)
            let entries = try await store.takeDue(for: target.name, limit: free, lease: lease, at: now)
            state.withLock { state in
                state.inHand += entries.count
                state.storeFailed = false
            }
            // There may be more than we have taken; with no hand free, the first that is gets it.
            return (entries, entries.count < free ? .zero : Self.interval)
        } catch {
            if !state.withLock({ state in
                defer { state.storeFailed = true }
                return state.storeFailed
            }) {
                log(.storeFailed(error))
            }
            return ([], Self.interval)
        }
    }

    private func attempt(_ entry: OutboxEntry) async {
        let event = entry.event
        let message = DeliveryMessage(event, to: target, at: wallClock.now())
        let result: AttemptResult
        do throws(ExchangeError) {
            let response = try await exchange.response(to: message.request)
            result = AttemptResult(response.head, at: wallClock.now())
        } catch {
            result = AttemptResult(error)
        }
        let now = wallClock.now()
        let delivery = entry.deliveries.first
        let (attempts, first) = (delivery?.attempts ?? 1, delivery?.firstAttemptAt ?? now)
        let standing: OutboxDelivery.Standing
        switch result {
        case .delivered: standing = .delivered(at: now)
        case .gone: standing = .failed(at: now)
        case .failed(.noAnswer(.cancelled), _): standing = .waiting(until: now)
        case .failed(_, let retryAfter):
            let next = schedule.next(afterAttempt: attempts, begunAt: first, at: now, retryAfter: retryAfter)
            standing = next.map { .waiting(until: $0) } ?? .failed(at: now)
        }
        do throws(StoreError) {
            _ = try await store.settle(event.id, for: target.name, as: standing, result: result.word, heldBy: instance)
        } catch {
            // The lease lapses, and it is attempted again: the receiver knows the ID.
            log(.storeFailed(error))
        }
        log(.attempted(event, target: target.name, attempt: attempts, result, standing))
    }
}
