import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    static let hints: [GrantStoreConformance] = [
        .init("a hint is kept for a grant that is known, and for no other") { store, clock in
            try expect(await store.nextHintDue(), is: nil)
            try expect(await store.noteHint(Sample.grantID("unknown")), is: false)
            try expect(await store.nextHintDue(), is: nil)
            try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
            try expect(await store.noteHint(Sample.grantID("g")), is: true)
            try expect(await store.nextHintDue(), is: clock.now)
        },
        .init("however often a grant is hinted at, it is taken once, and is over when it was looked at") {
            store,
            clock in
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            for _ in 0..<3 { try expect(await store.noteHint(grant.id), is: true) }
            let lease = Sample.lease("a", until: clock.now + .seconds(60))
            let hint = GrantHint(grant: grant.id, number: 3, attempts: 1)
            try expect(await store.takeHints(limit: 9, lease: lease, at: clock.now), is: [hint])
            try expect(await store.takeHints(limit: 9, lease: lease, at: clock.now), is: [])
            try expect(await store.settleHint(hint, retryAt: nil, heldBy: "b"), is: false)
            try expect(await store.settleHint(hint, retryAt: nil, heldBy: "a"), is: true)
            try expect(await store.settleHint(hint, retryAt: nil, heldBy: "a"), is: false)
            try expect(await store.nextHintDue(), is: nil)
        },
        .init("a hint that comes during the look makes a second one, whatever the first saw") { store, clock in
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            for retry in [nil, clock.now + .seconds(600)] as [Timestamp?] {
                _ = try await store.noteHint(grant.id)
                let lease = Sample.lease("a", until: clock.now + .seconds(60))
                let hints = try await store.takeHints(limit: 9, lease: lease, at: clock.now)
                guard let hint = hints.first else { throw Broken(description: "a hint is due") }
                clock.advance(by: .seconds(1))
                _ = try await store.noteHint(grant.id)
                try expect(await store.nextHintDue(), is: lease.expiresAt)
                try expect(await store.settleHint(hint, retryAt: retry, heldBy: "a"), is: true)
                try expect(await store.nextHintDue(), is: clock.now)
            }
        },
        .init("a look that failed is repeated when it is due, and one whose looker died after its lease") {
            store,
            clock in
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            _ = try await store.noteHint(grant.id)
            let lease = Sample.lease("a", until: clock.now + .seconds(60))
            let hint = GrantHint(grant: grant.id, number: 1, attempts: 1)
            try expect(await store.takeHints(limit: 9, lease: lease, at: clock.now), is: [hint])
            let later = clock.now + .seconds(10)
            try expect(await store.settleHint(hint, retryAt: later, heldBy: "a"), is: true)
            try expect(await store.takeHints(limit: 9, lease: lease, at: clock.now), is: [])
            clock.advance(by: .seconds(10))
            let second = Sample.lease("dead", until: clock.now + .seconds(60))
            try expect(await store.takeHints(limit: 9, lease: second, at: clock.now).map(\.attempts), is: [2])
            clock.advance(by: .seconds(60))
            let third = Sample.lease("c", until: clock.now + .seconds(60))
            let taken = try await store.takeHints(limit: 9, lease: third, at: clock.now)
            try expect(taken.map(\.attempts), is: [3])
            try expect(await store.settleHint(taken[0], retryAt: nil, heldBy: "dead"), is: false)
        },
        .init("of a hundred who take at once each hint is given to one") { store, clock in
            for number in 0..<10 {
                let grant = try Sample.grant("g-\(number)", at: clock.now)
                try await store.connect("\(number)", saving: grant, clock)
                _ = try await store.noteHint(grant.id)
            }
            let now = clock.now
            let taken = await withTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        let lease = Sample.lease("\(number)", until: now + .seconds(60))
                        return (try? await store.takeHints(limit: 1, lease: lease, at: now)) ?? []
                    }
                }
                return await group.reduce(into: []) { $0 += $1.map(\.grant) }
            }
            try expect(taken.count, is: 10)
            try expect(Set(taken).count, is: 10)
        },
    ]
}
