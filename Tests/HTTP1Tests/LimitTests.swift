import HTTPTypes
import TestSupport
import Testing

@testable import HTTP1

@Suite("Limits, RFC 9112 §3, RFC 6585 §5, RFC 9110 §15.5.14")
struct LimitTests {
    /// The transcript's last line for a request under small limits, the same however it arrives.
    private func outcome(_ request: String, contentLimitBytes: Int = 8) -> String {
        var limits = MessageLimits()
        limits.startLineBytes = 32
        limits.fieldBytes = 30
        limits.fieldSectionBytes = 80
        limits.fields = 4
        limits.chunkExtensionBytes = 6
        var outcomes = Set<String>()
        for pieces in Transcript.waysToArrive(Array(request.utf8)) {
            outcomes.insert(Transcript.ofServer(pieces, limits: limits, contentLimitBytes: contentLimitBytes))
        }
        #expect(outcomes.count == 1)
        return outcomes.first?.split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func `the defaults are the documented ones`() {
        let limits = MessageLimits()
        #expect(limits.startLineBytes == 8192)
        #expect(limits.fieldBytes == 16_384)
        #expect(limits.fieldSectionBytes == 32_768)
        #expect(limits.fields == 100)
    }

    @Test func `a request line may reach its limit and no more`() {
        let path = "/" + String(repeating: "a", count: 32 - "GET / HTTP/1.1".count)
        #expect(outcome("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n") == "close")
        #expect(outcome("GET \(path)a HTTP/1.1\r\nHost: a\r\n\r\n") == "reject requestLineTooLong")
    }

    @Test func `a request line without an end is refused at its limit`() {
        #expect(outcome(String(repeating: "a", count: 33)) == "reject requestLineTooLong")
        #expect(outcome(String(repeating: "a", count: 32)) == "reject incompleteMessage")
    }

    @Test func `a field may reach its limit and no more`() {
        let field = "X: " + String(repeating: "a", count: 27)
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n") == "close")
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n\(field)a\r\n\r\n") == "reject fieldTooLarge")
        #expect(
            outcome("GET / HTTP/1.1\r\nHost: a\r\nX:" + String(repeating: " ", count: 29)) == "reject fieldTooLarge"
        )
    }

    @Test func `all fields together may reach their limit and no more`() {
        // 9 octets for Host with its CRLF, 32 and 32, and what is left of 80: 7.
        let long = "X: " + String(repeating: "a", count: 27) + "\r\n"
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n\(long)\(long)Y:123\r\n\r\n") == "close")
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\n\(long)\(long)Y:1234\r\n\r\n") == "reject fieldSectionTooLarge")
    }

    @Test func `as many fields as the limit and no more, dropped ones included`() {
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n") == "close")
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n") == "reject tooManyFields")
        #expect(outcome("GET / HTTP/1.1\r\nHost: a\r\nA_:\r\nB_:\r\nC_:\r\nD_:\r\n\r\n") == "reject tooManyFields")
    }

    @Test func `limits are counted anew for each request`() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "a", count: 20))\r\nB:\r\nC:\r\n\r\n"
        #expect(outcome(request + request + request) == "close")
    }

    @Test func `content may reach its limit and no more`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\n"
        #expect(outcome(head + "Content-Length: 8\r\n\r\n12345678") == "close")
        #expect(outcome(head + "Content-Length: 9\r\n\r\n") == "reject contentTooLarge after the head of POST")
    }

    @Test func `chunks together may reach the limit and no more`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:chunked\r\n\r\n"
        #expect(outcome(head + "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n") == "close")
        #expect(outcome(head + "4\r\n1234\r\n5\r\n") == "reject contentTooLarge after the head of POST")
        #expect(outcome(head + "FFFFFFFF\r\n") == "reject contentTooLarge after the head of POST")
    }

    @Test func `a route without content refuses any`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\n"
        #expect(outcome(head + "Content-Length: 0\r\n\r\n", contentLimitBytes: 0) == "close")
        #expect(
            outcome(head + "Content-Length: 1\r\n\r\n", contentLimitBytes: 0)
                == "reject contentTooLarge after the head of POST"
        )
        #expect(outcome(head + "Transfer-Encoding:chunked\r\n\r\n0\r\n\r\n", contentLimitBytes: 0) == "close")
        #expect(
            outcome(head + "Transfer-Encoding:chunked\r\n\r\n1\r\n", contentLimitBytes: 0)
                == "reject contentTooLarge after the head of POST"
        )
    }

    @Test func `extensions of all chunks together may reach the limit and no more`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:chunked\r\n\r\n"
        #expect(outcome(head + "1;ab\r\n1\r\n0;ab\r\n\r\n") == "close")
        #expect(outcome(head + "1;ab\r\n1\r\n0;abc\r\n\r\n") == "reject chunkExtensionsTooLarge after the head of POST")
    }

    @Test func `trailer fields have the limits of fields`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n"
        let rejected = " after the head of POST"
        #expect(outcome(head + "A:\r\nB:\r\nC:\r\nD:\r\n\r\n") == "close")
        #expect(outcome(head + "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n") == "reject tooManyFields" + rejected)
        #expect(outcome(head + "A:" + String(repeating: "a", count: 29)) == "reject fieldTooLarge" + rejected)
    }

    @Test func `nothing is reserved for a length that was only announced`() {
        var connection = ServerConnection()
        connection.input = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nab".utf8)
        guard case .read(.content) = connection.next(contentLimitBytes: { _, _ in .max }) else {
            Issue.record("not waiting for content")
            return
        }
        #expect(connection.input.isEmpty)
        #expect(connection.input.capacity < 1000)
    }

    /// Octet by octet, a scanner that began anew each time would need some 500 million steps for this.
    @Test(.timeLimit(.minutes(1)))
    func `a slow sender does not make the scanner begin anew`() {
        var connection = ServerConnection()
        connection.input = Array("GET / HTTP/1.1\r\nHost: a\r\nCookie: ".utf8)
        for _ in 0..<16_000 {
            connection.input.append(UInt8(ascii: "a"))
            guard case .read(.head) = connection.next(contentLimitBytes: { _, _ in 0 }) else {
                Issue.record("not waiting for the head")
                return
            }
        }
    }

    @Test func `every violation has a status that a server may send`() {
        let statuses: [(HTTPViolation, Int)] = [
            (.malformedRequestLine, 400), (.missingHost, 400), (.conflictingFraming, 400), (.incompleteMessage, 400),
            (.contentTooLarge(limitBytes: 1), 413), (.requestLineTooLong(limitBytes: 1), 414),
            (.unsupportedExpectation, 417), (.fieldTooLarge(limitBytes: 1), 431),
            (.fieldSectionTooLarge(limitBytes: 1), 431), (.tooManyFields(limit: 1), 431),
            (.unsupportedTransferCoding, 501), (.invalidTransferEncoding, 400), (.connectNotSupported, 501),
            (.unsupportedVersion, 505),
        ]
        for (violation, code) in statuses { #expect(violation.status.code == code) }
    }
}
