package import GrantStore
import Grants
package import Timekeeping

/// The contract of `BulkStore` as cases that any store runs, each on a store of its own that is empty.
package struct BulkStoreConformance: Sendable, CustomStringConvertible {
    package typealias Store = GrantStore & BulkStore

    package let rule: String
    /// Throws `GrantStoreConformance.Broken` if the store, which must read its time from the clock given, breaks the rule.
    package let check: @Sendable (any Store, ManualWallClock) async throws -> Void

    package var description: String { rule }

    package static var cases: [BulkStoreConformance] { keeping + sending + importing }

    private init(_ rule: String, _ check: @escaping @Sendable (any Store, ManualWallClock) async throws -> Void) {
        self.rule = rule
        self.check = check
    }

    // MARK: Samples

    package static func run(
        _ id: String = "r1",
        credential: String = "c-1",
        at moment: Timestamp
    ) throws -> BulkRun {
        guard let id = BulkRunID(id), let credential = CredentialID(credential) else {
            throw GrantStoreConformance.Broken(description: "a sample's name is no name")
        }
        return BulkRun(id: id, provider: .google, credentialID: credential, tagNames: ["plan"], createdAt: moment)
    }

    package static func rows(_ count: Int) throws -> [BulkRow] {
        try (0..<count).map { number in
            BulkRow(
                line: number + 2,
                address: "person-\(number)@x.example",
                owner: number == 0 ? nil : try Sample.owner("user-\(number)"),
                scopes: ["https://www.googleapis.com/auth/gmail.readonly"],
                tags: number == 0 ? [:] : ["plan": "süd"]
            )
        }
    }

    private static func begun(_ store: any Store, _ count: Int, _ clock: ManualWallClock) async throws -> BulkRun {
        let run = try run(at: clock.now)
        try expect(await store.begin(run, rows: rows(count)), is: nil)
        return run
    }

    private static func upstream(_ id: String, at moment: Timestamp) throws -> StoredGrant {
        try Sample.grant(id, address: nil, at: moment)
    }

    // MARK: Rules

    private static let keeping: [BulkStoreConformance] = [
        .init("a grant of a run proves the one consent of its credential, a failure does not") { store, clock in
            let run = try await begun(store, 2, clock)
            let consent = try Sample.consent("i", credential: run.credentialID.text, probe: nil, at: clock.now)
            let outcome = Sample.outcome(.consentReported, at: clock.now)
            let claim = Sample.consentClaim("s", startedAt: clock.now)
            try expect(await store.report(consent, of: claim, with: outcome), is: .answered(outcome))
            _ = try await store.take(2, of: run.id)
            _ = try await store.answer(2, of: run.id, with: .failed(reason: "r"))
            try expect(await store.consent(consent.id)?.standing, is: .reported)
            let grant = try upstream("g", at: clock.now)
            _ = try await store.answer(3, of: run.id, with: .grant(grant, wasKnown: false))
            try expect(await store.consent(consent.id)?.standing, is: .verified(grant.id))
        },
        .init("a run and its rows are as they were given") { store, clock in
            let run = try await begun(store, 3, clock)
            try expect(await store.bulkRun(run.id), is: run)
            try expect(await store.rows(of: run.id, standing: nil, after: 0, limit: 10), is: try rows(3))
            try expect(await store.rows(of: run.id, standing: nil, after: 2, limit: 1), is: [try rows(3)[1]])
            try expect(await store.rows(of: run.id, standing: .failed, after: 0, limit: 10), is: [])
            try expect(await store.counts(of: run.id), is: BulkCounts([.pending: 3]))
        },
        .init("a run that nobody began is unknown") { store, clock in
            let run = try run("none", at: clock.now)
            try expect(await store.bulkRun(run.id), is: nil)
            try expect(await store.counts(of: run.id), is: BulkCounts())
            try expect(await store.take(5, of: run.id), is: [])
            try expect(await store.finish(run.id), is: false)
        },
        .init("runs are listed with the newest first") { store, clock in
            for name in ["a", "b", "c", "d"] {
                _ = try await store.begin(try run(name, credential: name, at: clock.now), rows: [])
                if name != "c" { clock.advance(by: .seconds(1)) }
            }
            try expect(await store.bulkRuns(after: nil, limit: 9).map(\.id.text), is: ["c", "d", "b", "a"])
            try expect(await store.bulkRuns(after: nil, limit: 1).map(\.id.text), is: ["c"])
            try expect(await store.bulkRuns(after: BulkRunID("c"), limit: 2).map(\.id.text), is: ["d", "b"])
            try expect(await store.bulkRuns(after: BulkRunID("a"), limit: 2), is: [])
            try expect(await store.bulkRuns(after: BulkRunID("none"), limit: 2), is: [])
        },
        .init("a credential has one run at a time that is not finished") { store, clock in
            let first = try await begun(store, 1, clock)
            let second = try run("r2", at: clock.now)
            try expect(await store.begin(second, rows: rows(1)), is: first)
            try expect(await store.bulkRun(second.id), is: nil)
            _ = try await store.begin(try run("r3", credential: "c-2", at: clock.now), rows: rows(1))
            _ = try await store.take(1, of: first.id)
            _ = try await store.answer(2, of: first.id, with: .failed(reason: "x"))
            _ = try await store.finish(first.id)
            try expect(await store.begin(second, rows: rows(1)), is: nil)
        },
        .init("the server is told what to work on, the oldest first, until it is finished") { store, clock in
            var names: [BulkRunID] = []
            for name in ["x", "a", "m"] {
                var run = try run(name, credential: name, at: clock.now)
                run.isServed = name != "m"
                _ = try await store.begin(run, rows: name == "a" ? [] : rows(1))
                names.append(run.id)
                clock.advance(by: .seconds(1))
            }
            try expect(await store.servedRuns().map(\.id), is: [names[0], names[1]])
            try await store.setServed(true, because: nil, of: names[2])
            try await store.setServed(false, because: "unreachable", of: names[0])
            try expect(await store.bulkRun(names[0])?.stopReason, is: "unreachable")
            _ = try await store.finish(names[1])
            try expect(await store.servedRuns().map(\.id), is: [names[2]])
            try await store.setServed(true, because: nil, of: names[0])
            try expect(await store.bulkRun(names[0])?.stopReason, is: nil)
            try expect(await store.servedRuns().map(\.id), is: [names[0], names[2]])
            let finished = try await store.bulkRun(names[1])
            try await store.setServed(false, because: "late", of: names[1])
            try expect(await store.bulkRun(names[1]), is: finished)
        },
        .init("a cancelled run sends nothing more, and ends once what was sent is answered") { store, clock in
            let run = try await begun(store, 4, clock)
            _ = try await store.take(2, of: run.id)
            clock.advance(by: .seconds(1))
            let cancelled = try await store.cancel(run.id)
            try expect(cancelled?.cancelledAt, is: clock.now)
            try expect(cancelled?.finishedAt, is: nil)
            try expect(await store.servedRuns(), is: [cancelled].compactMap(\.self))
            try expect(await store.counts(of: run.id), is: BulkCounts([.sent: 2, .failed: 2]))
            try expect(
                await store.rows(of: run.id, standing: .failed, after: 0, limit: 9).map(\.reason),
                is: ["cancelled", "cancelled"]
            )
            try expect(await store.take(2, of: run.id), is: [])
            clock.advance(by: .seconds(1))
            try expect(await store.cancel(run.id), is: cancelled)
            let again = BulkAnswer.again(reason: nil, isAttempt: false)
            try expect(await store.answer(2, of: run.id, with: again), is: .failed)
            let grant = try upstream("g", at: clock.now)
            try expect(await store.answer(3, of: run.id, with: .grant(grant, wasKnown: false)), is: .connected)
            try expect(await store.finish(run.id), is: true)
            let finished = try await store.bulkRun(run.id)
            try expect(await store.cancel(run.id), is: finished)
        },
        .init("a run of which nothing was sent is over when it is cancelled") { store, clock in
            let run = try await begun(store, 2, clock)
            let cancelled = try await store.cancel(run.id)
            try expect(cancelled?.finishedAt, is: clock.now)
            try expect(await store.counts(of: run.id), is: BulkCounts([.failed: 2]))
            try expect(await store.cancel(try Self.run("none", at: clock.now).id), is: nil)
        },
        .init("a run is finished once no row is open, and keeps the moment") { store, clock in
            let run = try await begun(store, 1, clock)
            try expect(await store.finish(run.id), is: false)
            _ = try await store.take(1, of: run.id)
            try expect(await store.finish(run.id), is: false)
            _ = try await store.answer(2, of: run.id, with: .failed(reason: "x"))
            try expect(await store.finish(run.id), is: true)
            let end = clock.now
            clock.advance(by: .seconds(9))
            try expect(await store.finish(run.id), is: true)
            try expect(await store.bulkRun(run.id)?.finishedAt, is: end)
        },
        .init("the moment of readiness can be moved") { store, clock in
            let run = try await begun(store, 1, clock)
            try await store.setReady(clock.now + .seconds(300), of: run.id)
            try expect(await store.bulkRun(run.id)?.readyAt, is: clock.now + .seconds(300))
            try await store.setReady(nil, of: run.id)
            try expect(await store.bulkRun(run.id)?.readyAt, is: nil)
        },
        .init("one at a time may work on runs, and the next when he has let go") { store, _ in
            var first = try await store.holdBulkWork()
            try expect(first != nil, is: true)
            try expect(await store.holdBulkWork() == nil, is: true)
            first = nil
            try expect(await store.holdBulkWork() != nil, is: true)
        },
    ]

    private static let sending: [BulkStoreConformance] = [
        .init("rows are taken once, by line, and stand as sent") { store, clock in
            let run = try await begun(store, 3, clock)
            let first = try await store.take(2, of: run.id)
            try expect(first.map(\.line), is: [2, 3])
            try expect(first.map(\.standing), is: [.sent, .sent])
            try expect(first.map(\.sentAt), is: [clock.now, clock.now])
            try expect(await store.take(2, of: run.id).map(\.line), is: [4])
            try expect(await store.take(2, of: run.id), is: [])
            try expect(await store.counts(of: run.id), is: BulkCounts([.sent: 3]))
        },
        .init("a grant is saved with the row's address, owner and tags") { store, clock in
            let run = try await begun(store, 2, clock)
            _ = try await store.take(2, of: run.id)
            let grant = try upstream("g-1", at: clock.now)
            try expect(await store.answer(3, of: run.id, with: .grant(grant, wasKnown: false)), is: .connected)
            let saved = try await store.grant(grant.id)
            try expect(saved?.address, is: "person-1@x.example")
            try expect(saved?.owners.map(\.owner.text), is: ["user-1"])
            try expect(saved?.owners.first?.tags, is: ["plan": "süd"])
            try expect(
                await store.rows(of: run.id, standing: .connected, after: 0, limit: 9).map(\.grantID),
                is: [grant.id]
            )
            let other = try upstream("g-2", at: clock.now)
            try expect(await store.answer(2, of: run.id, with: .grant(other, wasKnown: true)), is: .reauthenticated)
            try expect(await store.grant(other.id)?.owners, is: [])
        },
        .init("a grant that is known here counts as authenticated again, and keeps its owners") { store, clock in
            let known = try Sample.grant("g-1", at: clock.now)
            try await store.connect("flow", saving: known, owner: try Sample.owner("ada"), clock)
            let run = try await begun(store, 2, clock)
            _ = try await store.take(2, of: run.id)
            let grant = try upstream("g-1", at: clock.now)
            try expect(await store.answer(3, of: run.id, with: .grant(grant, wasKnown: false)), is: .reauthenticated)
            try expect(await store.grant(known.id)?.owners.map(\.owner.text), is: ["ada", "user-1"])
        },
        .init("what a row brought is told with its owner and tags, and a failure is not") { store, clock in
            let run = try await begun(store, 2, clock)
            _ = try await store.take(2, of: run.id)
            let grant = try upstream("g-1", at: clock.now)
            _ = try await store.answer(2, of: run.id, with: .failed(reason: "x"))
            try expect(await store.events(matching: OutboxFilter()).count, is: 0)
            _ = try await store.answer(3, of: run.id, with: .grant(grant, wasKnown: false))
            let event = try await store.events(matching: OutboxFilter()).map(\.event).first
            try expect(event?.type, is: .grantConnected)
            try expect(event?.grantID, is: grant.id)
            try expect(event?.data.contains(#""owner":"user-1""#), is: true)
            try expect(event?.data.contains(#""tags":{"plan":"süd"}"#), is: true)
        },
        .init("a row is answered once") { store, clock in
            let run = try await begun(store, 1, clock)
            let grant = try upstream("g-1", at: clock.now)
            try expect(await store.answer(2, of: run.id, with: .grant(grant, wasKnown: false)), is: nil)
            try expect(await store.grant(grant.id), is: nil)
            _ = try await store.take(1, of: run.id)
            try expect(await store.answer(2, of: run.id, with: .failed(reason: "no mailbox")), is: .failed)
            try expect(await store.answer(2, of: run.id, with: .grant(grant, wasKnown: false)), is: nil)
            try expect(await store.grant(grant.id), is: nil)
            try expect(await store.answer(99, of: run.id, with: .failed(reason: "x")), is: nil)
            try expect(
                await store.rows(of: run.id, standing: nil, after: 0, limit: 1).map(\.reason),
                is: ["no mailbox"]
            )
        },
        .init("what is not known stays as sent, and what is put off is taken after the others") { store, clock in
            let run = try await begun(store, 3, clock)
            _ = try await store.take(2, of: run.id)
            try expect(await store.answer(2, of: run.id, with: .unknown(reason: "no answer")), is: .sent)
            try expect(await store.answer(2, of: run.id, with: .again(reason: nil, isAttempt: false)), is: .pending)
            try expect(await store.answer(3, of: run.id, with: .again(reason: nil, isAttempt: false)), is: .pending)
            let taken = try await store.take(3, of: run.id)
            try expect(taken.map(\.line), is: [3, 4, 2])
            try expect(taken.map(\.attempts), is: [0, 0, 1])
            try expect(taken.last?.reason, is: "no answer")
        },
        .init("many take at once, and nobody gets another's row") { store, clock in
            let run = try await begun(store, 50, clock)
            let lines = try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { try await store.take(3, of: run.id).map(\.line) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try expect(lines.sorted(), is: Array(2..<52))
        },
    ]

    private static let importing: [BulkStoreConformance] = [
        .init("an import adds what is new, changes what has changed, and else changes nothing") { store, clock in
            let (old, new) = (try Sample.grant("g-1", at: clock.now), try Sample.grant("g-2", at: clock.now))
            let owner = try Sample.owner("ada")
            var counts = try await store.importGrants(
                [.init(grant: old), .init(grant: new, owner: owner)],
                isTold: false
            )
            try expect(counts.added, is: 2)
            clock.advance(by: .seconds(5))
            counts = try await store.importGrants([.init(grant: old), .init(grant: new, owner: owner)], isTold: false)
            try expect([counts.added, counts.changed, counts.unchanged], is: [0, 0, 2])
            var changed = old
            changed.status = .invalid
            counts = try await store.importGrants([.init(grant: changed, owner: owner)], isTold: false)
            try expect([counts.added, counts.changed, counts.unchanged], is: [0, 1, 0])
            let kept = try await store.grant(old.id)
            try expect(kept?.status, is: .invalid)
            try expect(await store.events(matching: OutboxFilter()).map(\.event.type), is: [.grantExpired])
            try expect(kept?.owners.map(\.owner.text), is: ["ada"])
            try expect(kept?.savedAt, is: clock.now - .seconds(5))
        },
        .init("an import that is told tells of what works and is new, or has a new owner, once") { store, clock in
            let (one, two) = (try Sample.grant("g-1", at: clock.now), try Sample.grant("g-2", at: clock.now))
            var broken = try Sample.grant("g-3", at: clock.now)
            broken.status = .invalid
            let owner = try Sample.owner("ada")
            _ = try await store.importGrants([.init(grant: one)], isTold: false)
            try expect(await store.events(matching: OutboxFilter()), is: [])
            for _ in 0..<2 {
                _ = try await store.importGrants(
                    [.init(grant: one, owner: owner), .init(grant: two), .init(grant: broken, owner: owner)],
                    isTold: true
                )
            }
            let told = try await store.events(matching: OutboxFilter()).map(\.event)
            try expect(Set(told.map(\.type)), is: [.grantConnected])
            try expect(told.compactMap(\.grantID?.text).sorted(), is: ["g-1", "g-2"])
            try expect(told.first { $0.grantID == one.id }?.data.contains("ada"), is: true)
        },
    ]
}
