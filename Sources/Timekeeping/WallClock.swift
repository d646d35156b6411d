import Glibc

/// Where the time of day comes from: the system in `postern`, a hand in tests.
///
/// Deadlines and waits use a monotonic `Clock` instead; this one may jump when the machine's clock is set.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    package init(_ read: @escaping @Sendable () -> Timestamp) {
        self.read = read
    }

    package func now() -> Timestamp {
        read()
    }

    /// The machine's own clock (`CLOCK_REALTIME`).
    package static let system = WallClock {
        var moment = timespec()
        // Sound: `moment` lives across the call, which only writes to it.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &moment)
        return Timestamp(microsecondsSince1970: Int64(moment.tv_sec) * 1_000_000 + Int64(moment.tv_nsec) / 1000)
    }
}
