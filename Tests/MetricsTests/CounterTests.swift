import Metrics
import Testing

@Suite("Counters")
struct CounterTests {
    @Test func `a table begins with nothing and counts each cell by itself`() {
        let table = CounterTable(rows: 2, columns: 3)
        table.add(row: 1, column: 2)
        table.add(40, row: 1, column: 2)
        table.add(row: 0, column: 2)
        let values = (0..<2).map { row in (0..<3).map { table.value(row: row, column: $0) } }
        #expect(values == [[0, 0, 1], [0, 0, 41]])
    }

    @Test func `nothing is lost when many tasks count at once`() async {
        let table = CounterTable(columns: 2)
        let histogram = DurationHistogram(bounds: [.seconds(1)])
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        table.add(column: task % 2)
                        histogram.record(.seconds(2))
                    }
                }
            }
        }
        #expect(table.value(column: 0) == 40_000)
        #expect(table.value(column: 1) == 40_000)
        #expect(histogram.counts() == [0, 80_000])
    }

    @Test func `a counter that is not there is a fault of ours`() async {
        await #expect(processExitsWith: .failure) { CounterTable(rows: 2, columns: 2).add(row: 0, column: 2) }
        await #expect(processExitsWith: .failure) { CounterTable(rows: 2, columns: 2).add(row: 2, column: 0) }
        await #expect(processExitsWith: .failure) { CounterTable(rows: 2, columns: 2).add(row: -1, column: 0) }
    }
}

@Suite("Histograms of durations")
struct DurationHistogramTests {
    @Test(arguments: [
        (Duration.zero, 0), (.milliseconds(-5), 0), (.milliseconds(1), 0), (.milliseconds(1) + .nanoseconds(1), 1),
        (.milliseconds(10), 1), (.milliseconds(11), 2), (.seconds(86_400 * 365), 2),
    ])
    func `a bound belongs to the bucket below it`(_ duration: Duration, _ bucket: Int) {
        let histogram = DurationHistogram(bounds: [.milliseconds(1), .milliseconds(10)])
        histogram.record(duration)
        var expected: [UInt64] = [0, 0, 0]
        expected[bucket] = 1
        #expect(histogram.counts() == expected)
    }

    @Test func `the sum is right to a millionth, and nothing negative lowers it`() {
        let histogram = DurationHistogram(bounds: [.seconds(1)], rows: 2)
        for _ in 0..<1000 { histogram.record(.microseconds(1500), row: 1) }
        histogram.record(.seconds(-3), row: 1)
        #expect(abs(histogram.sumSeconds(row: 1) - 1.5) < 0.000_01)
        #expect(histogram.sumSeconds(row: 0) == 0)
    }
}
