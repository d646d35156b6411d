/// A moment of UTC, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// The unit in which the file store keeps every time. Leap seconds are not counted (POSIX time).
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microsecondsSince1970: Int64

    package init(microsecondsSince1970: Int64) {
        self.microsecondsSince1970 = microsecondsSince1970
    }

    /// Makes the moment of a whole second, clamped to what 64 bits of microseconds can hold: input never traps.
    package init(secondsSince1970 seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        self.microsecondsSince1970 = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since 1970, rounded down.
    package var secondsSince1970: Int64 {
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSince1970 < right.microsecondsSince1970
    }

    /// Saturates at the ends of the range.
    package static func + (moment: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = moment.microsecondsSince1970.addingReportingOverflow(duration.wholeMicroseconds)
        return Timestamp(microsecondsSince1970: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (moment: Timestamp, duration: Duration) -> Timestamp {
        moment + (.zero - duration)
    }

    /// How long after `earlier` this moment is; negative if it is before.
    package func duration(since earlier: Timestamp) -> Duration {
        .microseconds(microsecondsSince1970) - .microseconds(earlier.microsecondsSince1970)
    }
}

extension Duration {
    /// The duration in whole microseconds, rounded toward zero and clamped to 64 bits.
    package var wholeMicroseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000_000) }
}
