/// How long things took, in a few buckets, for some rows.
package final class DurationHistogram: Sendable {
    /// The upper bounds of the buckets, inclusive and ascending; one more bucket has no bound.
    package let bounds: [Duration]
    private let buckets: CounterTable
    /// In units of 2^30 attoseconds, a little more than a nanosecond: a division of 128 bits would cost more than all the rest.
    private let sums: CounterTable

    package init(bounds: [Duration], rows: Int = 1) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of a histogram ascend")
        self.bounds = bounds
        buckets = CounterTable(rows: rows, columns: bounds.count + 1)
        sums = CounterTable(rows: rows)
    }

    package var rows: Int { sums.rows }

    /// - Parameter duration: a negative one counts as none.
    package func record(_ duration: Duration, row: Int = 0) {
        var column = 0
        while column < bounds.count, duration > bounds[column] { column += 1 }
        buckets.add(row: row, column: column)
        sums.add(UInt64(clamping: duration.attoseconds >> Self.unitShift), row: row)
    }

    /// How many were in each bucket, not cumulated.
    package func counts(row: Int = 0) -> [UInt64] {
        (0...bounds.count).map { buckets.value(row: row, column: $0) }
    }

    package func sumSeconds(row: Int = 0) -> Double {
        Double(sums.value(row: row)) * Double(1 << Self.unitShift) * 1e-18
    }

    private static let unitShift = 30
}
