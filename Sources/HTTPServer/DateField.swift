import HTTPSemantics
import Synchronization
import Timekeeping

/// The value of the Date field (RFC 9110 §6.6.1), written once per second.
final class DateField: Sendable {
    private let cached = Mutex<(second: Int64, octets: [UInt8])>((.min, []))

    func octets(at moment: Timestamp) -> [UInt8] {
        let second = moment.secondsSince1970
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Array(HTTPDate.format(moment).utf8)) }
            return cached.octets
        }
    }
}
