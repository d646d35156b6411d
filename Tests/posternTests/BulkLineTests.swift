import BulkGrants
import GrantStore
import Testing
import Timekeeping

@testable import postern

@Suite("The line about a bulk run")
struct BulkLineTests {
    private static let counts = BulkCounts([
        .pending: 5000, .sent: 16, .connected: 4300, .reauthenticated: 7, .failed: 3,
    ])

    @Test func `says how far, how fast, how long still and by outcome`() {
        let line = BulkLine(progress: BulkProgress(counts: Self.counts), rate: 38.7)
        #expect(line.bar == "[#######---------] 46 % 4310/9326  38/s  2:10 left  4300 new  7 again  3 failed")
        #expect(line.plain == "4310 of 9326  38/s  2:10 left  4300 new  7 again  3 failed")
    }

    @Test func `says what is waited for, and how long`() {
        let waiting = BulkProgress.Waiting(reason: .consent, remaining: .milliseconds(251_200))
        let line = BulkLine(progress: BulkProgress(counts: BulkCounts([.pending: 9]), waiting: waiting), rate: nil)
        #expect(line.bar == "[----------------] 0 % 0/9  4:12: the administrator's consent is spreading")
        #expect(line.plain == "0 of 9, waiting 4:12: the administrator's consent is spreading")
    }

    @Test func `fits a terminal, and an empty run`() {
        var counts = Self.counts
        counts[.skipped] = 123_456
        counts[.connected] = 99_999_999
        let line = BulkLine(progress: BulkProgress(counts: counts), rate: 0.01)
        #expect(line.bar.count == 79 && line.bar.hasSuffix("…"))
        for columns in 0...200 {
            let bar = BulkLine(progress: BulkProgress(counts: counts), rate: 0.01, columns: columns).bar
            #expect(bar.count <= max(columns - 1, 1))
        }
        let narrow = BulkLine(progress: BulkProgress(counts: Self.counts), rate: 38.7, columns: 40)
        #expect(narrow.bar == "46 % 4310/9326  38/s  2:10 left  4300 n…" || narrow.bar.count == 39)
        #expect(
            BulkLine(progress: BulkProgress(counts: BulkCounts()), rate: nil).bar.hasPrefix(
                "[----------------] 0 % 0/0"
            )
        )
    }

    @Test(arguments: [(0, "0:00"), (59, "0:59"), (61, "1:01"), (3600, "1:00:00"), (36_061, "10:01:01"), (-5, "0:00")])
    func `writes times as people do`(seconds: Int, text: String) {
        #expect(BulkLine.clock(.seconds(seconds)) == text)
    }

    @Test func `knows the rate of the last seconds, and none at first`() {
        var rate = BulkRate()
        #expect(rate.note(0, at: .zero) == nil)
        #expect(rate.note(40, at: .seconds(1)) == nil)
        #expect(rate.note(80, at: .seconds(2)) == 40)
        var latest: Double?
        for second in 3...60 { latest = rate.note(80 + (second - 2) * 10, at: .seconds(second)) }
        #expect(latest == 10)
    }

    @Test(arguments: [
        ("2026-08-21T09:30:00Z", true), ("2026-08-21T09:30:00+02:00", false), ("2026-02-30T09:30:00Z", false),
        ("2026-08-21 09:30:00Z", false), ("2026-08-21T09:30:00z", false), ("", false), ("2026-08-21T+9:30:00Z", false),
    ])
    func `reads a time in UTC and nothing else`(text: String, isTime: Bool) {
        let moment = Timestamp(rfc3339: text)
        #expect((moment != nil) == isTime)
        #expect(moment == nil || moment?.rfc3339 == text)
    }
}
