import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    static let departures: [GrantStoreConformance] = [
        .init("an owner who leaves loses the grant, and nobody else does") { store, clock in
            let (ada, bea) = (try Sample.owner("ada"), try Sample.owner("bea"))
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("1", saving: grant, owner: ada, clock)
            try await store.connect("2", saving: grant, owner: bea, clock)
            clock.advance(by: .seconds(5))
            try expect(await store.leave(grant.id, .owner(ada), reason: "r", reference: nil), is: .othersRemain(1))
            let kept = try await store.grant(grant.id)
            try expect(kept?.owners.map(\.owner), is: [bea])
            try expect(kept?.changedAt, is: clock.now)
            try expect(kept?.deletionRequestedAt, is: nil)
            try expect(await store.grants(matching: GrantFilter(owner: ada)), is: [])
            try expect(await store.deletionsDue(at: clock.now, limit: 10), is: [])
            try expect(await store.leave(grant.id, .owner(ada), reason: "r", reference: nil), is: .notOwner)
        },
        .init("when the last owner leaves, the grant stays and its deletion is due") { store, clock in
            let ada = try Sample.owner("ada")
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("1", saving: grant, owner: ada, clock)
            clock.advance(by: .seconds(5))
            let left = clock.now
            try expect(await store.leave(grant.id, .owner(ada), reason: "r", reference: "ref"), is: .last)
            let kept = try await store.grant(grant.id)
            try expect(kept?.owners, is: [])
            try expect(kept?.deletionRequestedAt, is: left)
            try expect(await store.deletionsDue(at: left, limit: 10), is: kept.map { [$0] } ?? [])
            try expect(await store.deletionsDue(at: left - .microseconds(1), limit: 10), is: [])
            // Once more says the same, and the first request keeps its time.
            clock.advance(by: .seconds(5))
            try expect(await store.leave(grant.id, .owner(ada), reason: "r", reference: nil), is: .notOwner)
            try expect(await store.leave(grant.id, .everybody, reason: "r", reference: nil), is: .last)
            try expect(await store.leave(grant.id, .nobodyInParticular, reason: "r", reference: nil), is: .last)
            try expect(await store.grant(grant.id), is: kept)
        },
        .init("a grant without owner is left by nobody in particular, one with owners is not") { store, clock in
            let (open, owned) = (try Sample.grant("open", at: clock.now), try Sample.grant("owned", at: clock.now))
            let ada = try Sample.owner("ada")
            try await store.connect("1", saving: open, clock)
            try await store.connect("2", saving: owned, owner: ada, clock)
            try expect(await store.leave(owned.id, .nobodyInParticular, reason: "r", reference: nil), is: .notOwner)
            try expect(await store.grant(owned.id)?.owners.map(\.owner), is: [ada])
            try expect(await store.leave(open.id, .owner(ada), reason: "r", reference: nil), is: .notOwner)
            try expect(await store.leave(open.id, .nobodyInParticular, reason: "r", reference: nil), is: .last)
            try expect(await store.deletionsDue(at: clock.now, limit: 10).map(\.id), is: [open.id])
        },
        .init("everybody leaves at once") { store, clock in
            let grant = try Sample.grant("g", at: clock.now)
            for name in ["ada", "bea"] {
                try await store.connect(name, saving: grant, owner: Sample.owner(name), clock)
            }
            try expect(await store.leave(grant.id, .everybody, reason: "r", reference: nil), is: .last)
            try expect(await store.grant(grant.id)?.owners, is: [])
        },
        .init("an unknown grant is left by nobody") { store, clock in
            let id = try Sample.grantID("unknown")
            for leaver in [Leaver.everybody, .nobodyInParticular, .owner(try Sample.owner("ada"))] {
                try expect(await store.leave(id, leaver, reason: "r", reference: nil), is: .unknownGrant)
            }
            try expect(await store.forget(id, reason: "r", reference: nil), is: nil)
            try await store.postponeDeletion(of: id, until: clock.now)
            try expect(await store.deletionsDue(at: clock.now, limit: 10), is: [])
        },
        .init("who connects again calls the deletion off, and a refresh does not") { store, clock in
            let ada = try Sample.owner("ada")
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("1", saving: grant, owner: ada, clock)
            try expect(await store.leave(grant.id, .owner(ada), reason: "r", reference: nil), is: .last)
            try expect(await store.refresh(grant, reason: "webhook"), is: true)
            try expect(await store.grant(grant.id)?.deletionRequestedAt, is: clock.now)
            try expect(await store.deletionsDue(at: clock.now, limit: 10).count, is: 1)
            try await store.connect("2", saving: grant, owner: ada, clock)
            try expect(await store.grant(grant.id)?.deletionRequestedAt, is: nil)
            try expect(await store.deletionsDue(at: clock.now, limit: 10), is: [])
            // An old note's next try must not shorten or lengthen a new one.
            try await store.postponeDeletion(of: grant.id, until: clock.now)
            try expect(await store.deletionsDue(at: clock.now, limit: 10), is: [])
        },
        .init("a deletion that is put off is due again later, behind those due before") { store, clock in
            for id in ["a", "b", "c"] {
                try await store.connect(id, saving: Sample.grant(id, at: clock.now), clock)
                _ = try await store.leave(Sample.grantID(id), .nobodyInParticular, reason: "r", reference: nil)
                clock.advance(by: .seconds(1))
            }
            try await store.postponeDeletion(of: Sample.grantID("a"), until: clock.now + .seconds(60))
            func due(_ moment: Timestamp, limit: Int = 10) async throws -> [String] {
                try await store.deletionsDue(at: moment, limit: limit).map(\.id.text)
            }
            try expect(await due(clock.now), is: ["b", "c"])
            try expect(await due(clock.now, limit: 0), is: ["b"])
            try expect(await due(clock.now + .seconds(60)), is: ["b", "c", "a"])
        },
        .init("what is forgotten is gone with its owners, and can be connected anew") { store, clock in
            let ada = try Sample.owner("ada")
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("1", saving: grant, owner: ada, clock)
            let known = try await store.grant(grant.id)
            try expect(await store.forget(grant.id, reason: "r", reference: nil), is: known)
            try expect(await store.grant(grant.id), is: nil)
            try expect(await store.grants(matching: GrantFilter(owner: ada)), is: [])
            clock.advance(by: .seconds(5))
            try await store.connect("2", saving: grant, clock)
            try expect(await store.grant(grant.id)?.owners, is: [])
            try expect(await store.grant(grant.id)?.savedAt, is: clock.now)
        },
        .init("of fifty owners who leave at once exactly one is the last") { store, clock in
            let grant = try Sample.grant("g", at: clock.now)
            for number in 0..<50 {
                try await store.connect("\(number)", saving: grant, owner: Sample.owner("user-\(number)"), clock)
            }
            let answers = await withTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        try? await store.leave(
                            grant.id,
                            .owner(Sample.owner("user-\(number)")),
                            reason: "r",
                            reference: nil
                        )
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            try expect(answers.filter { $0 == .last }.count, is: 1)
            try expect(answers.filter { if case .othersRemain? = $0 { true } else { false } }.count, is: 49)
        },
    ]
}
