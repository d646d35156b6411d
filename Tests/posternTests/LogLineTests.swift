import Glibc
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Logging
import Sockets
import Testing
import Timekeeping

@testable import postern

@Suite("Lines of the log") struct LogLineTests {
    private let time = Timestamp(microsecondsSince1970: 1_787_304_600_123_999)

    private func line(_ format: LogLine.Format, _ change: (inout LogLine) -> Void = { _ in }) -> String {
        var line = LogLine(format, at: time, level: .info, event: "ready")
        change(&line)
        return String(decoding: line.ended(), as: UTF8.self)
    }

    @Test func `are JSON, one object a line`() {
        let text = line(.json) { line in
            line.add("url", "http://localhost:8080")
            line.add("count", 0)
            line.add("bytes", 1234)
            line.add("id", RequestID(series: 0, number: 12))
        }
        #expect(
            text == #"{"time":"2026-08-21T09:30:00.123Z","level":"info","event":"ready","url":"http://localhost:8080","#
                + #""count":0,"bytes":1234,"id":"000000000000-12"}"# + "\n"
        )
    }

    @Test func `are text for a person`() {
        let text = line(.text) { line in
            line.add("url", "http://localhost:8080")
            line.add("bytes", 7)
            line.add("id", RequestID("abc"))
        }
        #expect(text == "09:30:00.123Z INFO ready url=http://localhost:8080 bytes=7 id=abc\n")
    }

    @Test(
        arguments: [
            ("a\nb", #"a\u000ab"#, "a?b"), ("\r\u{1B}[31m\0", #"\u000d\u001b[31m\u0000"#, "??[31m?"),
            (#"say "no""#, #"say \"no\""#, #"say "no""#), (#"\"#, #"\\"#, #"\"#), ("\u{7F}", #"\u007f"#, "?"),
            ("Grüße ✓", "Grüße ✓", "Grüße ✓"), ("", "", ""),
        ]
    )
    func `let no value forge another line`(value: String, quoted: String, plain: String) {
        #expect(line(.json) { $0.add("x", value) }.contains("\"x\":\"\(quoted)\"}\n"))
        #expect(line(.text) { $0.add("x", value) }.hasSuffix(" x=\(plain)\n"))
    }

    @Test(
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999_000, "2000-02-28T23:59:59.999Z"), (4_102_444_800_000_000, "2100-01-01T00:00:00.000Z"),
        ]
    )
    func `tell the time in UTC`(microseconds: Int64, text: String) {
        let line = LogLine(.json, at: Timestamp(microsecondsSince1970: microseconds), level: .info, event: "x")
        #expect(String(decoding: line.ended(), as: UTF8.self).hasPrefix(#"{"time":"\#(text)","#))
    }

    @Test(
        arguments: [HTTPRequest.Method.get, .post, .head, .delete, HTTPRequest.Method("SECRET")].compactMap(\.self),
        [nil, StreamSecurity(version: .tls13, isResumed: false), StreamSecurity(version: .tls12, isResumed: true)]
    )
    func `of everyday requests are the same in one piece`(
        method: HTTPRequest.Method,
        security: StreamSecurity?
    ) throws {
        let log = LogOutput(format: .json, clock: WallClock { time })
        for (client, id, status) in [
            (UInt32(0), RequestID(series: 7, number: 1), 100),
            (0xFFFF_FFFF, RequestID(series: .max, number: .max), 599),
            (0x0A01_64FF, RequestID(String(repeating: "x", count: 64)), 303),
        ] {
            var record = AccessRecord(
                requestID: id,
                method: method,
                routeTemplate: "/connected/{id}",
                status: .init(code: status),
                contentBytes: status == 100 ? 0 : .max,
                duration: status == 100 ? .zero : .seconds(86_400),
                endedAt: status == 599 ? time : Timestamp(microsecondsSince1970: -1),
                client: .v4(client),
                isSecure: status == 303 || security != nil,
                security: security,
                isComplete: true
            )
            let line = try #require(LogLine.everyday(record))
            #expect(String(decoding: line, as: UTF8.self) == String(decoding: log.line(of: record), as: UTF8.self))
            record.isComplete = false
            #expect(LogLine.everyday(record) == nil)
            record.isComplete = true
            record.routeTemplate = "/\"\n"
            #expect(LogLine.everyday(record) == nil)
            record.routeTemplate = nil
            #expect(LogLine.everyday(record) == nil)
        }
    }

    @Test func `of a request hold what is known of it and nothing that came with it`() throws {
        var ends: [Int32] = [-1, -1]
        // Sound: the system writes two numbers.
        try #require(unsafe pipe(&ends) == 0)
        let log = LogOutput(format: .json, descriptor: ends[1], clock: WallClock { time })
        var record = AccessRecord(
            requestID: RequestID(series: 0, number: 3),
            method: .get,
            routeTemplate: "/connected/{id}",
            status: .ok,
            contentBytes: 4792,
            duration: .microseconds(1_000_250),
            endedAt: time,
            client: .v4(0x7F00_0001),
            isSecure: true,
            isComplete: true
        )
        log.write(record)
        record.method = HTTPRequest.Method("SECRET")
        record.routeTemplate = nil
        record.isComplete = false
        record.client = .v6(high: 0x2001_0DB8_0000_0001, low: 7)
        log.write(record)
        log.flush()
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Sound: the array has the length given.
        let count = unsafe read(ends[0], &bytes, bytes.count)
        close(ends[0])
        let begin = #"{"time":"2026-08-21T09:30:00.123Z","level":"info","event":"request","id":"000000000000-3","#
        let lines =
            begin + #""method":"GET","route":"/connected/{id}","status":200,"microseconds":1000250,"bytes":4792,"#
            + #""client":"127.0.0.0/24","tls":"yes"}"# + "\n" + begin
            + #""method":"other","route":"-","status":200,"microseconds":1000250,"bytes":4792,"#
            + #""client":"2001:db8:0:1::/64","tls":"yes","complete":"no"}"# + "\n"
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self) == lines)
    }
}
