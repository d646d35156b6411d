import Timekeeping

/// Values that live for a fixed time, found by a key; when there are too many the oldest goes.
///
/// The lifetime is one for the whole table, so the order of insertion is the order of expiry and forgetting costs
/// nothing extra. A value found after its time counts as absent.
struct ExpiringTable<Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var expiresAt: Timestamp
    }

    private let lifetime: Duration
    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var order: [String] = []
    private var oldest = 0

    init(lifetime: Duration, capacity: Int) {
        self.lifetime = lifetime
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func insert(_ value: Value, for key: String, at moment: Timestamp) {
        while oldest < order.count, entries.count >= capacity || isOver(order[oldest], at: moment) {
            entries[order[oldest]] = nil
            oldest += 1
        }
        if oldest > order.count / 2 {
            order.removeFirst(oldest)
            oldest = 0
        }
        order.append(key)
        entries[key] = Entry(value: value, expiresAt: moment + lifetime)
    }

    func value(for key: String, at moment: Timestamp) -> Value? {
        guard let entry = entries[key], moment < entry.expiresAt else { return nil }
        return entry.value
    }

    /// Changes a value in place; its time goes on as it was.
    mutating func update(_ key: String, _ change: (inout Value) -> Void) {
        guard entries[key] != nil else { return }
        withMutation(&entries[key], change)
    }

    mutating func removeAll(where isObsolete: (Value) -> Bool) {
        // The keys stay in `order` until their turn comes; removing them here would cost a pass per call.
        entries = entries.filter { !isObsolete($0.value.value) }
    }

    private func isOver(_ key: String, at moment: Timestamp) -> Bool {
        entries[key].map { $0.expiresAt <= moment } ?? true
    }

    private func withMutation(_ entry: inout Entry?, _ change: (inout Value) -> Void) {
        guard var changed = entry else { return }
        change(&changed.value)
        entry = changed
    }
}
