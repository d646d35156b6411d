import Glibc
import Logging
import Synchronization
import Timekeeping

/// Where all lines of the log go: one write a line, as JSON or as text for a person.
///
/// What may be in a line is decided where it is made; this only gives it a shape. Control characters never pass, so that
/// no value can forge a second line.
final class LogOutput: Sendable {
    enum Format: Sendable {
        case json
        case text
    }

    let format: Format
    private let descriptor: Int32
    private let clock: WallClock

    init(format: Format, descriptor: Int32 = STDOUT_FILENO, clock: WallClock = .system) {
        self.format = format
        self.descriptor = descriptor
        self.clock = clock
    }

    /// - Parameter members: names and values in the order they are to stand in; numbers are written as numbers.
    func write(level: Logger.Level, event: String, _ members: [(name: String, value: Value)]) {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        let time = clock.now()
        switch format {
        case .json:
            line += #"{"time":""#.utf8
            line += time.rfc3339WithMilliseconds.utf8
            line += #"","level":""#.utf8
            line += level.rawValue.utf8
            line += #"","event":"#.utf8
            appendJSON(event, to: &line)
            for (name, value) in members {
                line.append(UInt8(ascii: ","))
                appendJSON(name, to: &line)
                line.append(UInt8(ascii: ":"))
                switch value {
                case .text(let text): appendJSON(text, to: &line)
                case .number(let number): line += String(number).utf8
                }
            }
            line += "}\n".utf8
        case .text:
            line += time.rfc3339WithMilliseconds.dropFirst(11).utf8
            line += " \(level.rawValue.uppercased()) ".utf8
            appendPlain(event, to: &line)
            for (name, value) in members {
                line += " \(name)=".utf8
                switch value {
                case .text(let text): appendPlain(text, to: &line)
                case .number(let number): line += String(number).utf8
                }
            }
            line.append(UInt8(ascii: "\n"))
        }
        // A log that nobody reads any more (a closed pipe) must not stop the server; SIGPIPE is ignored at start.
        // Sound: the array lives across the call and has the length given.
        _ = unsafe Glibc.write(descriptor, line, line.count)
    }

    enum Value: Sendable {
        case text(String)
        case number(Int)
    }

    private func appendJSON(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7F: line += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    private func appendPlain(_ text: String, to line: inout [UInt8]) {
        for byte in text.utf8 { line.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte) }
    }
}

/// swift-log's door to ``LogOutput``.
struct PosternLogHandler: LogHandler {
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { _, given in given } } ?? metadata
        output.write(
            level: event.level,
            event: event.message.description,
            all.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value.description)) }
        )
    }
}

extension Timestamp {
    /// RFC 3339 with milliseconds: `2026-08-21T09:30:00.123Z`.
    var rfc3339WithMilliseconds: String {
        let milliseconds = Int(microsecondsSince1970 - secondsSince1970 * 1_000_000) / 1000
        return "\(rfc3339.dropLast()).\(padded(milliseconds, 3))Z"
    }
}
