import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    /// Two flows of one link, and the lease that each gets.
    private static func two(
        _ clock: ManualWallClock
    ) throws -> (link: LinkClaim, first: FlowClaim, second: FlowClaim, lease: Lease) {
        guard let link = Sample.link(of: "shared", until: clock.now + .seconds(3600)) else {
            throw Broken(description: "a sample's name is no link ID")
        }
        var (first, second) = (
            Sample.claim("first", startedAt: clock.now, owner: try Sample.owner("ada")),
            Sample.claim("second", startedAt: clock.now, owner: try Sample.owner("ada"))
        )
        first.link = link
        second.link = link
        return (link, first, second, Sample.lease("a", until: clock.now + .seconds(30)))
    }

    static let links: [GrantStoreConformance] = [
        .init("a link that nobody came back with is unknown") { store, clock in
            let (link, _, _, _) = try two(clock)
            try expect(await store.use(of: link.id), is: nil)
        },
        .init("a connection uses its link, and no other flow of it is claimed") { store, clock in
            let (link, first, second, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            try expect(await store.use(of: link.id), is: .reserved(first.flow))
            let grant = try Sample.grant("g-1", at: clock.now)
            let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            try expect(
                await store.answer(first.flow, with: outcome, saving: grant, heldBy: "a"),
                is: .answered(outcome)
            )
            try expect(await store.use(of: link.id), is: .used(first.flow))
            try expect(await store.claim(second, lease: lease), is: .linkUsed)
            try expect(await store.record(of: second.flow), is: nil)
        },
        .init("a flow that ends without a connection gives its link back") { store, clock in
            let (link, first, second, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            let outcome = Sample.outcome(.permissionsMissing, at: clock.now)
            _ = try await store.answer(first.flow, with: outcome, saving: nil, heldBy: "a")
            try expect(await store.claim(second, lease: lease), is: .claimed)
            try expect(await store.use(of: link.id), is: .reserved(second.flow))
        },
        .init("while a flow is under way its link is busy, for as long as its lease lives") { store, clock in
            let (_, first, second, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            try expect(await store.claim(second, lease: lease), is: .linkBusy(lease))
            try expect(await store.record(of: second.flow), is: nil)
            clock.advance(by: .seconds(30))
            try expect(
                await store.claim(second, lease: Sample.lease("b", until: clock.now + .seconds(30))),
                is: .claimed
            )
        },
        .init("of two flows that hold a link the first to save has used it, and the other saves nothing") {
            store,
            clock in
            let (link, first, second, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            clock.advance(by: .seconds(30))
            let later = Sample.lease("b", until: clock.now + .seconds(30))
            try expect(await store.claim(second, lease: later), is: .claimed)
            let (one, two) = (try Sample.grant("g-1", at: clock.now), try Sample.grant("g-2", at: clock.now))
            let done = Sample.outcome(.connected, grant: one.id, at: clock.now)
            try expect(await store.answer(first.flow, with: done, saving: one, heldBy: "a"), is: .answered(done))
            let late = Sample.outcome(.connected, grant: two.id, at: clock.now)
            let standing = try await store.answer(second.flow, with: late, saving: two, heldBy: "b")
            try expect(standing, is: .answered(LinkRules.tooLate(late)))
            try expect(await store.record(of: second.flow)?.standing, is: standing)
            try expect(await store.grant(two.id), is: nil)
            try expect(await store.use(of: link.id), is: .used(first.flow))
        },
        .init("a declined flow gives its link back, and takes it again with its code") { store, clock in
            let (link, first, second, lease) = try two(clock)
            _ = try await store.record(Sample.outcome(.declined, at: clock.now), for: first)
            try expect(await store.use(of: link.id), is: nil)
            try expect(await store.claim(second, lease: lease), is: .claimed)
            try expect(await store.claim(first, lease: lease), is: .linkBusy(lease))
            _ = try await store.answer(
                second.flow,
                with: Sample.outcome(.unknown, at: clock.now),
                saving: nil,
                heldBy: "a"
            )
            try expect(await store.claim(first, lease: lease), is: .claimed)
        },
        .init("a revoked link is not claimed, and revoking it again changes nothing") { store, clock in
            let (link, first, _, lease) = try two(clock)
            try expect(await store.revoke(link, by: .commandLine), is: .revoked)
            try expect(await store.revoke(link, by: .commandLine), is: .revoked)
            try expect(await store.claim(first, lease: lease), is: .linkRevoked)
            try expect(await store.record(of: first.flow), is: nil)
        },
        .init("a link that was used stays used when it is revoked") { store, clock in
            let (link, first, _, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            let grant = try Sample.grant("g-1", at: clock.now)
            let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            _ = try await store.answer(first.flow, with: outcome, saving: grant, heldBy: "a")
            try expect(await store.revoke(link, by: .commandLine), is: .used(first.flow))
        },
        .init("revoking comes too late for a flow that was claimed before") { store, clock in
            let (link, first, second, lease) = try two(clock)
            try expect(await store.claim(first, lease: lease), is: .claimed)
            try expect(await store.revoke(link, by: .commandLine), is: .revoked)
            try expect(await store.claim(second, lease: lease), is: .linkRevoked)
            let grant = try Sample.grant("g-1", at: clock.now)
            let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            try expect(
                await store.answer(first.flow, with: outcome, saving: grant, heldBy: "a"),
                is: .answered(outcome)
            )
            try expect(await store.grant(grant.id)?.owners.map(\.linkID), is: [link.id])
        },
        .init("purging forgets links that ended before the moment, and no others") { store, clock in
            let (link, _, _, _) = try two(clock)
            guard let edge = Sample.link(of: "edge", until: clock.now) else { throw Broken(description: "no link ID") }
            for link in [link, edge] { _ = try await store.revoke(link, by: .commandLine) }
            try expect(await store.purgeLinks(expiredBefore: clock.now), is: 0)
            try expect(await store.purgeLinks(expiredBefore: clock.now + .microseconds(1)), is: 1)
            try expect(await store.use(of: edge.id), is: nil)
            try expect(await store.use(of: link.id), is: .revoked)
        },
    ]
}
