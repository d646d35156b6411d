import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import Logging
import Synchronization
import TestSupport
import Testing
import Timekeeping

@testable import Webhooks

@Suite("Delivering what is in the outbox")
struct TargetDeliveryTests {
    let wallClock = ManualWallClock()
    let clock = ManualClock()
    let exchange = ScriptedExchange()
    let bell = DeliveryBell()
    let store: MemoryGrantStore
    let counts = Counts()

    /// What was counted, and who waits for more of it.
    final class Counts: Sendable {
        private struct State {
            var all: [WebhookCount] = []
            var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        }

        private let state = Mutex(State())

        var noted: [WebhookCount] { state.withLock { $0.all } }

        func note(_ count: WebhookCount) {
            let woken = state.withLock { state in
                state.all.append(count)
                let woken = state.waiting.filter { $0.count <= state.all.count }.map(\.continuation)
                state.waiting.removeAll { $0.count <= state.all.count }
                return woken
            }
            for continuation in woken { continuation.resume() }
        }

        /// Returns once so many attempts have been written down.
        func noted(atLeast count: Int) async {
            await withCheckedContinuation { continuation in
                let isEnough = state.withLock { state in
                    if state.all.count >= count { return true }
                    state.waiting.append((count, continuation))
                    return false
                }
                if isEnough { continuation.resume() }
            }
        }
    }

    init() {
        store = MemoryGrantStore(
            wallClock: wallClock.clock,
            outbox: OutboxPolicy(targets: ["crm", "billing"], whenTold: { [bell] in bell.ring() })
        )
    }

    private func delivery(to names: String..., over exchange: (any HTTPExchange)? = nil) -> WebhookDelivery {
        WebhookDelivery(
            targets: names.map {
                WebhookTarget(
                    name: $0,
                    origin: HTTPOrigin(scheme: .https, host: "\($0).example.com"),
                    pathAndQuery: "/hook",
                    keys: [Secret([UInt8](repeating: 1, count: 32))]
                )
            },
            store: store,
            bell: bell,
            exchange: exchange ?? self.exchange,
            wallClock: wallClock.clock,
            clock: clock,
            random: RandomSource { [UInt8](repeating: 128, count: $0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            count: { [counts] in counts.note($0) }
        )
    }

    private func status(_ code: Int) -> ScriptedExchange.Answer {
        .response(OutboundResponse(head: HTTPResponse(status: .init(code: code))))
    }

    /// Runs the delivery while the body does, and ends it.
    private func running(_ delivery: WebhookDelivery, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await delivery.run() }
            try await body()
            delivery.drain()
            clock.advance(by: .seconds(5))
            try await group.next()
            group.cancelAll()
        }
    }

    private func tell(_ targets: [String] = ["crm"]) async throws -> OutboxEvent {
        try #require(try await store.tell(Sample.news(), to: targets))
    }

    /// The first delivery of the event once so many attempts were written down.
    private func standing(of event: OutboxEvent, afterAttempts count: Int) async throws -> OutboxDelivery {
        await counts.noted(atLeast: count)
        return try #require(try await store.event(event.id)?.deliveries.first)
    }

    /// Lets time pass until so many attempts were written down.
    private func pass(_ duration: Duration, untilAttempts count: Int) async {
        wallClock.advance(by: duration)
        while counts.noted.count < count {
            // The purge, the look at the backlog, and the target, which may be between two sleeps.
            await clock.sleepers(atLeast: 3)
            clock.advance(by: .seconds(6))
            await Task.yield()
        }
    }

    @Test func `an event that is written while it runs leaves at once, and once`() async throws {
        exchange.append(status(204))
        try await running(delivery(to: "crm")) {
            let event = try await tell()
            let delivered = try await standing(of: event, afterAttempts: 1)
            #expect(delivered.standing == .delivered(at: wallClock.now))
            #expect(delivered.attempts == 1)
            #expect(delivered.lastResult == "204")
            #expect(exchange.requests.map(\.origin.host) == ["crm.example.com"])
            #expect(exchange.requests.first?.fields[.webhookID] == event.id.text)
        }
        #expect(counts.noted == [.attempt(target: "crm", .delivered)])
        try exchange.finish()
    }

