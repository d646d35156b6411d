import Glibc
import Logging
import Metrics
import Sockets
import Synchronization
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
    /// Lines that were made and not written, because nobody read.
    let lostLines = CounterTable()
    /// The place of the least level that is written, among all.
    private let threshold: Atomic<Int>

    init(
        format: LogLine.Format,
        level: Logger.Level = .info,
        descriptor: Int32 = STDOUT_FILENO,
        clock: WallClock = .system
    ) {
        self.format = format
        threshold = Atomic(Self.place(of: level))
        self.descriptor = descriptor
        self.clock = clock
        // Without a descriptor to wake its thread by, every line is written where it is made.
        writer = try? BackgroundWriter(descriptor: descriptor) { [lostLines] lost in
            lostLines.add(UInt64(clamping: lost))
            var line = LogLine(format, at: clock.now(), level: .warning, event: "lines of the log were lost")
            line.add("lines", lost)
            return line.ended()
        }
    }

    /// What is below it is not written; may change while the process runs.
    var level: Logger.Level {
        get { Logger.Level.allCases[threshold.load(ordering: .relaxed)] }
        set { threshold.store(Self.place(of: newValue), ordering: .relaxed) }
    }

    func writes(_ level: Logger.Level) -> Bool {
        Self.place(of: level) >= threshold.load(ordering: .relaxed)
    }

    /// The levels as the log package orders them.
    private static func place(of level: Logger.Level) -> Int {
        switch level {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }

    /// - Parameter members: names and values in the order they are to stand in; numbers are written as numbers.
    func write(level: Logger.Level, event: String, _ members: [(name: String, value: Value)]) {
        guard writes(level) else { return }
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
    /// The output's, which may change: a logger's own would be fixed in every copy of it.
    var logLevel: Logger.Level {
        get { output.level }
        set { output.level = newValue }
    }

    init(output: LogOutput) {
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = event.metadata ?? [:]
        // Nearly always there is nothing to merge.
        if !metadata.isEmpty { all.merge(metadata) { given, _ in given } }
        output.write(
            level: event.level,
            event: event.message.description,
            all.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value.description)) }
        )
    }
}
