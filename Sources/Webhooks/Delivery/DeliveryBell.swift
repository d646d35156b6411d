import Synchronization
import Timekeeping

/// Rung when an event is on the disk, so that it leaves at once. Made before the store, which rings it, and the deliveries, each
/// of which listens.
package final class DeliveryBell: Sendable {
    private let listeners = Mutex<[Bell]>([])

    package init() {}

    package func ring() {
        for bell in listeners.withLock({ $0 }) { bell.ring() }
    }

    func listener() -> Bell {
        let bell = Bell()
        listeners.withLock { $0.append(bell) }
        return bell
    }
}
