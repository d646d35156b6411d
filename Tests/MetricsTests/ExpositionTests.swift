import Metrics
import Testing

@Suite("Exposition, OpenMetrics 1.0 and the text format 0.0.4")
struct ExpositionTests {
    private func text(_ format: Exposition.Format, _ body: (inout Exposition) -> Void) -> String {
        var exposition = Exposition(format)
        body(&exposition)
        return String(decoding: exposition.finished(), as: UTF8.self)
    }

    private func writeAll(_ exposition: inout Exposition) {
        exposition.write(MetricFamily("a_build", .info, labels: ["version"], "What runs.")) { $0.add(1, "1.0") }
        let requests = MetricFamily("a_requests", .counter, labels: ["route", "status"], "Requests.")
        exposition.write(requests) {
            $0.add(3, "/", "200")
            $0.add(UInt64.max, "/c/{id}", "404")
        }
        exposition.write(MetricFamily("a_memory_bytes", .gauge, unit: "bytes", "Memory.")) { $0.add(-7) }
        let histogram = DurationHistogram(bounds: [.milliseconds(5), .seconds(1)])
        histogram.record(.zero)
        histogram.record(.seconds(1))
        let time = MetricFamily("a_time_seconds", .histogram, unit: "seconds", labels: ["route"], "Time.")
        exposition.write(time) { $0.add(histogram, "/") }
    }

    @Test func `OpenMetrics has types, units, help, suffixes and an end`() {
        #expect(
            text(.openMetrics, writeAll) == """
                # TYPE a_build info
                # HELP a_build What runs.
                a_build_info{version="1.0"} 1
                # TYPE a_requests counter
                # HELP a_requests Requests.
                a_requests_total{route="/",status="200"} 3
                a_requests_total{route="/c/{id}",status="404"} 18446744073709551615
                # TYPE a_memory_bytes gauge
                # UNIT a_memory_bytes bytes
                # HELP a_memory_bytes Memory.
                a_memory_bytes -7
                # TYPE a_time_seconds histogram
                # UNIT a_time_seconds seconds
                # HELP a_time_seconds Time.
                a_time_seconds_bucket{route="/",le="0.005"} 1
                a_time_seconds_bucket{route="/",le="1.0"} 2
                a_time_seconds_bucket{route="/",le="+Inf"} 2
                a_time_seconds_count{route="/"} 2
                a_time_seconds_sum{route="/"} 0.9999999993391351
                # EOF

                """
        )
    }

    @Test func `the older format knows no info, no unit and no end, and counters by their whole name`() {
        let lines = text(.prometheusText, writeAll).split(separator: "\n")
        #expect(
            lines.filter { $0.hasPrefix("# TYPE") } == [
                "# TYPE a_build_info gauge", "# TYPE a_requests_total counter", "# TYPE a_memory_bytes gauge",
                "# TYPE a_time_seconds histogram",
            ]
        )
        #expect(!lines.contains { $0.hasPrefix("# UNIT") || $0 == "# EOF" })
        #expect(lines.contains("# HELP a_requests_total Requests."))
    }

    @Test func `what would end a label or a line is escaped`() {
        let family = MetricFamily("a", .gauge, labels: ["l"], "A \\ and a \"word\"\nmore")
        #expect(
            text(.openMetrics) { $0.write(family) { $0.add(1, "\"\\\n}") } } == #"""
                # TYPE a gauge
                # HELP a A \\ and a \"word\"\nmore
                a{l="\"\\\n}"} 1
                # EOF

                """#
        )
        #expect(
            text(.prometheusText) { $0.write(family) { $0.add(1, "") } }.contains(
                ##"# HELP a A \\ and a "word"\nmore"##
            )
        )
    }

    @Test(arguments: [
        (0.5, "0.5"), (1, "1.0"), (1e21, "1e+21"), (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"),
        (Double.nan, "NaN"),
    ])
    func `numbers are written as both formats read them`(_ value: Double, _ expected: String) {
        #expect(
            text(.openMetrics) { $0.write(MetricFamily("a", .gauge, "A.")) { $0.add(value) } }.contains(
                "\na \(expected)\n"
            )
        )
    }

    @Test func `a family without samples is not mentioned`() {
        #expect(text(.openMetrics) { $0.write(MetricFamily("a", .gauge, "A.")) { _ in } } == "# EOF\n")
    }

    @Test func `a family twice, a label too many and a name with another unit are faults of ours`() async {
        await #expect(processExitsWith: .failure) {
            var exposition = Exposition(.openMetrics)
            exposition.write(MetricFamily("a", .gauge, "A.")) { $0.add(1) }
            exposition.write(MetricFamily("a", .gauge, "A.")) { $0.add(1) }
        }
        await #expect(processExitsWith: .failure) {
            var exposition = Exposition(.openMetrics)
            exposition.write(MetricFamily("a", .gauge, "A.")) { $0.add(1, "x") }
        }
        await #expect(processExitsWith: .failure) { _ = MetricFamily("a_time", .gauge, unit: "seconds", "A.") }
        await #expect(processExitsWith: .failure) { _ = MetricFamily("A", .gauge, "A.") }
        await #expect(processExitsWith: .failure) { _ = MetricFamily("a", .histogram, labels: ["le"], "A.") }
    }
}
