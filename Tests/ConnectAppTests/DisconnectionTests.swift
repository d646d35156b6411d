import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

extension FlowHarness {
    /// A mailbox that is connected, with its owners.
    @discardableResult
    func connected(_ owners: [String], id: String = FlowHarness.grantID) async throws -> GrantID {
        var grant = try Sample.grant(id, address: Self.mailbox, at: wallClock.now)
        grant.scopes = ["https://www.googleapis.com/auth/gmail.readonly", "openid"]
        for owner in owners {
            try await store.connect("\(id) of \(owner)", saving: grant, owner: Sample.owner(owner), wallClock)
        }
        if owners.isEmpty { try await store.connect("\(id) openly", saving: grant, wallClock) }
        return grant.id
    }

    static let deleted = ScriptedExchange.Answer.json(#"{"request_id":"r"}"#)
}

@Suite("Disconnecting a mailbox", .timeLimit(.minutes(2)))
struct DisconnectionTests {
    private let harness: FlowHarness

    init() throws {
        harness = try FlowHarness()
    }

    private func leave(_ grant: GrantID, _ owner: String) async throws -> Disconnection.End {
        try await harness.app.disconnection.disconnect(grant, .owner(Sample.owner(owner)), reason: .person)
    }

    private var deletions: [String] {
        harness.exchange.requests.filter { $0.method == .delete }.map(\.pathAndQuery)
    }

    @Test func `one of two owners leaves, and Nylas is not asked`() async throws {
        let grant = try await harness.connected(["ada", "bea"])
        #expect(try await leave(grant, "ada") == .othersRemain(1))
        #expect(try await harness.store.grant(grant)?.owners.map(\.owner.text) == ["bea"])
        #expect(harness.exchange.requests.isEmpty)
        #expect(harness.counts.all == [.disconnected(isLast: false)])
    }

    @Test func `the last one leaves: deleted at Nylas, and then forgotten`() async throws {
        let grant = try await harness.connected(["ada"])
        harness.exchange.append(FlowHarness.deleted)
        #expect(try await leave(grant, "ada") == .revoked)
        #expect(deletions == ["/v3/grants/\(grant)"])
        #expect(try await harness.store.grant(grant) == nil)
        #expect(try await leave(grant, "ada") == .unknownGrant)
        #expect(harness.counts.all == [.disconnected(isLast: true), .revoked])
    }

    @Test func `what Nylas has deleted already is gone all the same`() async throws {
        let grant = try await harness.connected(["ada"])
        harness.exchange.append(.json(#"{"error":{"type":"grant.not_found"}}"#, status: 404))
        #expect(try await leave(grant, "ada") == .revoked)
    }

    @Test func `a mailbox without owner is given up by nobody in particular`() async throws {
        let grant = try await harness.connected([])
        harness.exchange.append(FlowHarness.deleted)
        #expect(try await harness.app.disconnection.disconnect(grant, .nobodyInParticular, reason: .person) == .revoked)
    }

    @Test func `somebody else's mailbox is left alone`() async throws {
        let grant = try await harness.connected(["ada"])
        #expect(try await leave(grant, "bea") == .notOwner)
        let disconnection = harness.app.disconnection
        #expect(try await disconnection.disconnect(grant, .nobodyInParticular, reason: .person) == .notOwner)
        #expect(try await harness.store.grant(grant)?.owners.count == 1)
        #expect(harness.exchange.requests.isEmpty)
    }

    static let failures: [ScriptedExchange.Answer] = [
        .failure(.connectionRefused), .failure(.timedOut(sent: true)), .json("", status: 500),
        .json("<html>", status: 404),
        .json(#"{"error":{"type":"unauthorized"}}"#, status: 401),
        .json(#"{"error":{"type":"rate_limit_error"}}"#, status: 429),
    ]

    @Test(arguments: failures)
    func `where Nylas does not delete it, it stays, says so, and is tried again`(
        answer: ScriptedExchange.Answer
    ) async throws {
        let grant = try await harness.connected(["ada"])
        harness.exchange.append(answer)
        #expect(try await leave(grant, "ada") == .revocationPending)
        let kept = try await harness.store.grant(grant)
        #expect(kept?.owners == [] && kept?.deletionRequestedAt == harness.wallClock.now)
        // Not at once again.
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.count == 1)
        harness.wallClock.advance(by: Disconnection.pause)
        harness.exchange.append(FlowHarness.deleted)
        await harness.app.disconnection.retryDeletions()
        #expect(try await harness.store.grant(grant) == nil)
    }

    @Test func `leaves Nylas alone for as long as it asks, and the others of the round with it`() async throws {
        let grants = [try await harness.connected(["ada"], id: "a"), try await harness.connected(["bea"], id: "b")]
        for (grant, owner) in zip(grants, ["ada", "bea"]) {
            harness.exchange.append(.json("", status: 503))
            #expect(try await leave(grant, owner) == .revocationPending)
        }
        harness.wallClock.advance(by: Disconnection.pause)
        harness.exchange.append(.json("{}", status: 429, fields: [.retryAfter: "600"]))
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.count == 3)
        harness.wallClock.advance(by: .seconds(599))
        harness.exchange.append(FlowHarness.deleted)
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.last == "/v3/grants/b")
        harness.wallClock.advance(by: .seconds(1))
        harness.exchange.append(FlowHarness.deleted)
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.last == "/v3/grants/a")
    }

