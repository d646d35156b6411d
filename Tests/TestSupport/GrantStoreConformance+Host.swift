import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    private static func word(_ claim: FlowClaim, callbackAt: Timestamp) throws -> HostWord {
        let owner = try Sample.owner("ada")
        return HostWord(
            flow: claim.flow,
            callbackAt: callbackAt,
            owner: owner,
            actor: .token("shop"),
            reference: "ref-1"
        )
    }

    /// A flow that only the host app's word lets be claimed.
    private static func bound(_ clock: ManualWallClock) throws -> (claim: FlowClaim, lease: Lease) {
        var claim = Sample.claim("bound", startedAt: clock.now, owner: try Sample.owner("ada"))
        claim.binding = .confirmed
        return (claim, Sample.lease("a", until: clock.now + .seconds(30)))
    }

    static let results: [GrantStoreConformance] = [
        .init("a result is told once, and then for ten minutes to the same token alone") { store, clock in
            let claim = Sample.claim("one", startedAt: clock.now)
            let outcome = Sample.outcome(.permissionsMissing, at: clock.now)
            _ = try await store.record(outcome, for: claim)
            let record = FlowRecord(claim: claim, standing: .answered(outcome))
            clock.advance(by: .seconds(599))
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .told(record))
            try expect(await store.tellResult(of: claim.flow, to: "other"), is: .gone)
            clock.advance(by: .seconds(599))
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .told(record))
            clock.advance(by: .seconds(1))
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .gone)
        },
        .init("a result that nobody asked for within ten minutes is gone") { store, clock in
            let claim = Sample.claim("late", startedAt: clock.now)
            _ = try await store.record(Sample.outcome(.declined, at: clock.now), for: claim)
            clock.advance(by: .seconds(600))
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .gone)
        },
        .init("a flow that never came back has no result, and an open one none yet") { store, clock in
            let claim = Sample.claim("open", startedAt: clock.now)
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .unknown)
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .open(claim))
            let outcome = Sample.outcome(.unknown, at: clock.now)
            _ = try await store.answer(claim.flow, with: outcome, saving: nil, heldBy: "a")
            // The look before told nobody anything.
            let record = FlowRecord(claim: claim, standing: .answered(outcome))
            try expect(await store.tellResult(of: claim.flow, to: "other"), is: .told(record))
        },
        .init("a yes that follows a no is told anew") { store, clock in
            let claim = Sample.claim("twice", startedAt: clock.now)
            _ = try await store.record(Sample.outcome(.declined, at: clock.now), for: claim)
            _ = try await store.tellResult(of: claim.flow, to: "shop")
            clock.advance(by: .seconds(900))
            let lease = Sample.lease("a", until: clock.now + .seconds(30))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            let grant = try Sample.grant("g-1", at: clock.now)
            let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
            _ = try await store.answer(claim.flow, with: outcome, saving: grant, heldBy: "a")
            let record = FlowRecord(claim: claim, standing: .answered(outcome))
            try expect(await store.tellResult(of: claim.flow, to: "other"), is: .told(record))
            try expect(await store.tellResult(of: claim.flow, to: "shop"), is: .gone)
        },
        .init("purging flows forgets who was told") { store, clock in
            let claim = Sample.claim("old", startedAt: clock.now)
            _ = try await store.record(Sample.outcome(.unknown, at: clock.now), for: claim)
            _ = try await store.tellResult(of: claim.flow, to: "shop")
            try expect(await store.purgeFlows(answeredBefore: clock.now + .microseconds(1)), is: 1)
            let again = Sample.outcome(.unknown, at: clock.now)
            _ = try await store.record(again, for: claim)
            let record = FlowRecord(claim: claim, standing: .answered(again))
            try expect(await store.tellResult(of: claim.flow, to: "other"), is: .told(record))
        },
    ]

    static let confirmations: [GrantStoreConformance] = [
        .init("under confirmed binding nothing is claimed without the host app's word") { store, clock in
            let (claim, lease) = try bound(clock)
            try expect(await store.claim(claim, lease: lease), is: .notConfirmed)
            try expect(await store.record(of: claim.flow), is: nil)
            if let link = claim.link { try expect(await store.use(of: link.id), is: nil) }
            let word = try word(claim, callbackAt: clock.now)
            try expect(await store.confirm(word, isOwner: true), is: .confirmed)
            let known = try await store.confirmation(of: claim.flow)
            try expect(known, is: FlowConfirmation(.confirmed, callbackAt: clock.now, decidedAt: clock.now))
            try expect(await store.claim(claim, lease: lease), is: .claimed)
        },
        .init("a second word of the same kind changes nothing, also after the claim") { store, clock in
            let (claim, lease) = try bound(clock)
            let (word, first) = (try word(claim, callbackAt: clock.now), clock.now)
            try expect(await store.confirm(word, isOwner: true), is: .confirmed)
            clock.advance(by: .seconds(1))
            try expect(await store.confirm(word, isOwner: true), is: .confirmed)
            try expect(await store.confirmation(of: claim.flow)?.decidedAt, is: first)
            try expect(await store.claim(claim, lease: lease), is: .claimed)
            try expect(await store.confirm(word, isOwner: true), is: .confirmed)
        },
        .init("a denial is final") { store, clock in
            let (claim, lease) = try bound(clock)
            let word = try word(claim, callbackAt: clock.now)
            try expect(await store.confirm(word, isOwner: false), is: .refused)
            try expect(await store.confirm(word, isOwner: true), is: .refused)
            clock.advance(by: .seconds(5))
            let later = try Self.word(claim, callbackAt: clock.now)
            try expect(await store.confirm(later, isOwner: true), is: .refused)
            try expect(await store.claim(claim, lease: lease), is: .notConfirmed)
        },
        .init("a denial after a confirmation takes it back, unless the flow is claimed") { store, clock in
            let (claim, lease) = try bound(clock)
            let word = try word(claim, callbackAt: clock.now)
            try expect(await store.confirm(word, isOwner: true), is: .confirmed)
            try expect(await store.confirm(word, isOwner: false), is: .refused)
            try expect(await store.claim(claim, lease: lease), is: .notConfirmed)

            var other = claim
            other.flow = FlowID(state: "other")
            other.link = nil
            let its = try Self.word(other, callbackAt: clock.now)
            try expect(await store.confirm(its, isOwner: true), is: .confirmed)
            try expect(await store.claim(other, lease: lease), is: .claimed)
            try expect(await store.confirm(its, isOwner: false), is: .refused)
            try expect(await store.confirmation(of: other.flow)?.standing, is: .confirmed)
        },
        .init("another code needs another word, and the word for the one before comes too late") { store, clock in
            let (claim, _) = try bound(clock)
            let first = try word(claim, callbackAt: clock.now)
            let second = try word(claim, callbackAt: clock.now + .seconds(9))
            try expect(await store.confirm(first, isOwner: true), is: .confirmed)
            try expect(await store.confirm(second, isOwner: true), is: .confirmed)
            try expect(await store.confirmation(of: claim.flow)?.callbackAt, is: second.callbackAt)
            try expect(await store.confirm(first, isOwner: true), is: .over)
            try expect(await store.confirmation(of: claim.flow)?.callbackAt, is: second.callbackAt)
        },
        .init("a flow that has ended is not confirmed any more, but for one that was declined") { store, clock in
            for (verdict, answer) in [
                (FlowOutcome.Verdict.notConfirmed, ConfirmationAnswer.over), (.declined, .confirmed),
            ] {
                var (claim, _) = try bound(clock)
                claim.flow = FlowID(state: verdict.rawValue)
                _ = try await store.record(Sample.outcome(verdict, at: clock.now), for: claim)
                let word = try word(claim, callbackAt: clock.now)
                try expect(await store.confirm(word, isOwner: true), is: answer)
            }
        },
        .init("one flow's word is not another's") { store, clock in
            let (claim, lease) = try bound(clock)
            var other = claim
            other.flow = FlowID(state: "other")
            _ = try await store.confirm(try word(claim, callbackAt: clock.now), isOwner: true)
            try expect(await store.confirmation(of: other.flow), is: nil)
            try expect(await store.claim(other, lease: lease), is: .notConfirmed)
        },
        .init("purging flows forgets what was said") { store, clock in
            let (claim, lease) = try bound(clock)
            _ = try await store.confirm(try word(claim, callbackAt: clock.now), isOwner: true)
            _ = try await store.purgeFlows(answeredBefore: clock.now)
            try expect(await store.confirmation(of: claim.flow)?.standing, is: .confirmed)
            _ = try await store.purgeFlows(answeredBefore: clock.now + .microseconds(1))
            try expect(await store.claim(claim, lease: lease), is: .notConfirmed)
        },
    ]
}
