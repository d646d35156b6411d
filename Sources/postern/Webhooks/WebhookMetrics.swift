import GrantStore
import Metrics
import Timekeeping
import Webhooks

/// Counts webhooks, out and in. A target is named as the configuration names it.
final class WebhookMetrics: Sendable {
    private let targets: [String]
    private let attempts: CounterTable
    private let noted = CounterTable()
    private let ignored = CounterTable(rows: IgnoredNotification.allCases.count)
    private let refused = CounterTable(rows: NotificationRefusal.allCases.count)
    private let looks = CounterTable(rows: 2)

    init(targets: [String]) {
        self.targets = targets
        attempts = CounterTable(rows: max(targets.count, 1), columns: WebhookCount.Attempt.allCases.count)
    }

    func note(_ count: WebhookCount) {
        switch count {
        case .attempt(let target, let outcome):
            if let row = targets.firstIndex(of: target) { attempts.add(row: row, column: outcome.index) }
        case .noted: noted.add()
        case .ignored(let reason): ignored.add(row: reason.index)
        case .refused(let rule): refused.add(row: rule.index)
        case .grantRead: looks.add(row: 0)
        case .grantUnread: looks.add(row: 1)
        }
    }

    func write(
        to exposition: inout Exposition,
        backlog: [(target: String, backlog: OutboxBacklog)],
        at now: Timestamp
    ) {
        exposition.write(Metric.webhookAttempts) { samples in
            for (row, target) in targets.enumerated() {
                for outcome in WebhookCount.Attempt.allCases {
                    samples.add(attempts.value(row: row, column: outcome.index), target, outcome.rawValue)
                }
            }
        }
        exposition.write(Metric.webhooksWaiting) { samples in
            for (target, backlog) in backlog { samples.add(backlog.waiting, target) }
        }
        exposition.write(Metric.webhooksFailed) { samples in
            for (target, backlog) in backlog { samples.add(backlog.failed, target) }
        }
        exposition.write(Metric.webhookAge) { samples in
            for (target, backlog) in backlog {
                let age = backlog.oldestWaiting.map { max(now.duration(since: $0), .zero) } ?? .zero
                samples.add(age / .seconds(1), target)
            }
        }
        exposition.write(Metric.notifications) { samples in
            samples.add(noted.value(), "noted")
            for reason in IgnoredNotification.allCases {
                samples.add(ignored.value(row: reason.index), label(reason.rawValue))
            }
        }
        exposition.write(Metric.notificationsRefused) { samples in
            for rule in NotificationRefusal.allCases {
                samples.add(refused.value(row: rule.index), label(rule.rawValue))
            }
        }
        exposition.write(Metric.notifiedGrants) { samples in
            samples.add(looks.value(row: 0), "read")
            samples.add(looks.value(row: 1), "unread")
        }
    }

    private func label(_ words: String) -> String { words.replacing(" ", with: "_") }
}
