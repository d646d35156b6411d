import CLinux

/// When waiting ends: a moment of the clock that runs since the machine's start, also while that is suspended. No change of
/// the time of day moves it.
///
/// A number of its own rather than a `ContinuousClock.Instant`, whose size no compiler may know: each of those that lives
/// across an `await` is an allocation, and every request has several.
package struct Deadline: Hashable, Comparable, Sendable {
    /// Since the machine's start.
    private var nanoseconds: Int64

    package static var now: Deadline { Deadline(nanoseconds: postern_nanoseconds_since_start()) }

    package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates at 292 years.
    package static func + (moment: Deadline, duration: Duration) -> Deadline {
        let nanoseconds = Int64(clamping: duration.attoseconds / 1_000_000_000)
        let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(nanoseconds)
        return Deadline(nanoseconds: overflow ? (nanoseconds < 0 ? .min : .max) : sum)
    }

    package static func - (moment: Deadline, duration: Duration) -> Deadline {
        moment + (.zero - duration)
    }

    /// How long it is from here to `later`; negative if that is before.
    package func duration(to later: Deadline) -> Duration {
        Duration(attoseconds: (Int128(later.nanoseconds) - Int128(nanoseconds)) * 1_000_000_000)
    }

    /// The same in whole milliseconds, rounded up; 0 if `later` has come, and at most an hour.
    func millisecondsToSleep(until later: Deadline) -> Int32 {
        let (rest, overflow) = later.nanoseconds.subtractingReportingOverflow(nanoseconds)
        guard later > self else { return 0 }
        return Int32(min(overflow ? .max : rest, 3_600_000_000_000) / 1_000_000) + 1
    }
}