    @Test func `what was written before it ran, or by another process, is found`() async throws {
        exchange.append(status(200))
        let event = try await tell()
        try await running(delivery(to: "crm")) {
            let found1 = try await standing(of: event, afterAttempts: 1)
            #expect(found1.state == .delivered)
        }
        try exchange.finish()
    }

    @Test(arguments: [301, 404, 500, 503]) func `a failure waits for its time, and is tried again`(
        code: Int
    ) async throws {
        exchange.append(status(code), status(200))
        try await running(delivery(to: "crm")) {
            let event = try await tell()
            let waiting = try await standing(of: event, afterAttempts: 1)
            #expect(waiting.lastResult == String(code))
            guard case .waiting(let until) = waiting.standing else {
                Issue.record("it waits for its next attempt")
                return
            }
            #expect((4...6).contains(until.secondsSince1970 - wallClock.now.secondsSince1970))
            await pass(.seconds(6), untilAttempts: 2)
            let delivered = try await standing(of: event, afterAttempts: 2)
            #expect(delivered.attempts == 2)
            #expect(exchange.requests.map(\.content).first == exchange.requests.map(\.content).last)
        }
        try exchange.finish()
    }

    @Test func `410 ends the delivery, and the next event is delivered all the same`() async throws {
        exchange.append(status(410), status(200))
        try await running(delivery(to: "crm")) {
            let first = try await tell()
            let found2 = try await standing(of: first, afterAttempts: 1)
            #expect(found2.lastResult == "410")
            let second = try await tell()
            let found3 = try await standing(of: second, afterAttempts: 2)
            #expect(found3.state == .delivered)
        }
        try exchange.finish()
    }

    @Test func `24 hours after the first attempt it is given up`() async throws {
        exchange.append(.failure(.connectionRefused), .failure(.connectionRefused))
        let event = try await tell()
        try await running(delivery(to: "crm")) {
            _ = try await standing(of: event, afterAttempts: 1)
            await pass(.seconds(86_400), untilAttempts: 2)
            let failed = try await standing(of: event, afterAttempts: 2)
            #expect(failed.standing == .failed(at: wallClock.now))
            #expect(failed.lastResult == "connection refused")
        }
        #expect(counts.noted == [.attempt(target: "crm", .retried), .attempt(target: "crm", .failed)])
        try exchange.finish()
    }

    @Test func `a target that hangs takes its share of hands, and holds up no other`() async throws {
        let stuck = StuckExchange(host: "crm.example.com")
        try await running(delivery(to: "crm", "billing", over: stuck)) {
            for _ in 0..<20 { _ = try await tell(["crm"]) }
            let event = try await tell(["billing"])
            let found4 = try await standing(of: event, afterAttempts: 1)
            #expect(found4.state == .delivered)
            await stuck.gate.arrivals(atLeast: TargetDelivery.attemptsAtOnce)
            #expect(stuck.hanging == TargetDelivery.attemptsAtOnce)
            stuck.gate.open()
        }
    }

    @Test func `a shutdown waits a moment for what is in hand, and writes it down`() async throws {
        let gate = Gate()
        exchange.append(.held(gate, OutboundResponse(head: HTTPResponse(status: .ok))))
        let event = try await tell()
        let delivery = delivery(to: "crm")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await delivery.run() }
            await gate.arrivals(atLeast: 1)
            delivery.drain()
            gate.open()
            try await group.next()
            group.cancelAll()
        }
        #expect(try await store.event(event.id)?.deliveries.first?.state == .delivered)
    }

    @Test func `without targets it does nothing and ends`() async throws {
        await delivery().run()
        try exchange.finish()
    }
}

/// Answers everybody but one host, for whom it waits at a gate.
private final class StuckExchange: HTTPExchange {
    let gate = Gate()
    private let host: String
    private let count = Mutex(0)

    init(host: String) {
        self.host = host
    }

    var hanging: Int { count.withLock { $0 } }

    func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
        if request.origin.host == host {
            count.withLock { $0 += 1 }
            await gate.passed()
        }
        return OutboundResponse(head: HTTPResponse(status: .ok))
    }
}
