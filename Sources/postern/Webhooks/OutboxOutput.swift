import GrantStore
import Grants
import Timekeeping

/// Events as the command line prints them.
enum OutboxOutput {
    private struct Object: Encodable {
        struct Delivery: Encodable {
            var target: String
            var state: String
            var attempts: Int
            var due_at: String?
            var ended_at: String?
            var last_result: String?

            init(_ delivery: OutboxDelivery) {
                target = delivery.target
                state = delivery.state.rawValue
                attempts = delivery.attempts
                last_result = delivery.lastResult
                switch delivery.standing {
                case .waiting(let until): due_at = until.rfc3339
                case .delivered(let at), .failed(let at): ended_at = at.rfc3339
                }
            }
        }

        var id: String
        var sequence: Int64
        var type: String
        var timestamp: String
        var grant_id: String?
        var deliveries: [Delivery]

        init(_ entry: OutboxEntry) {
            id = entry.event.id.text
            sequence = entry.event.number
            type = entry.event.type.rawValue
            timestamp = entry.event.at.rfc3339
            grant_id = entry.event.grantID?.text
            deliveries = entry.deliveries.map(Delivery.init)
        }
    }

    /// Without what the events say: that is for the targets.
    static func json(_ entries: [OutboxEntry]) -> String { GrantOutput.encode(entries.map(Object.init)) }

    static func table(_ entries: [OutboxEntry], target: String?) -> String {
        guard !entries.isEmpty else { return "No such event." }
        var rows = [["EVENT", "TYPE", "WHEN", "GRANT", "TARGET", "STATE", "ATTEMPTS", "LAST RESULT"]]
        for entry in entries {
            for delivery in entry.deliveries where target == nil || delivery.target == target {
                rows.append([
                    entry.event.id.text, entry.event.type.rawValue, entry.event.at.rfc3339,
                    entry.event.grantID?.text ?? "–", delivery.target, delivery.state.rawValue,
                    String(delivery.attempts), delivery.lastResult ?? "–",
                ])
            }
        }
        return GrantOutput.columns(rows)
    }
}
