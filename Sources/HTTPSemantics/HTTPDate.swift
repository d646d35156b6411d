package import Timekeeping

/// Dates in fields (RFC 9110 §5.6.7).
package enum HTTPDate {
    /// The preferred form, 29 octets: `Sun, 06 Nov 1994 08:49:37 GMT`. Fractions of a second are dropped.
    package static func format(_ moment: Timestamp) -> String {
        let civil = CivilTime(moment)
        return
            "\(weekdays[civil.weekday]), \(padded(civil.day, 2)) \(months[civil.month - 1]) \(padded(civil.year, 4)) "
            + "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2)) GMT"
    }

    /// Reads all three forms that a recipient must accept; the name of the day is not compared with the date.
    ///
    /// - Parameter now: what the two-digit year of the RFC 850 form is relative to: one that seems more than 50 years
    ///   ahead is the most recent past year with those digits. Without it, 2020 is taken.
    package static func parse(_ text: String, at now: Timestamp? = nil) -> Timestamp? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        switch parts.count {
        case 6 where shortDayWithComma(parts[0]) && parts[5] == "GMT":  // IMF-fixdate
            guard let year = digits(parts[3], 4) else { return nil }
            return moment(day: digits(parts[1], 2), month: parts[2], year: year, time: parts[4])
        case 4 where longDays.contains(String(parts[0])) && parts[3] == "GMT":  // RFC 850
            let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3, let twoDigits = digits(date[2], 2) else { return nil }
            let thisYear = now.map { CivilTime($0).year } ?? 2020
            var year = thisYear - thisYear % 100 + twoDigits
            if year > thisYear + 50 { year -= 100 }
            return moment(day: digits(date[0], 2), month: date[1], year: year, time: parts[2])
        case 5 where weekdays.contains(String(parts[0])):  // asctime
            guard let year = digits(parts[4], 4) else { return nil }
            return moment(day: digits(parts[2], 2), month: parts[1], year: year, time: parts[3])
        case 6 where weekdays.contains(String(parts[0])) && parts[2].isEmpty:  // asctime, day below 10
            guard let year = digits(parts[5], 4) else { return nil }
            return moment(day: digits(parts[3], 1), month: parts[1], year: year, time: parts[4])
        default:
            return nil
        }
    }

    private static func moment(day: Int?, month: Substring, year: Int, time: Substring) -> Timestamp? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let day, let month = months.firstIndex(of: String(month)),
            let hour = digits(clock[0], 2), let minute = digits(clock[1], 2), let second = digits(clock[2], 2)
        else { return nil }
        return Timestamp(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// Exactly `count` digits: `Int` would also read a sign.
    private static func digits(_ text: Substring, _ count: Int) -> Int? {
        guard text.utf8.count == count, text.utf8.allSatisfy(\.isDigit) else { return nil }
        return Int(text)
    }

    private static func shortDayWithComma(_ text: Substring) -> Bool {
        text.utf8.last == UInt8(ascii: ",") && weekdays.contains(String(text.dropLast()))
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let longDays = ["Sunday,", "Monday,", "Tuesday,", "Wednesday,", "Thursday,", "Friday,", "Saturday,"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
