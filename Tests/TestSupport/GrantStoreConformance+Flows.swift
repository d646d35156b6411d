import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    static let claiming: [GrantStoreConformance] = [
        .init("an unclaimed flow is claimed, and the claim is kept whole") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now, owner: try Sample.owner("user 7 ÅÄÖ"))
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.record(of: claim.flow), is: FlowRecord(claim: claim, standing: .open(lease)))
        },
        .init("an unknown flow has no record") { store, clock in
            try expect(await store.record(of: FlowID(state: "never seen")), is: nil)
        },
        .init("a claim without owner, provider, scopes or tags is kept whole") { store, clock in
            let claim = FlowClaim(
                flow: FlowID(state: "bare"),
                kind: .adminConsent,
                provider: nil,
                profile: "full",
                scopes: [],
                startedAt: Timestamp(microsecondsSince1970: -1)
            )
            let lease = Sample.lease("a", until: Timestamp(microsecondsSince1970: .max))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.record(of: claim.flow), is: FlowRecord(claim: claim, standing: .open(lease)))
        },
        .init("a second claim is told who works on it, even by the same instance and after the lease") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            let second = Sample.lease("b", until: clock.now + .seconds(99))
            try expect(await store.claim(claim, lease: second), is: .underWay(lease))
            try expect(await store.claim(claim, lease: lease), is: .underWay(lease))
            clock.advance(by: .seconds(31))
            try expect(await store.claim(claim, lease: second), is: .underWay(lease))
        },
        .init("two flows do not know each other") { store, clock in
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(Sample.claim("s", startedAt: clock.now), lease: lease), is: .claimed)
            try expect(await store.claim(Sample.claim("S", startedAt: clock.now), lease: lease), is: .claimed)
        },
        .init("every answer but declined stands against a new claim") { store, clock in
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            for verdict in FlowOutcome.Verdict.allCases where verdict != .declined {
                let claim = Sample.claim(verdict.rawValue, startedAt: clock.now)
                let outcome = Sample.outcome(verdict, at: clock.now)
                try expect(await store.claim(claim, lease: lease), is: .claimed)
                try expect(
                    await store.answer(claim.flow, with: outcome, saving: nil, heldBy: "a"),
                    is: .answered(outcome)
                )
                try expect(await store.claim(claim, lease: lease), is: .answered(outcome))
                try expect(await store.record(of: claim.flow)?.standing, is: .answered(outcome))
            }
        },
        .init("a declined flow is claimed again, under the new lease") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let declined = Sample.outcome(.declined, at: clock.now)
            try expect(await store.record(declined, for: claim), is: .answered(declined))
            let lease = Sample.lease("b", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.record(of: claim.flow)?.standing, is: .open(lease))
        },
    ]

    static let answering: [GrantStoreConformance] = [
        .init("an outcome without an exchange is recorded with its claim") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let outcome = Sample.outcome(.providerRefused, at: clock.now)
            try expect(await store.record(outcome, for: claim), is: .answered(outcome))
            try expect(await store.record(of: claim.flow), is: FlowRecord(claim: claim, standing: .answered(outcome)))
        },
        .init("recording touches neither an open claim nor a final answer") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            let declined = Sample.outcome(.declined, at: clock.now)
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.record(declined, for: claim), is: .open(lease))
            let connected = Sample.outcome(.connected, at: clock.now)
            _ = try await store.answer(claim.flow, with: connected, saving: nil, heldBy: "a")
            try expect(await store.record(declined, for: claim), is: .answered(connected))
            try expect(await store.record(of: claim.flow)?.standing, is: .answered(connected))
        },
        .init("a later record supersedes declined") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let declined = Sample.outcome(.declined, at: clock.now)
            let needed = Sample.outcome(.adminApprovalNeeded, at: clock.now + .seconds(5))
            try expect(await store.record(declined, for: claim), is: .answered(declined))
            try expect(await store.record(needed, for: claim), is: .answered(needed))
            try expect(await store.record(of: claim.flow)?.standing, is: .answered(needed))
        },
        .init("an answer saves its grant, with the times of the store") { store, clock in
            let grant = try Sample.grant("g-1", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            var expected = grant
            expected.savedAt = clock.now
            expected.changedAt = clock.now
            try expect(await store.grant(grant.id), is: expected)
            try expect(await store.grant(Sample.grantID("G-1")), is: nil)
        },
        .init("a claim's owner owns the grant; owners given with the grant do not count") { store, clock in
            var grant = try Sample.grant("g-1", at: clock.now)
            grant.owners = [Ownership(owner: try Sample.owner("mallory"), since: clock.now)]
            let ada = try Sample.owner("ada")
            try await store.connect("s", saving: grant, owner: ada, clock)
            let claim = Sample.claim("s", startedAt: clock.now, owner: ada)
            let expected = [Ownership(owner: ada, since: clock.now, linkID: claim.link?.id, tags: claim.tags)]
            try expect(await store.grant(grant.id)?.owners, is: expected)
        },
        .init("saving a known grant replaces its values, and keeps when it was saved and its owners") { store, clock in
            let (ada, bea) = (try Sample.owner("ada"), try Sample.owner("bea"))
            let first = clock.now
            try await store.connect("1", saving: Sample.grant("g-1", at: first), owner: bea, clock)
            clock.advance(by: .seconds(60))
            let second = clock.now
            var again = try Sample.grant("g-1", address: nil, status: .invalid, at: second)
            again.scopes = []
            again.providerName = "something new"
            try await store.connect("2", saving: again, owner: ada, clock)
            clock.advance(by: .seconds(60))
            try await store.connect("3", saving: again, owner: bea, clock)
            try await store.connect("4", saving: again, clock)
            let kept = try await store.grant(again.id)
            try expect(kept?.savedAt, is: first)
            try expect(kept?.changedAt, is: clock.now)
            try expect(kept?.owners.map(\.owner), is: [bea, ada])
            try expect(kept?.owners.map(\.since), is: [first, second])
            again.savedAt = first
            again.changedAt = clock.now
            again.owners = kept?.owners ?? []
            try expect(kept, is: again)
        },
        .init("who does not hold the claim can neither answer nor save") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            let grant = try Sample.grant("g-1", at: clock.now)
            let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            try expect(await store.answer(claim.flow, with: outcome, saving: grant, heldBy: "b"), is: .open(lease))
            try expect(await store.record(of: claim.flow)?.standing, is: .open(lease))
            try expect(await store.grant(grant.id), is: nil)
        },
        .init("the first answer is the last") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            try expect(await store.claim(claim, lease: Sample.lease("a", until: clock.now)), is: .claimed)
            let refused = Sample.outcome(.exchangeRefused, at: clock.now)
            try expect(await store.answer(claim.flow, with: refused, saving: nil, heldBy: "a"), is: .answered(refused))
            let grant = try Sample.grant("g-1", at: clock.now)
            let connected = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            try expect(
                await store.answer(claim.flow, with: connected, saving: grant, heldBy: "a"),
                is: .answered(refused)
            )
            try expect(await store.grant(grant.id), is: nil)
        },
        .init("a flow without a claim is answered unknown, and nothing is saved") { store, clock in
            let grant = try Sample.grant("g-1", at: clock.now)
            let connected = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            let flow = FlowID(state: "forgotten")
            let standing = try await store.answer(flow, with: connected, saving: grant, heldBy: "a")
            guard case .answered(let outcome) = standing else { throw Broken(description: "\(standing)") }
            try expect(outcome.verdict, is: .unknown)
            try expect(await store.record(of: flow), is: nil)
            try expect(await store.grant(grant.id), is: nil)
        },
    ]

    static let leases: [GrantStoreConformance] = [
        .init("an instance can still answer after its lease, while nobody took over") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            try expect(await store.claim(claim, lease: Sample.lease("a", until: clock.now)), is: .claimed)
            clock.advance(by: .seconds(60))
            let outcome = Sample.outcome(.connected, at: clock.now)
            try expect(await store.answer(claim.flow, with: outcome, saving: nil, heldBy: "a"), is: .answered(outcome))
        },
        .init("a living lease is not taken over") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            let other = Sample.lease("b", until: clock.now + .seconds(99))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            let justBefore = lease.expiresAt - .microseconds(1)
            try expect(await store.takeOver(claim.flow, lease: other, at: justBefore), is: false)
            try expect(await store.record(of: claim.flow)?.standing, is: .open(lease))
            try expect(await store.takeOver(claim.flow, lease: other, at: lease.expiresAt), is: true)
            try expect(await store.record(of: claim.flow)?.standing, is: .open(other))
        },
        .init("who lost a claim can no longer answer it") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let other = Sample.lease("b", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: Sample.lease("a", until: clock.now)), is: .claimed)
            try expect(await store.takeOver(claim.flow, lease: other, at: clock.now), is: true)
            let outcome = Sample.outcome(.unknown, at: clock.now)
            try expect(await store.answer(claim.flow, with: outcome, saving: nil, heldBy: "a"), is: .open(other))
        },
        .init("one's own lease is renewed while it lives") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let longer = Sample.lease("a", until: clock.now + .seconds(99))
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.takeOver(claim.flow, lease: longer, at: clock.now), is: true)
            try expect(await store.record(of: claim.flow)?.standing, is: .open(longer))
        },
        .init("what is answered or unknown is not taken over") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let lease = Sample.lease("a", until: clock.now)
            let declined = Sample.outcome(.declined, at: clock.now)
            try expect(await store.takeOver(claim.flow, lease: lease, at: clock.now), is: false)
            try expect(await store.record(of: claim.flow), is: nil)
            _ = try await store.record(declined, for: claim)
            try expect(await store.takeOver(claim.flow, lease: lease, at: clock.now), is: false)
            try expect(await store.record(of: claim.flow)?.standing, is: .answered(declined))
        },
        .init("open claims are listed by their start, answered ones are not") { store, clock in
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            let late = Sample.claim("late", startedAt: clock.now + .seconds(2))
            let early = Sample.claim("early", startedAt: clock.now - .seconds(2))
            let done = Sample.claim("done", startedAt: clock.now)
            for claim in [late, done, early] { try expect(await store.claim(claim, lease: lease), is: .claimed) }
            _ = try await store.answer(
                done.flow,
                with: Sample.outcome(.unknown, at: clock.now),
                saving: nil,
                heldBy: "a"
            )
            try expect(
                await store.openClaims(),
                is: [early, late].map { FlowRecord(claim: $0, standing: .open(lease)) }
            )
        },
        .init("purging forgets answered flows before the moment, never open ones") { store, clock in
            let lease = Sample.lease("a", until: clock.now)
            let (old, edge, open) = (
                Sample.claim("old", startedAt: clock.now), Sample.claim("edge", startedAt: clock.now),
                Sample.claim("open", startedAt: clock.now - .seconds(1_000_000))
            )
            let before = Sample.outcome(.declined, at: clock.now - .microseconds(1))
            _ = try await store.record(before, for: old)
            _ = try await store.record(Sample.outcome(.unknown, at: clock.now), for: edge)
            try expect(await store.claim(open, lease: lease), is: .claimed)
            try expect(await store.purgeFlows(answeredBefore: clock.now), is: 1)
            try expect(await store.purgeFlows(answeredBefore: clock.now), is: 0)
            try expect(await store.record(of: old.flow), is: nil)
            try expect(await store.record(of: edge.flow)?.claim, is: edge)
            try expect(await store.record(of: open.flow)?.claim, is: open)
        },
    ]
}
