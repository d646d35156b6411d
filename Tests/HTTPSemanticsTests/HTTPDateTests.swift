import Testing
import Timekeeping

@testable import HTTPSemantics

@Suite("Dates, RFC 9110 §5.6.7")
struct HTTPDateTests {
    private let moment = Timestamp(secondsSince1970: 784_111_777)

    @Test func `writes the preferred form`() {
        #expect(HTTPDate.format(moment) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.format(moment + .milliseconds(999)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.format(Timestamp(secondsSince1970: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test(
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func `reads all three forms`(text: String) {
        #expect(HTTPDate.parse(text) == moment)
    }

    @Test func `a two-digit year is never more than 50 years ahead`() {
        let now = Timestamp(year: 2026, month: 8, day: 21, hour: 0, minute: 0, second: 0)
        let year = { (text: String) in
            HTTPDate.parse("Sunday, 06-Nov-\(text) 08:49:37 GMT", at: now).map { CivilTime($0).year }
        }
        #expect(year("76") == 2076)
        #expect(year("77") == 1977)
        #expect(year("00") == 2000)
    }

    @Test(
        arguments: [
            "", "0", "784111777", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun,  06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994", "Sun Nov 06 08:49:37 94", "Foo, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 1994 08:49:-7 GMT", "2026-08-21T09:30:00Z",
        ]
    )
    func `has no answer for anything else`(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }
}
