import Testing

@testable import Timekeeping

@Suite("Civil time")
struct CivilTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z", 4),
            (-1, "1969-12-31T23:59:59Z", 3),
            (951_782_400, "2000-02-29T00:00:00Z", 2),
            (4_107_542_399, "2100-02-28T23:59:59Z", 0),
            (4_107_542_400, "2100-03-01T00:00:00Z", 1),
            (1_787_302_200, "2026-08-21T08:50:00Z", 5),
        ] as [(Int64, String, Int)]
    )
    func `agrees with the calendar`(seconds: Int64, text: String, weekday: Int) {
        let moment = Timestamp(secondsSince1970: seconds)
        #expect(moment.rfc3339 == text)
        #expect(CivilTime(moment).weekday == weekday)
        let civil = CivilTime(moment)
        #expect(
            Timestamp(
                year: civil.year,
                month: civil.month,
                day: civil.day,
                hour: civil.hour,
                minute: civil.minute,
                second: civil.second
            ) == moment
        )
    }

    @Test(arguments: [(2026, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0)])
    func `refuses a day that the calendar does not have`(year: Int, month: Int, day: Int) {
        #expect(Timestamp(year: year, month: month, day: day, hour: 0, minute: 0, second: 0) == nil)
    }

    @Test func `arithmetic saturates instead of trapping`() {
        #expect(Timestamp(secondsSince1970: .max).microsecondsSince1970 == .max)
        #expect(Timestamp(secondsSince1970: .min).microsecondsSince1970 == .min)
        #expect((Timestamp(microsecondsSince1970: .max) + .seconds(1)).microsecondsSince1970 == .max)
        #expect((Timestamp(microsecondsSince1970: .min) - .seconds(1)).microsecondsSince1970 == .min)
        #expect(Timestamp(secondsSince1970: 100).duration(since: Timestamp(secondsSince1970: 40)) == .seconds(60))
    }
}
