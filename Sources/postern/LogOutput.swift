import Glibc
import Logging
import Sockets
import Timekeeping

/// Where all lines of the log go, as JSON or as text for a person: written in the background, many at once under load.
///
/// What may be in a line is decided where it is made; ``LogLine`` only gives it a shape. Nobody who writes a line waits for
/// whoever reads it: what a stuck reader does not take is dropped beyond a mebibyte, and a line says how much.
final class LogOutput: Sendable {
    let format: LogLine.Format
    private let clock: WallClock
    private let descriptor: Int32
    private let writer: BackgroundWriter?

    init(format: LogLine.Format, descriptor: Int32 = STDOUT_FILENO, clock: WallClock = .system) {
        self.format = format
        self.descriptor = descriptor
        self.clock = clock
        // Without a descriptor to wake its thread by, every line is written where it is made.
        writer = try? BackgroundWriter(descriptor: descriptor) { lost in
            var line = LogLine(format, at: clock.now(), level: .warning, event: "lines of the log were lost")
            line.add("lines", lost)
            return line.ended()
        }
    }

    /// - Parameter members: names and values in the order they are to stand in; numbers are written as numbers.
    func write(level: Logger.Level, event: String, _ members: [(name: String, value: Value)]) {
        var line = LogLine(format, at: clock.now(), level: level, event: event)
        for (name, value) in members {
            switch value {
            case .text(let text): line.add(name, text)
            case .number(let number): line.add(name, number)
            }
        }
        write(line.ended())
    }

    /// - Parameter bytes: a line with its end.
    func write(_ bytes: [UInt8]) {
        if let writer { return writer.write(bytes) }
        // A log that nobody reads any more (a closed pipe) must not stop the server; SIGPIPE is ignored at start.
        // Sound: the array lives across the call and has the length given.
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
    }

    /// Returns when every line before it has been written; to be called before the process ends.
    ///
    /// - Parameter limit: nil waits for the reader as long as it takes.
    func flush(within limit: Duration? = .seconds(5)) {
        writer?.flush(within: limit)
    }

    enum Value: Sendable {
        case text(String)
        case number(Int)
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
