import Cryptography
import GrantStore
import Timekeeping

/// This process's name in the store, and how long it may be silent before another one takes its work over.
struct Leases: Sendable {
    /// Longer than any one call to Nylas; renewed before each.
    static let duration = Duration.seconds(90)

    let instance: String
    private let wallClock: WallClock

    init(random: RandomSource, wallClock: WallClock) {
        instance = Base64.encode(random.bytes(12), .url)
        self.wallClock = wallClock
    }

    func next() -> Lease {
        Lease(instance: instance, expiresAt: wallClock.now() + Leases.duration)
    }
}
