import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Testing

@testable import HTTPServer

@Suite("What a shutdown owes to whom", .rested)
struct ShutdownTests {
    @Test func `who has just connected may still bring a request`() async throws {
        var limits = ServerLimits.patient
        limits.unusedGrace = .seconds(600)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            // A second connection is answered only after the first one was accepted.
            let other = try await server.connect()
            try await other.send(get("/"))
            _ = try await other.answer()
            server.shutdown.begin()
            #expect(await other.isEnded())
            try await client.send(get("/late"))
            let answer = try await client.answer()
            #expect(answer.content == "GET /late ")
            #expect(answer["Connection"] == "close")
            #expect(await client.isEnded())
        }
    }

    @Test func `who has connected and says nothing is let go after a moment`() async throws {
        var limits = ServerLimits.patient
        limits.unusedGrace = .milliseconds(20)
        try await withServer(limits: limits) { server in
            let client = try await server.connect()
            let other = try await server.connect()
            try await other.send(get("/"))
            _ = try await other.answer()
            server.shutdown.begin()
            #expect(await client.isEnded())
        }
    }

    @Test func `what was pipelined is answered, and the last one says close`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            // The rest of the last request keeps the connection in hand.
            try await client.send(get("/1") + "GET /2 HTTP/1.1\r\nHost: a\r\n")
            #expect(try await client.answer().content == "GET /1 ")
            server.shutdown.begin()
            try await client.send("\r\n" + (3..<30).map { get("/\($0)") }.joined())
            for number in 2..<30 {
                let answer = try await client.answer()
                #expect(answer.content == "GET /\(number) ")
                #expect(answer["Connection"] == (number == 29 ? "close" : nil))
            }
            #expect(await client.isEnded())
        }
    }

    @Test func `a report passes once in a while`() {
        var throttle = ReportThrottle(every: .seconds(10))
        let start = Deadline.now
        let passed = (0..<100).filter { throttle.passes(at: start + .milliseconds($0 * 250)) }
        #expect(passed == [0, 40, 80])
    }
}