    @Test func `what was left over is deleted at the next start`() async throws {
        let grant = try await harness.connected(["ada"])
        _ = try await harness.store.leave(grant, .everybody, reason: "before a crash", reference: nil)
        harness.exchange.append(FlowHarness.deleted)
        try await harness.run { _ in await harness.exchange.requests(atLeast: 1) }
        #expect(deletions.count == 1)
    }

    @Test func `who connects it again before it is deleted keeps it`() async throws {
        let grant = try await harness.connected(["ada"])
        harness.exchange.append(.json("", status: 503))
        #expect(try await leave(grant, "ada") == .revocationPending)
        try await harness.connected(["bea"])
        harness.wallClock.advance(by: .seconds(3600))
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.count == 1)
        #expect(try await harness.store.grant(grant)?.owners.map(\.owner.text) == ["bea"])
    }

    @Test func `a flow that is under way for the address holds the deletion back until it has ended`() async throws {
        let grant = try await harness.connected(["ada"])
        var claim = Sample.claim("under way", startedAt: harness.wallClock.now)
        claim.expectedAddress = FlowHarness.mailbox.uppercased()
        let lease = Sample.lease("x", until: harness.wallClock.now + .seconds(90))
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        #expect(try await leave(grant, "ada") == .revocationPending)
        harness.wallClock.advance(by: .seconds(3600))
        await harness.app.disconnection.retryDeletions()
        #expect(deletions.isEmpty)
        let outcome = Sample.outcome(.unknown, at: harness.wallClock.now)
        _ = try await harness.store.answer(claim.flow, with: outcome, saving: nil, heldBy: "x")
        harness.wallClock.advance(by: Disconnection.pause)
        harness.exchange.append(FlowHarness.deleted)
        await harness.app.disconnection.retryDeletions()
        #expect(try await harness.store.grant(grant) == nil)
    }

    static let claims: [(change: @Sendable (inout FlowClaim) -> Void, waited: Duration, holds: Bool)] = [
        ({ $0.expectedAddress = nil }, .seconds(119), true),
        ({ $0.expectedAddress = nil }, .seconds(120), false),
        ({ ($0.expectedAddress, $0.provider) = (nil, nil) }, .zero, true),
        ({ ($0.expectedAddress, $0.provider) = (nil, .microsoft) }, .zero, false),
        ({ ($0.expectedAddress, $0.provider) = ("ada@example.com", .microsoft) }, .zero, false),
        ({ $0.expectedAddress = "ADA@example.com" }, .seconds(1_000_000), true),
        ({ $0.expectedAddress = "bea@example.com" }, .zero, false),
    ]

    @Test(arguments: claims.indices)
    func `an open claim holds back what it may be about`(index: Int) throws {
        let (change, waited, holds) = Self.claims[index]
        let now = harness.wallClock.now
        var claim = Sample.claim("s", startedAt: now)
        change(&claim)
        #expect(try Disconnection.holdsBack(claim, Sample.grant("g", at: now), waited: waited) == holds)
    }

    @Test func `a store that does not take it changes nothing, and Nylas is not asked`() async throws {
        let store = FailingStore(MemoryGrantStore())
        let harness = try FlowHarness(store: store)
        let grant = try await harness.connected(["ada"])
        store.fail { $0.leave = .diskFull }
        await #expect(throws: StoreError.diskFull) {
            try await harness.app.disconnection.disconnect(grant, .everybody, reason: .operatorAPI)
        }
        #expect(try await store.grant(grant)?.owners.count == 1)
        // Deleted at Nylas and not forgotten: the note stands, and the next try finds it gone there.
        store.fail { ($0.leave, $0.forget) = (nil, .diskFull) }
        harness.exchange.append(FlowHarness.deleted)
        let end = try await harness.app.disconnection.disconnect(grant, .everybody, reason: .operatorAPI)
        #expect(end == .revocationPending)
        store.fail { $0.forget = nil }
        harness.exchange.append(.json(#"{"error":{"type":"grant.not_found"}}"#, status: 404))
        let again = try await harness.app.disconnection.disconnect(grant, .everybody, reason: .operatorAPI)
        #expect(again == .revoked)
        #expect(try await store.grant(grant) == nil)
        try harness.exchange.finish()
    }

    @Test func `waits at the same door as a flow of the same mailbox`() async throws {
        let grant = try await harness.connected([])
        try await harness.run { browser in
            let flow = try await browser.start()
            let gate = Gate()
            let token = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"grant_id":"\#(FlowHarness.grantID)"}"#.utf8)
            )
            let seen = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"data":\#(harness.grantObject(flow))}"#.utf8)
            )
            harness.exchange.append(.response(token), .held(gate, seen), FlowHarness.deleted)
            async let location = browser.get(flow.callback()).location
            await gate.arrivals(atLeast: 1)
            async let end = harness.app.disconnection.disconnect(grant, .nobodyInParticular, reason: .person)
            gate.open()
            #expect(await location == flow.connectedPath)
            #expect(try await end == .revoked)
            #expect(harness.exchange.requests.map(\.method) == [.post, .get, .delete])
        }
        #expect(try await harness.store.grant(grant) == nil)
    }
}
