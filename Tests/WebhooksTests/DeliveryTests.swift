import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import Webhooks

@Suite("The message of a webhook (Standard Webhooks)")
struct DeliveryMessageTests {
    private let key = Secret(Base64.decodeURL("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") ?? [])

    @Test func `signs as the standard's own example`() {
        let signed = signatures(
            of: Array(#"{"test": 2432232314}"#.utf8),
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            keys: [key]
        )
        #expect(signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `signs once with each key, so that one can be changed for another`() {
        let other = Secret([UInt8](repeating: 7, count: 32))
        func sign(_ keys: [Secret<[UInt8]>]) -> String {
            signatures(of: [1, 2, 3], id: "evt_a", timestamp: "1", keys: keys)
        }
        #expect(sign([key, other]) == sign([key]) + " " + sign([other]))
    }

    @Test func `is the event as it was written, the same bytes in each attempt, signed anew`() throws {
        let event = try event()
        let target = WebhookTarget(
            name: "crm",
            origin: HTTPOrigin(scheme: .https, host: "crm.example.com"),
            pathAndQuery: "/hooks?a=1",
            keys: [key]
        )
        let first = DeliveryMessage(event, to: target, at: event.at).request
        let later = DeliveryMessage(event, to: target, at: event.at + .seconds(60)).request
        #expect(
            String(decoding: first.content, as: UTF8.self) == """
                {"id":"evt_abc","type":"grant.connected","timestamp":"2026-08-21T08:50:00Z","sequence":7,"data":{"a":"ü"}}
                """
        )
        #expect(first.content == later.content)
        #expect(first.origin == target.origin)
        #expect(first.pathAndQuery == "/hooks?a=1")
        #expect(first.method == .post)
        #expect(first.timeLimit == .seconds(15))
        #expect(first.responseLimitBytes == 65_536)
        #expect(first.fields[.webhookID] == "evt_abc")
        #expect(first.fields[.webhookTimestamp] == "1787302200")
        #expect(later.fields[.webhookTimestamp] == "1787302260")
        #expect(first.fields[.webhookSignature] != later.fields[.webhookSignature])
        #expect(first.fields[.contentType] == "application/json")
    }

    private func event() throws -> OutboxEvent {
        OutboxEvent(
            id: try #require(EventID("evt_abc")),
            number: 7,
            type: .grantConnected,
            at: ManualWallClock().now,
            grantID: nil,
            data: #"{"a":"ü"}"#
        )
    }
}

@Suite("When a delivery is attempted again")
struct DeliveryScheduleTests {
    private let first = ManualWallClock().now

    private func schedule(_ byte: UInt8) -> DeliverySchedule {
        DeliverySchedule(random: RandomSource { [UInt8](repeating: byte, count: $0) })
    }

    @Test(arguments: [
        (1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600), (7, 7200), (8, 14_400), (9, 14_400), (50, 14_400),
    ])
    func `is moved by up to a tenth to either side`(attempt: Int, seconds: Int) {
        let now = first + .seconds(100)
        func wait(_ byte: UInt8) -> Duration? {
            schedule(byte).next(afterAttempt: attempt, begunAt: first, at: now)?.duration(since: now)
        }
        #expect(wait(0) == .milliseconds(seconds * 900))
        #expect(wait(255) == .milliseconds(seconds * 1100))
    }

    @Test func `ends after 24 hours, with an attempt at the end`() {
        var (moment, attempts) = (first, [Duration.zero])
        while let next = schedule(128).next(afterAttempt: attempts.count, begunAt: first, at: moment) {
            #expect(next > moment)
            moment = next
            attempts.append(next.duration(since: first))
            guard attempts.count < 100 else { break }
        }
        #expect(attempts.count == 14)
        #expect(attempts.last == .seconds(86_400))
    }

    @Test(arguments: [
        (0, 5), (4, 5), (60, 60), (3600, 3600), (86_400, 86_400), (999_999, 86_400),
    ])
    func `waits as long as the target asks for, and no longer than until the end`(asked: Int, seconds: Int) {
        let next = schedule(128).next(afterAttempt: 1, begunAt: first, at: first, retryAfter: .seconds(asked))
        #expect(next.map { $0.secondsSince1970 - first.secondsSince1970 } == Int64(seconds))
    }

    @Test(arguments: [0, 59]) func `gives up when the end is near`(secondsLeft: Int) {
        let now = first + .seconds(86_400 - secondsLeft)
        #expect(schedule(0).next(afterAttempt: 3, begunAt: first, at: now) == nil)
        #expect(schedule(0).next(afterAttempt: 3, begunAt: first, at: now + .seconds(100_000)) == nil)
    }
}

@Suite("What an answer to a webhook means")
struct AttemptResultTests {
    private let now = ManualWallClock().now

    private func result(_ status: Int, _ fields: HTTPFields = [:]) -> AttemptResult {
        AttemptResult(HTTPResponse(status: .init(code: status), headerFields: fields), at: now)
    }

    @Test(arguments: [200, 201, 202, 204, 299]) func `2xx is delivered`(status: Int) {
        #expect(result(status) == .delivered(status: status))
    }

    @Test func `410 is the end of this delivery`() {
        #expect(result(410) == .gone)
    }

    @Test(arguments: [
        100, 199, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 599,
    ])
    func `everything else is tried again, redirects too`(status: Int) {
        #expect(result(status, [.location: "https://elsewhere.example"]) == .failed(.status(status), retryAfter: nil))
    }

    @Test(arguments: [
        ("0", 0), ("120", 120), ("999999", 86_400), ("99999999999999999999", 86_400),
        ("Fri, 21 Aug 2026 08:51:00 GMT", 60), ("Fri, 21 Aug 2026 08:00:00 GMT", 0),
    ])
    func `Retry-After is read as seconds or as a date`(text: String, seconds: Int) {
        #expect(result(503, [.retryAfter: text]) == .failed(.status(503), retryAfter: .seconds(seconds)))
    }

    @Test(arguments: ["", "-1", "+5", "1.5", "soon", "5 seconds", "0x10"]) func `other words are not`(text: String) {
        #expect(result(503, [.retryAfter: text]) == .failed(.status(503), retryAfter: nil))
    }

    @Test(arguments: [
        ExchangeError.nameNotResolved, .connectionRefused, .certificateNotTrusted, .tlsFailed, .plaintextRefused,
        .timedOut(sent: true), .connectionLost(sent: false), .malformedResponse, .responseTooLarge,
    ])
    func `no answer is tried again, and named without a word from outside`(error: ExchangeError) {
        #expect(AttemptResult(error) == .failed(.noAnswer(error), retryAfter: nil))
        #expect(!AttemptResult(error).word.isEmpty)
    }
}
