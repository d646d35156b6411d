import Synchronization

/// Rung when an event is on the disk, so that it leaves at once. Made before the store, which rings it, and the delivery, which
/// listens.
package final class DeliveryBell: Sendable {
    private let alarms = Mutex<[Alarm]>([])

    package init() {}

    package func ring() {
        for alarm in alarms.withLock({ $0 }) { alarm.ring() }
    }

    func makeAlarm() -> Alarm {
        let alarm = Alarm()
        alarms.withLock { $0.append(alarm) }
        return alarm
    }
}
