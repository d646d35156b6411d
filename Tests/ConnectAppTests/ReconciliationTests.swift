import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("Comparing the store with Nylas", .timeLimit(.minutes(2)))
struct ReconciliationTests {
    private let harness: FlowHarness
    private let reconciliation: Reconciliation

    init() throws {
        harness = try FlowHarness()
        reconciliation = Reconciliation(
            settings: harness.settings,
            store: harness.store,
            exchange: harness.exchange,
            wallClock: harness.wallClock.clock,
            clock: harness.clock,
            logger: harness.log.logger
        )
    }

    /// A grant as Nylas lists it, so many seconds old.
    private func object(
        _ id: String,
        age: Int64 = 3600,
        email: String = FlowHarness.mailbox,
        provider: String = "google",
        status: String = "valid",
        updated: Int64? = nil
    ) -> String {
        let now = harness.wallClock.now.secondsSince1970
        return #"{"id":"\#(id)","provider":"\#(provider)","scope":["openid"],"grant_status":"\#(status)","#
            + #""email":"\#(email)","created_at":\#(now - age),"updated_at":\#(now - (updated ?? age)),"state":"s"}"#
    }

    private static let notFound = ScriptedExchange.Answer.json(#"{"error":{"type":"grant.not_found"}}"#, status: 404)

    private func kinds(_ comparison: Reconciliation.Comparison) -> [String] {
        comparison.findings.map { finding in
            switch finding {
            case .orphan(let grant): "orphan \(grant.id)"
            case .gone(let grant): "gone \(grant.id)"
            case .changed(let grant, _): "changed \(grant.id)"
            case .toBeDeleted(let grant): "to be deleted \(grant.id)"
            }
        }
    }

    /// A store with one grant of each kind, an hour old.
    private func fill() async throws {
        for id in ["kept", "gone", "expired", "due"] { try await harness.connected(["ada"], id: id) }
        _ = try await harness.store.leave(Sample.grantID("due"), .everybody, reason: "r", reference: nil)
        harness.wallClock.advance(by: .seconds(3600))
        harness.exchange.append(
            FlowHarness.list([
                object("kept"), object("expired", status: "invalid"), object("due"), object("orphan"),
                object("calendar", provider: "virtual-calendar"),
            ])
        )
    }

    @Test func `names each difference once, and changes nothing`() async throws {
        try await fill()
        harness.exchange.append(Self.notFound)
        let comparison = try await reconciliation.compare()
        #expect(Set(kinds(comparison)) == ["orphan orphan", "gone gone", "changed expired", "to be deleted due"])
        #expect(comparison.findings.count == 4)
        #expect((comparison.atNylas, comparison.here, comparison.leftAlone) == (5, 4, 0))
        #expect(harness.exchange.requests.allSatisfy { $0.method == .get })
        #expect(try await harness.store.grants(matching: GrantFilter()).count == 4)
        try harness.exchange.finish()
    }

    @Test func `applied, both sides agree`() async throws {
        try await fill()
        harness.exchange.append(Self.notFound)
        let findings = try await reconciliation.compare().findings
        for finding in findings {
            switch finding {
            case .orphan, .toBeDeleted: harness.exchange.append(FlowHarness.deleted)
            case .gone: harness.exchange.append(Self.notFound)
            case .changed: harness.exchange.append(.json(#"{"data":\#(object("expired", status: "invalid"))}"#))
            }
            #expect(try await reconciliation.apply(finding))
        }
        let deleted = harness.exchange.requests.filter { $0.method == .delete }.map(\.pathAndQuery)
        #expect(Set(deleted) == ["/v3/grants/orphan", "/v3/grants/due"])
        let left = try await harness.store.grants(matching: GrantFilter())
        #expect(Set(left.map(\.id.text)) == ["kept", "expired"])
        #expect(left.first { $0.id.text == "expired" }?.status == .invalid)
        try harness.exchange.finish()
    }

    static let young: [(age: Int64, updated: Int64)] = [(899, 899), (3600, 899), (0, 0)]

    @Test(arguments: young)
    func `leaves alone what is younger than a quarter of an hour`(age: Int64, updated: Int64) async throws {
        harness.exchange.append(FlowHarness.list([object("young", age: age, updated: updated)]))
        let comparison = try await reconciliation.compare()
        #expect(comparison.findings.isEmpty && comparison.leftAlone == 1)
    }

    @Test func `a grant that was saved just now and is not on the list is left alone`() async throws {
        try await harness.connected(["ada"])
        harness.wallClock.advance(by: .seconds(899))
        harness.exchange.append(FlowHarness.list([]), Self.notFound)
        let comparison = try await reconciliation.compare()
        #expect(comparison.findings.isEmpty && comparison.leftAlone == 1)
    }

    static let claims: [(change: @Sendable (inout FlowClaim) -> Void, isLeftAlone: Bool)] = [
        ({ $0.expectedAddress = nil }, true),
        ({ ($0.expectedAddress, $0.provider) = (nil, nil) }, true),
        ({ $0.expectedAddress = FlowHarness.mailbox.uppercased() }, true),
        ({ ($0.expectedAddress, $0.provider) = (nil, .microsoft) }, false),
        ({ $0.expectedAddress = "somebody@else.example" }, false),
    ]

    @Test(arguments: claims.indices)
    func `leaves alone what could be of a flow under way`(index: Int) async throws {
        var claim = Sample.claim("s2", startedAt: harness.wallClock.now)
        Self.claims[index].change(&claim)
        let lease = Sample.lease("x", until: harness.wallClock.now + .seconds(90))
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        harness.exchange.append(FlowHarness.list([object("orphan")]))
        let comparison = try await reconciliation.compare()
        #expect(comparison.leftAlone == (Self.claims[index].isLeftAlone ? 1 : 0))
        #expect(comparison.findings.count == (Self.claims[index].isLeftAlone ? 0 : 1))
    }

    @Test func `what is not on the list but answers by its ID is there`() async throws {
        try await harness.connected(["ada"])
        harness.wallClock.advance(by: .seconds(3600))
        harness.exchange.append(
            FlowHarness.list([]),
            .json(#"{"data":\#(object(FlowHarness.grantID))}"#)
        )
        #expect(try await reconciliation.compare().findings.isEmpty)
    }

    @Test func `reads page after page, and a grant that moved between two of them once`() async throws {
        let first = (0..<200).map { object("g-\($0)") }
        harness.exchange.append(FlowHarness.list(first), FlowHarness.list([object("g-199"), object("last")]))
        let comparison = try await reconciliation.compare()
        #expect(comparison.atNylas == 201 && comparison.findings.count == 201)
        #expect(harness.exchange.requests.last?.pathAndQuery.contains("offset=200") == true)
    }

    @Test func `waits for as long as Nylas wants a rest, and asks again where it does not answer`() async throws {
        harness.exchange.append(
            .json("{}", status: 429, fields: [.retryAfter: "30"]),
            .failure(.timedOut(sent: true)),
            FlowHarness.list([])
        )
        async let comparison = reconciliation.compare()
        await harness.clock.sleepers(atLeast: 1)
        harness.clock.advance(by: .seconds(29))
        await harness.clock.sleepers(atLeast: 1)
        #expect(harness.exchange.requests.count == 1)
        harness.clock.advance(by: .seconds(1))
        await harness.exchange.requests(atLeast: 2)
        await harness.clock.sleepers(atLeast: 1)
        harness.clock.advance(by: .seconds(5))
        #expect(try await comparison.findings.isEmpty)
    }

    @Test func `a wrong key ends it at once`() async throws {
        harness.exchange.append(.json(#"{"error":{"type":"unauthorized"}}"#, status: 401))
        await #expect(throws: Reconciliation.Failure.self) { try await reconciliation.compare() }
        #expect(harness.exchange.requests.count == 1)
    }

    @Test func `what has changed since the look is not done`() async throws {
        try await fill()
        harness.exchange.append(Self.notFound)
        let findings = try await reconciliation.compare().findings
        let orphan = try #require(findings.first { if case .orphan = $0 { true } else { false } })
        // A flow that is under way now, and one that has saved it.
        var claim = Sample.claim("late", startedAt: harness.wallClock.now)
        claim.expectedAddress = nil
        let lease = Sample.lease("x", until: harness.wallClock.now + .seconds(90))
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        #expect(try await !reconciliation.apply(orphan))
        let outcome = Sample.outcome(.unknown, at: harness.wallClock.now)
        _ = try await harness.store.answer(claim.flow, with: outcome, saving: nil, heldBy: "x")
        try await harness.connected(["bea"], id: "orphan")
        #expect(try await !reconciliation.apply(orphan))
        // Back at Nylas, or never away.
        let gone = try #require(findings.first { if case .gone = $0 { true } else { false } })
        harness.exchange.append(.json(#"{"data":\#(object("gone"))}"#))
        #expect(try await !reconciliation.apply(gone))
        #expect(!harness.exchange.requests.contains { $0.method == .delete })
        try harness.exchange.finish()
    }
}
