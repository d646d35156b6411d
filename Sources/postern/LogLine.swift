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
            bytes.append(addingCapacity: 24) { $0.write(momentOf: time) }
            bytes += #"","level":""#.utf8
            bytes += level.rawValue.utf8
            bytes += #"","event":"#.utf8
            appendQuoted(event)
        case .text:
            bytes.append(addingCapacity: 14) { $0.write(timeOfDay: time) }
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
    var isPlain: Bool {
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

extension OutputSpan<UInt8> {
    /// `2026-08-21T09:30:00.123Z` (RFC 3339, UTC), 24 octets.
    mutating func write(momentOf time: Timestamp) {
        let civil = CivilTime(time)
        write(twoDigits: civil.year / 100)
        write(twoDigits: civil.year % 100)
        append(UInt8(ascii: "-"))
        write(twoDigits: civil.month)
        append(UInt8(ascii: "-"))
        write(twoDigits: civil.day)
        append(UInt8(ascii: "T"))
        write(hour: civil.hour, civil.minute, civil.second, of: time)
    }

    /// `09:30:00.123Z `, for a person, 14 octets.
    fileprivate mutating func write(timeOfDay time: Timestamp) {
        let civil = CivilTime(time)
        write(hour: civil.hour, civil.minute, civil.second, of: time)
        append(UInt8(ascii: " "))
    }

    private mutating func write(hour: Int, _ minute: Int, _ second: Int, of time: Timestamp) {
        let milliseconds = Int(time.microsecondsSince1970 - time.secondsSince1970 * 1_000_000) / 1000
        write(twoDigits: hour)
        append(UInt8(ascii: ":"))
        write(twoDigits: minute)
        append(UInt8(ascii: ":"))
        write(twoDigits: second)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: milliseconds / 100))
        write(twoDigits: milliseconds % 100)
        append(UInt8(ascii: "Z"))
    }
}
