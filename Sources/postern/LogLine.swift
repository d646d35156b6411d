import HTTPSemantics
import Logging
import Timekeeping

/// One line of the log while it is made: JSON, or text for a person.
///
/// Control characters never pass, so that no value can forge a second line.
struct LogLine {
    enum Format: Sendable {
        case json
        case text
    }

    private(set) var bytes: [UInt8] = []
    private let format: Format

    init(_ format: Format, at time: Timestamp, level: Logger.Level, event: String) {
        self.format = format
        bytes.reserveCapacity(320)
        switch format {
        case .json:
            bytes += #"{"time":""#.utf8
            bytes.append(date: time)
            bytes.append(timeOfDay: time)
            bytes += #"","level":""#.utf8
            bytes += level.rawValue.utf8
            bytes += #"","event":"#.utf8
            appendQuoted(event)
        case .text:
            bytes.append(timeOfDay: time)
            bytes.append(UInt8(ascii: " "))
            bytes += level.rawValue.uppercased().utf8
            bytes.append(UInt8(ascii: " "))
            appendPlain(event)
        }
    }

    mutating func add(_ name: String, _ text: String) {
        begin(name)
        switch format {
        case .json: appendQuoted(text)
        case .text: appendPlain(text)
        }
    }

    /// Written in its own octets.
    mutating func add(_ name: String, _ id: RequestID) {
        begin(name)
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
        id.append(to: &bytes)
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    /// Written as a number, which is not negative.
    mutating func add(_ name: String, _ number: Int) {
        begin(name)
        bytes.append(decimal: number)
    }

    /// The line with its end.
    consuming func ended() -> [UInt8] {
        switch format {
        case .json: bytes += "}\n".utf8
        case .text: bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    private mutating func begin(_ name: String) {
        switch format {
        case .json:
            bytes.append(UInt8(ascii: ","))
            appendQuoted(name)
            bytes.append(UInt8(ascii: ":"))
        case .text:
            bytes.append(UInt8(ascii: " "))
            bytes += name.utf8
            bytes.append(UInt8(ascii: "="))
        }
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.isPlain {
            bytes += text.utf8
        } else {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20, 0x7F: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendPlain(_ text: String) {
        if text.isPlain {
            bytes += text.utf8
        } else {
            for byte in text.utf8 { bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte) }
        }
    }
}

extension String {
    /// Whether JSON takes every octet as it is, as it does those of nearly all that is logged.
    fileprivate var isPlain: Bool {
        let octets = utf8Span.span
        for index in octets.indices {
            let octet = octets[index]
            if octet < 0x20 || octet == 0x7F || octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                return false
            }
        }
        return true
    }
}

extension [UInt8] {
    /// `2026-08-21T` (RFC 3339, UTC).
    fileprivate mutating func append(date moment: Timestamp) {
        let civil = CivilTime(moment)
        append(digits: civil.year, 4)
        append(UInt8(ascii: "-"))
        append(digits: civil.month, 2)
        append(UInt8(ascii: "-"))
        append(digits: civil.day, 2)
        append(UInt8(ascii: "T"))
    }

    /// `09:30:00.123Z`.
    fileprivate mutating func append(timeOfDay moment: Timestamp) {
        let (second, day) = (Int(moment.secondsSince1970), 86_400)
        let secondOfDay = second % day < 0 ? second % day + day : second % day
        append(digits: secondOfDay / 3600, 2)
        append(UInt8(ascii: ":"))
        append(digits: secondOfDay / 60 % 60, 2)
        append(UInt8(ascii: ":"))
        append(digits: secondOfDay % 60, 2)
        append(UInt8(ascii: "."))
        append(digits: (Int(moment.microsecondsSince1970) - second * 1_000_000) / 1000, 3)
        append(UInt8(ascii: "Z"))
    }

    private mutating func append(digits number: Int, _ width: Int) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
