import Grants
import TestSupport
import Testing
import Timekeeping

@testable import GrantStore

@Suite("The audit trail")
struct AuditTrailTests {
    let directory: TemporaryDirectory
    let clock = ManualWallClock()
    let store: FileGrantStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try FileGrantStore(directory: directory.path, wallClock: clock.clock)
    }

    /// Does to the file what an intruder with its rights can do.
    private func tamper(_ script: String) throws {
        try Connection(path: directory.path + "/postern.db", access: .readWrite, busyTimeout: .seconds(5)).execute(
            script
        )
    }

    private func fill() async throws {
        for number in 1...5 {
            try await store.connect("\(number)", saving: Sample.grant("g\(number)", at: clock.now), clock)
            clock.advance(by: .seconds(1))
        }
    }

    @Test func `every save and refresh is in it, with who and why, and nothing else is`() async throws {
        let ada = try Sample.owner("ada")
        let grant = try Sample.grant("g", at: clock.now)
        let first = clock.now
        try await store.connect("s", saving: grant, owner: ada, clock)
        clock.advance(by: .seconds(1))
        #expect(try await store.refresh(grant, reason: "judged"))
        #expect(try await !store.refresh(Sample.grant("unknown", at: clock.now), reason: "judged"))
        _ = try await store.record(
            Sample.outcome(.declined, at: clock.now),
            for: Sample.claim("declined", startedAt: clock.now)
        )
        let trail = try await store.auditTrail()
        #expect(trail.map(\.number) == [1, 2])
        #expect(trail.map(\.at) == [first, clock.now])
        #expect(trail.map(\.event) == [.grantSaved, .grantRefreshed])
        #expect(trail.map(\.grantID) == [grant.id, grant.id])
        #expect(trail.map(\.owner) == [ada, nil])
        #expect(trail.map(\.reference) == ["ref-connected", nil])
        #expect(trail.map(\.detail) == ["connected", "judged"])
    }

    @Test func `leaving and forgetting are in it, for each owner, and what changes nothing is not`() async throws {
        let (ada, bea) = (try Sample.owner("ada"), try Sample.owner("bea"))
        let grant = try Sample.grant("g", at: clock.now)
        try await store.connect("1", saving: grant, owner: ada, clock)
        try await store.connect("2", saving: grant, owner: bea, clock)
        _ = try await store.leave(grant.id, .owner(ada), reason: "the person", reference: "ref-1")
        _ = try await store.leave(grant.id, .owner(ada), reason: "the person", reference: "ref-2")
        _ = try await store.leave(grant.id, .everybody, reason: "the operator", reference: nil)
        _ = try await store.leave(grant.id, .everybody, reason: "the operator", reference: nil)
        _ = try await store.forget(grant.id, reason: "deleted", reference: "ref-3")
        _ = try await store.forget(grant.id, reason: "deleted", reference: "ref-4")
        let trail = try await store.auditTrail(after: 2)
        #expect(trail.map(\.event) == [.grantLeft, .grantLeft, .grantRevoked])
        #expect(trail.map(\.owner) == [ada, bea, nil])
        #expect(trail.map(\.detail) == ["the person", "the operator", "deleted"])
        #expect(trail.map(\.reference) == ["ref-1", nil, "ref-3"])
        #expect(trail.allSatisfy { $0.grantID == grant.id })
        guard case .intact(5, _) = try await store.verifyAuditChain() else {
            Issue.record("the chain is broken")
            return
        }
    }

    @Test func `on whose word something was ended is in it, and belongs to the chain`() async throws {
        let grant = try Sample.grant("g", at: clock.now)
        try await store.connect("1", saving: grant, clock)
        let link = LinkClaim(id: try #require(LinkID("link")), expiresAt: clock.now + .seconds(60))
        _ = try await store.revoke(link, by: .token("billing"))
        _ = try await store.leave(grant.id, .everybody, reason: "r", by: .commandLine, reference: nil)
        #expect(try await store.auditTrail().map(\.actor?.text) == [nil, "api:billing", "cli"])
        #expect(try await store.verifyAuditChain() != .broken(at: 2))
        try tamper("DROP TRIGGER audit_is_never_changed; UPDATE audit SET actor = 'api:other' WHERE number = 2")
        #expect(try await store.verifyAuditChain() == .broken(at: 2))
    }

    @Test func `it is empty, then grows, and is intact`() async throws {
        #expect(try await store.verifyAuditChain() == .intact(entries: 0, head: [UInt8](repeating: 0, count: 32)))
        try await fill()
        let head = try #require(try await store.auditTrail().last?.hash)
        #expect(try await store.verifyAuditChain() == .intact(entries: 5, head: head))
        #expect(try await store.auditTrail(after: 3, limit: 1).map(\.number) == [4])
        #expect(try await store.auditTrail(after: 5) == [])
    }

    @Test(arguments: [
        "UPDATE audit SET owner = 'mallory' WHERE number = 2", "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1",
        "INSERT INTO audit SELECT number + 10, at, event, grant_id, owner, reference, detail, hash, actor FROM audit",
    ])
    func `the file itself refuses to change it`(script: String) async throws {
        try await fill()
        #expect(throws: SQLiteFailure.self) { try tamper(script) }
        let head = try #require(try await store.auditTrail().last?.hash)
        #expect(try await store.verifyAuditChain() == .intact(entries: 5, head: head))
    }

    @Test(arguments: [
        ("UPDATE audit SET owner = 'mallory' WHERE number = 2", 2 as Int64),
        ("UPDATE audit SET at = at + 1 WHERE number = 3", 3),
        ("UPDATE audit SET event = 'grant.refreshed' WHERE number = 1", 1),
        ("UPDATE audit SET event = 'something else' WHERE number = 1", 1),
        ("UPDATE audit SET grant_id = 'not a grant!' WHERE number = 4", 4),
        ("UPDATE audit SET detail = NULL WHERE number = 4", 4),
        ("UPDATE audit SET actor = 'cli' WHERE number = 3", 3),
        ("UPDATE audit SET actor = '' WHERE number = 3", 3),
        ("UPDATE audit SET reference = detail, detail = reference WHERE number = 2", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("UPDATE audit SET number = 6 WHERE number = 5", 5),
    ])
    func `who gets around that is found`(script: String, number: Int64) async throws {
        try await fill()
        try tamper("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_deleted; \(script)")
        #expect(try await store.verifyAuditChain() == .broken(at: number))
    }

    @Test func `a cut at the end changes the head, which is why it is noted elsewhere`() async throws {
        try await fill()
        let head = try #require(try await store.auditTrail().last?.hash)
        try tamper("DROP TRIGGER audit_is_never_deleted; DELETE FROM audit WHERE number = 5")
        guard case .intact(4, let shorter) = try await store.verifyAuditChain() else {
            Issue.record("a chain without its end is a chain")
            return
        }
        #expect(shorter != head)
    }

    @Test func `two processes that write in turn continue one chain`() async throws {
        let other = try FileGrantStore(directory: directory.path, wallClock: clock.clock)
        let now = clock.now
        await withTaskGroup { group in
            for number in 0..<40 {
                let store = number.isMultiple(of: 2) ? store : other
                group.addTask {
                    try? await store.connect("\(number)", saving: Sample.grant("g\(number)", at: now), clock)
                }
            }
        }
        guard case .intact(40, _) = try await store.verifyAuditChain() else {
            Issue.record("the chain forked")
            return
        }
    }

    @Test func `no two entries have one content`() throws {
        func hash(_ reference: String?, _ detail: String?) -> [UInt8] {
            AuditEntry(
                number: 1,
                at: clock.now,
                event: .grantSaved,
                reference: reference,
                detail: detail,
                hash: []
            ).hash(after: AuditEntry.firstPredecessor)
        }
        let hashes = [hash("ab", "c"), hash("a", "bc"), hash("abc", nil), hash(nil, "abc"), hash("abc", "")]
        #expect(Set(hashes).count == hashes.count)
    }
}
