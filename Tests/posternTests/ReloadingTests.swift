import ConnectApp
import Glibc
import Logging
import Metrics
import Synchronization
import Testing

@testable import postern

@Suite("SIGHUP and the level of the log")
struct ReloadingTests {
    /// A log whose lines a test reads.
    private struct Captured {
        let log: LogOutput
        private let end: Int32

        init(_ level: Logger.Level) throws {
            var ends: [Int32] = [0, 0]
            // Sound: the system writes two numbers into the array.
            try #require(unsafe pipe(&ends) == 0)
            log = LogOutput(format: .json, level: level, descriptor: ends[1])
            end = ends[0]
        }

        /// All lines so far.
        func lines() -> [Substring] {
            log.flush(within: nil)
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            var waiting: Int32 = 0
            // Sound: the system writes one number; then the array lives across the call and has the length given.
            guard unsafe ioctl(end, UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return [] }
            let count = unsafe Glibc.read(end, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n")
        }

        /// Reads until this has been read.
        func read(until text: String) {
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            var tail = ""
            while !tail.contains(text) {
                // Sound: likewise.
                let count = unsafe Glibc.read(end, &bytes, bytes.count)
                guard count > 0 else { return }
                tail = tail.suffix(200) + String(decoding: bytes.prefix(count), as: UTF8.self)
            }
        }
    }

    private static func configuration(_ overrides: [String]) throws(CommandFailure) -> ConnectConfiguration {
        let complete = [
            "publicURL=https://a.example", "brand.name=Acme", "nylas.region=us", "nylas.clientID=c",
            "connect.open=true",
        ]
        do throws(ConfigurationFaults) {
            return try ConnectConfiguration.read(
                ConfigurationLayers(
                    file: nil,
                    environment: ["NYLAS_API_KEY": "key"],
                    overrides: complete + overrides,
                    readFile: { _ in nil }
                )
            )
        } catch {
            throw CommandFailure(error, hasFile: false)
        }
    }

    private func reloading(_ log: LogOutput, to overrides: [String]) throws -> Reloading {
        Reloading(
            log: log,
            certificates: nil,
            configuration: try Self.configuration([]),
            reread: { () throws(CommandFailure) in try Self.configuration(overrides) }
        )
    }

    @Test func `what is below the level is not written, and the level may change`() throws {
        let captured = try Captured(.warning)
        let logger = Logger(label: "test") { _ in PosternLogHandler(output: captured.log) }
        logger.info("one")
        captured.log.write(level: .info, event: "two", [])
        logger.warning("three")
        captured.log.level = .debug
        logger.debug("four")
        captured.log.write(level: .trace, event: "five", [])
        let lines = captured.lines()
        #expect(lines.count == 2)
        #expect(lines.first?.contains(#""event":"three""#) == true)
        #expect(lines.last?.contains(#""event":"four""#) == true)
    }

    @Test func `lines that nobody reads are dropped at last, and counted`() throws {
        let captured = try Captured(.info)
        let long = String(repeating: "x", count: 1000)
        for _ in 0..<3000 { captured.log.write(level: .info, event: long, []) }
        captured.read(until: "lines of the log were lost")
        #expect((1..<3000).contains(captured.log.lostLines.value()))
    }

    @Test func `a new level is taken over, and keys that need a restart are named`() async throws {
        let captured = try Captured(.info)
        try await reloading(
            captured.log,
            to: ["log.level=error", "brand.name=Other", "brand.privacyURL=https://a.example/p"]
        )
        .reload()
        #expect(captured.log.level == .error)
        let lines = captured.lines()
        #expect(lines.count == 1)
        #expect(lines.first?.contains(#""event":"reloaded","log_level":"error","before":"info""#) == true)
        #expect(lines.first?.contains(#""needs_restart":"brand.name brand.privacyURL""#) == true)
    }

    @Test func `a configuration that has not changed says so by saying little`() async throws {
        let captured = try Captured(.info)
        try await reloading(captured.log, to: []).reload()
        let line = captured.lines().first ?? ""
        #expect(line.contains(#""event":"reloaded","log_level":"info""#))
        #expect(!line.contains("before") && !line.contains("needs_restart"))
    }

    @Test func `a faulty configuration changes nothing, and its values are not repeated`() async throws {
        let captured = try Captured(.info)
        try await reloading(captured.log, to: ["log.level=LEAKMARKER", "brand.name="]).reload()
        #expect(captured.log.level == .info)
        let line = captured.lines().first ?? ""
        #expect(line.contains(#""event":"configuration not taken over""#))
        #expect(line.contains("log.level") && line.contains("brand.name") && !line.contains("LEAKMARKER"))
    }
}
