import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("Finding out how an exchange ended", .timeLimit(.minutes(2)))
struct SettlementTests {
    /// Purge, settlement's pause, its second before the round, and the browser that waits.
    private static let settlingWhileBrowserWaits = 4

    static let unknownOutcomes: [ScriptedExchange.Answer] = [
        .failure(.timedOut(sent: true)), .failure(.connectionLost(sent: true)), .failure(.malformedResponse),
        .failure(.responseTooLarge), .json("", status: 500), .json("bad gateway", status: 502),
        .json(#"{"error":"internal_error","error_code":500}"#, status: 500), .json("<html>", status: 403),
        .json("{", status: 200), .json("{}", status: 200), .json(#"{"grant_id":"a/b"}"#, status: 200),
    ]

    @Test(arguments: unknownOutcomes)
    func `an exchange without an answer is found by its state, and never repeated`(
        answer: ScriptedExchange.Answer
    ) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(answer)
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            let page = await browser.get(flow.connectedPath)
            #expect(page.head.status == .accepted)
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow)]), harness.grant(flow))
            harness.clock.advance(by: .seconds(1))
            #expect(await result.location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .connected)
            #expect(
                harness.exchange.requests.map(\.pathAndQuery) == [
                    "/v3/connect/token", "/v3/grants?limit=100&offset=0&sort_by=updated_at&order_by=desc",
                    "/v3/grants/\(FlowHarness.grantID)",
                ]
            )
        }
    }

    /// Grants that prove nothing.
    static let unproved: [@Sendable (inout FlowHarness.GrantFields) -> Void] = [
        { $0.state = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" },
        { $0.state = "" },
        { $0.status = "invalid" },
        { $0.status = "" },
        { $0.updatedAt -= 1 },
        { $0.updatedAt -= 200 },
    ]

    @Test(arguments: unproved.indices)
    func `a grant that proves nothing is passed over, and after ten minutes nobody knows`(index: Int) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow, Self.unproved[index])]))
            harness.clock.advance(by: .seconds(1))
            // Purge, the pause before the next round, and the browser.
            await harness.exchange.requests(atLeast: 2)
            await harness.clock.sleepers(atLeast: 3)
            harness.exchange.append(FlowHarness.list([]))
            harness.clock.advance(by: .seconds(600))
            // The browser has gone on by now: twenty seconds are over.
            #expect([flow.connectedPath, flow.problemPath].contains(await result.location))
            await harness.exchange.requests(atLeast: 3)
            await harness.clock.sleepers(atLeast: 2)
            #expect(try await harness.verdict(of: flow) == .unknown)
            #expect(try await harness.store.grants(matching: GrantFilter()).isEmpty)
            #expect(await browser.get(flow.connectedPath).location == flow.problemPath)
        }
    }

    @Test func `a found grant is judged like any other, and falls short undecided`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            let short = harness.grantObject(flow) { $0.scopes = ["openid"] }
            harness.exchange.append(
                FlowHarness.list([short]),
                .json(#"{"data":\#(short)}"#)
            )
            harness.clock.advance(by: .seconds(1))
            await harness.exchange.requests(atLeast: 3)
            await harness.clock.sleepers(atLeast: 3)
            #expect(try await harness.verdict(of: flow) == nil)
            // Two seconds later the record has become a grant.
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow)]), harness.grant(flow))
            harness.clock.advance(by: .seconds(2))
            #expect(await result.location == flow.connectedPath)
        }
    }

    @Test func `reads on until five minutes before the start`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let start = harness.wallClock.now.secondsSince1970
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            let page = { (updatedAt: Int64) in
                FlowHarness.list(
                    (0..<100).map { number in
                        harness.grantObject(flow) {
                            $0.id = "g-\(number)"
                            $0.state = "other"
                            $0.updatedAt = updatedAt
                        }
                    }
                )
            }
            harness.exchange.append(
                page(start + 5),
                page(start - 299),
                FlowHarness.list([harness.grantObject(flow)]),
                harness.grant(flow)
            )
            harness.clock.advance(by: .seconds(1))
            #expect(await result.location == flow.connectedPath)
            #expect(harness.exchange.requests.dropLast().last?.pathAndQuery.contains("offset=200") == true)
        }
    }

    @Test func `reads no further than that`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let start = harness.wallClock.now.secondsSince1970
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            harness.exchange.append(
                FlowHarness.list(
                    (0..<100).map { number in
                        harness.grantObject(flow) {
                            $0.id = "g-\(number)"
                            $0.state = "other"
                            $0.updatedAt = start - 301
                        }
                    }
                )
            )
            harness.clock.advance(by: .seconds(1))
            await harness.exchange.requests(atLeast: 2)
            await harness.clock.sleepers(atLeast: 3)
            #expect(harness.exchange.requests.count == 2)
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow)]), harness.grant(flow))
            harness.clock.advance(by: .seconds(2))
            #expect(await result.location == flow.connectedPath)
        }
    }

    @Test func `leaves Nylas alone for as long as it asks`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(.failure(.timedOut(sent: true)))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            harness.exchange.append(.json("{}", status: 429, fields: [.retryAfter: "15"]))
            harness.clock.advance(by: .seconds(1))
            await harness.exchange.requests(atLeast: 2)
            await harness.clock.sleepers(atLeast: 3)
            harness.clock.advance(by: .seconds(14))
            // Still asleep: purge, the pause, and the browser.
            await harness.clock.sleepers(atLeast: 3)
            #expect(harness.exchange.requests.count == 2)
            harness.exchange.append(FlowHarness.list([harness.grantObject(flow)]), harness.grant(flow))
            harness.clock.advance(by: .seconds(1))
            #expect(await result.location == flow.connectedPath)
        }
    }

    @Test func `an exchange whose grant cannot be read is finished later, by its ID`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(FlowHarness.token(), .json("", status: 503))
            async let result = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: Self.settlingWhileBrowserWaits)
            harness.exchange.append(harness.grant(flow))
            harness.clock.advance(by: .seconds(1))
            #expect(await result.location == flow.connectedPath)
            #expect(harness.exchange.requests.count == 3)
        }
    }

    @Test func `a crash between claim and exchange is settled at the next start`() async throws {
        let harness = try FlowHarness()
        let old = Browser(app: harness.app, wallClock: harness.wallClock)
        let flow = try await old.start()
        // The claim of a process that died; its lease has run out.
        let claim = FlowClaim(
            flow: flow.id,
            kind: .connect,
            provider: .google,
            profile: "read",
            scopes: AccessProfile.read.scopes(for: .google),
            startedAt: harness.wallClock.now
        )
        let dead = Lease(instance: "dead", expiresAt: harness.wallClock.now + .seconds(90))
        #expect(try await harness.store.claim(claim, lease: dead) == .claimed)
        harness.wallClock.advance(by: .seconds(90))
        harness.exchange.append(FlowHarness.list([]))
        try await harness.run { browser in
            browser.cookies = old.cookies
            await harness.clock.sleepers(atLeast: 2)
            // The person reloads: nothing is exchanged, the page says that it is being looked into.
            let page = await browser.get(flow.connectedPath)
            #expect(page.head.status == .accepted)
            harness.exchange.append(
                FlowHarness.list([harness.grantObject(flow)]),
                harness.grant(flow)
            )
            harness.clock.advance(by: .seconds(2))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            #expect(!harness.exchange.requests.contains { $0.pathAndQuery == "/v3/connect/token" })
        }
        #expect(try await harness.verdict(of: flow) == .connected)
    }

    @Test func `another process's live lease is respected`() async throws {
        let harness = try FlowHarness()
        let old = Browser(app: harness.app, wallClock: harness.wallClock)
        let flow = try await old.start()
        let claim = FlowClaim(
            flow: flow.id,
            kind: .connect,
            provider: .google,
            profile: "read",
            scopes: [],
            startedAt: harness.wallClock.now
        )
        let alive = Lease(instance: "alive", expiresAt: harness.wallClock.now + .seconds(90))
        #expect(try await harness.store.claim(claim, lease: alive) == .claimed)
        try await harness.run { browser in
            browser.cookies = old.cookies
            await harness.clock.sleepers(atLeast: 2)
            // Purge and settlement sleep, and the browser looks again every second; then the other process answers.
            async let answer = browser.get(flow.callback())
            await harness.clock.sleepers(atLeast: 3)
            let outcome = FlowOutcome(verdict: .exchangeRefused, reference: "r", answeredAt: harness.wallClock.now)
            _ = try await harness.store.answer(flow.id, with: outcome, saving: nil, heldBy: "alive")
            harness.clock.advance(by: .seconds(1))
            #expect(await answer.location == flow.problemPath)
        }
    }
}
