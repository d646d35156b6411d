import HTTPSemantics
import Synchronization
import Timekeeping

/// The value of the Date field (RFC 9110 §6.6.1), written once per second.
final class DateField: Sendable {
    private let wallClock: WallClock
    private let cached = Mutex<(second: Int64, text: String)>((.min, ""))

    init(_ wallClock: WallClock) {
        self.wallClock = wallClock
    }

    func text(at moment: Timestamp) -> String {
        let second = moment.secondsSince1970
        return cached.withLock { cached in
            if cached.second != second { cached = (second, HTTPDate.format(moment)) }
            return cached.text
        }
    }
}
