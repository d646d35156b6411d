package import GrantStore
import Grants
package import Timekeeping

extension Sample {
    /// The flow with which an administrator comes back.
    package static func consentClaim(_ state: String, startedAt: Timestamp) -> FlowClaim {
        FlowClaim(
            flow: FlowID(state: state),
            kind: .adminConsent,
            provider: .microsoft,
            profile: "",
            scopes: [],
            startedAt: startedAt
        )
    }

    package static func consent(
        _ id: String,
        credential: String = "c-1",
        probe: String? = "probe@example.com",
        at moment: Timestamp
    ) throws -> TenantConsent {
        guard let consent = ConsentID(id), let credential = CredentialID(credential) else {
            throw GrantStoreConformance.Broken(description: "\(id) or \(credential) is no ID")
        }
        return TenantConsent(
            id: consent,
            customer: "Ümlaut & Co.",
            credential: credential,
            tenant: "t-1",
            claimedTenant: "t-2",
            probe: probe,
            reportedAt: moment,
            readyAt: moment + .seconds(300),
            reference: "ref-\(id)"
        )
    }
}

extension GrantStoreConformance {
    /// A consent that somebody has come back with.
    private static func reported(
        _ id: String,
        credential: String = "c-1",
        probe: String? = "probe@example.com",
        in store: any GrantStore,
        _ clock: ManualWallClock
    ) async throws -> TenantConsent {
        let consent = try Sample.consent(id, credential: credential, probe: probe, at: clock.now)
        let outcome = Sample.outcome(.consentReported, at: clock.now)
        try expect(
            await store.report(
                consent,
                of: Sample.consentClaim("\(id) \(clock.now)", startedAt: clock.now),
                with: outcome
            ),
            is: .answered(outcome)
        )
        return consent
    }

    static let consents: [GrantStoreConformance] = [
        .init("a consent that nobody reported is unknown") { store, clock in
            let consent = try Sample.consent("i", at: clock.now)
            try expect(await store.consent(consent.id), is: nil)
            try expect(await store.consent(reportedBy: FlowID(state: "s")), is: nil)
            try expect(await store.consents(after: nil, limit: 10), is: [])
            try expect(await store.consents(after: consent.id, limit: 10), is: [])
            try expect(await store.nextProbeDue(), is: nil)
            try expect(await store.takeProbe(dueAt: clock.now, next: clock.now), is: nil)
            let end = try await store.settle(consent.id, as: .failed(reason: "r"), saving: nil, reference: nil)
            try expect(end, is: nil)
            try await store.postponeProbe(of: consent.id, until: clock.now)
            try expect(await store.nextProbeDue(), is: nil)
        },
        .init("a report answers its flow and is found whole, by its ID and by its flow") { store, clock in
            let consent = try Sample.consent("i", at: clock.now)
            let claim = Sample.consentClaim("s", startedAt: clock.now)
            let outcome = Sample.outcome(.consentReported, at: clock.now)
            try expect(await store.report(consent, of: claim, with: outcome), is: .answered(outcome))
            try expect(await store.consent(consent.id), is: consent)
            try expect(await store.consent(reportedBy: claim.flow), is: consent)
            try expect(await store.record(of: claim.flow), is: FlowRecord(claim: claim, standing: .answered(outcome)))
            let bare = try Sample.consent("bare", probe: nil, at: clock.now)
            _ = try await store.report(bare, of: Sample.consentClaim("t", startedAt: clock.now), with: outcome)
            try expect(await store.consent(bare.id), is: bare)
        },
        .init("a flow reports once, and a decline may be followed by a report") { store, clock in
            let consent = try Sample.consent("i", at: clock.now)
            let claim = Sample.consentClaim("s", startedAt: clock.now)
            let declined = Sample.outcome(.declined, at: clock.now)
            try expect(await store.record(declined, for: claim), is: .answered(declined))
            let outcome = Sample.outcome(.consentReported, at: clock.now)
            try expect(await store.report(consent, of: claim, with: outcome), is: .answered(outcome))
            clock.advance(by: .seconds(5))
            var other = try Sample.consent("other", at: clock.now)
            other.claimedTenant = "planted"
            let later = Sample.outcome(.consentReported, at: clock.now)
            try expect(await store.report(other, of: claim, with: later), is: .answered(outcome))
            try expect(await store.consent(other.id), is: nil)
        },
        .init("a flow that ended otherwise reports nothing") { store, clock in
            let consent = try Sample.consent("i", at: clock.now)
            let claim = Sample.consentClaim("s", startedAt: clock.now)
            let refused = Sample.outcome(.adminRoleNeeded, at: clock.now)
            try expect(await store.record(refused, for: claim), is: .answered(refused))
            let outcome = Sample.outcome(.consentReported, at: clock.now)
            try expect(await store.report(consent, of: claim, with: outcome), is: .answered(refused))
            try expect(await store.consent(consent.id), is: nil)
        },
        .init("a second report of an invitation changes nothing, but after a failure it begins anew") { store, clock in
            let first = try await reported("i", in: store, clock)
            clock.advance(by: .seconds(60))
            let second = try await reported("i", in: store, clock)
            try expect(await store.consent(first.id), is: first)
            let claim = Sample.consentClaim("i \(clock.now)", startedAt: clock.now)
            try expect(await store.consent(reportedBy: claim.flow), is: first)
            _ = try await store.settle(first.id, as: .failed(reason: "r"), saving: nil, reference: nil)
            clock.advance(by: .seconds(60))
            let third = try await reported("i", in: store, clock)
            try expect(await store.consent(second.id), is: third)
        },
        .init("a trial is taken once it is due, by one, and again when it is put off no longer") { store, clock in
            let consent = try await reported("i", in: store, clock)
            _ = try await reported("untried", probe: nil, in: store, clock)
            try expect(await store.nextProbeDue(), is: consent.readyAt)
            let before = consent.readyAt - .microseconds(1)
            try expect(await store.takeProbe(dueAt: before, next: before), is: nil)
            let next = consent.readyAt + .seconds(90)
            let taken = try await store.takeProbe(dueAt: consent.readyAt, next: next)
            try expect(taken?.id, is: consent.id)
            try expect(taken?.attempts, is: 1)
            try expect(await store.takeProbe(dueAt: consent.readyAt, next: next), is: nil)
            try await store.postponeProbe(of: consent.id, until: next + .seconds(60))
            try expect(await store.takeProbe(dueAt: next, next: next), is: nil)
            try expect(await store.takeProbe(dueAt: next + .seconds(60), next: next)?.attempts, is: 2)
        },
        .init("of many that are due the one due longest is taken first") { store, clock in
            for id in ["b", "a", "c"] {
                _ = try await reported(id, in: store, clock)
                clock.advance(by: .seconds(1))
            }
            let late = clock.now + .seconds(1000)
            for id in ["b", "a", "c"] {
                try expect(await store.takeProbe(dueAt: late, next: late + .seconds(90))?.id.text, is: id)
            }
            try expect(await store.takeProbe(dueAt: late, next: late), is: nil)
        },
        .init("what is verified stays so, has its grant, and is tried no more") { store, clock in
            let consent = try await reported("i", in: store, clock)
            let grant = try Sample.grant("g", at: clock.now)
            clock.advance(by: .seconds(400))
            let end = try await store.settle(consent.id, as: .verified(grant.id), saving: grant, reference: "r")
            try expect(end?.standing, is: .verified(grant.id))
            try expect(end?.settledAt, is: clock.now)
            try expect(await store.consent(consent.id), is: end)
            try expect(await store.grant(grant.id)?.savedAt, is: clock.now)
            try expect(await store.grant(grant.id)?.owners, is: [])
            try expect(await store.nextProbeDue(), is: nil)
            for standing in [TenantConsent.Standing.failed(reason: "r"), .verified(try Sample.grantID("h")), .reported]
            {
                try expect(await store.settle(consent.id, as: standing, saving: nil, reference: nil), is: end)
            }
            _ = try await reported("i", in: store, clock)
            try expect(await store.consent(consent.id), is: end)
        },
        .init("what has failed says why, and can be verified after all") { store, clock in
            let consent = try await reported("i", in: store, clock)
            let failed = try await store.settle(consent.id, as: .failed(reason: "why"), saving: nil, reference: nil)
            try expect(failed?.standing, is: .failed(reason: "why"))
            try expect(await store.nextProbeDue(), is: nil)
            try await store.postponeProbe(of: consent.id, until: clock.now)
            try expect(await store.nextProbeDue(), is: nil)
            let again = try await store.settle(consent.id, as: .failed(reason: "other"), saving: nil, reference: nil)
            try expect(again, is: failed)
            let grant = try Sample.grantID("g")
            let end = try await store.settle(consent.id, as: .verified(grant), saving: nil, reference: nil)
            try expect(end?.standing, is: .verified(grant))
        },
        .init("the grant of a trial keeps the owners it has") { store, clock in
            let (ada, grant) = (try Sample.owner("ada"), try Sample.grant("g", at: clock.now))
            try await store.connect("1", saving: grant, owner: ada, clock)
            let consent = try await reported("i", in: store, clock)
            _ = try await store.settle(consent.id, as: .verified(grant.id), saving: grant, reference: nil)
            try expect(await store.grant(grant.id)?.owners.map(\.owner), is: [ada])
        },
        .init("a grant of a credential verifies its only consent, and of several none") { store, clock in
            let grant = try Sample.grantID("g")
            let only = try await reported("only", credential: "one", probe: nil, in: store, clock)
            for id in ["x", "y"] { _ = try await reported(id, credential: "shared", in: store, clock) }
            guard let shared = CredentialID("shared"), let unknown = CredentialID("unknown") else { return }
            try expect(await store.verifyConsent(of: shared, by: grant, reference: nil), is: nil)
            try expect(await store.verifyConsent(of: unknown, by: grant, reference: nil), is: nil)
            try expect(await store.verifyConsent(of: only.credential, by: grant, reference: nil), is: only.id)
            try expect(await store.consent(only.id)?.standing, is: .verified(grant))
            let other = try Sample.grantID("h")
            try expect(await store.verifyConsent(of: only.credential, by: other, reference: nil), is: nil)
            try expect(await store.consent(only.id)?.standing, is: .verified(grant))
        },
        .init("consents are listed newest first, page by page") { store, clock in
            for id in ["old", "b", "a"] {
                _ = try await reported(id, in: store, clock)
                if id == "old" { clock.advance(by: .seconds(1)) }
            }
            func list(after: String? = nil, limit: Int = 10) async throws -> [String] {
                try await store.consents(after: after.flatMap(ConsentID.init), limit: limit).map(\.id.text)
            }
            try expect(await list(), is: ["a", "b", "old"])
            try expect(await list(limit: 0), is: ["a"])
            try expect(await list(after: "a", limit: 1), is: ["b"])
            try expect(await list(after: "b"), is: ["old"])
            try expect(await list(after: "unknown"), is: [])
        },
        .init("of fifty that take a trial at once exactly one has it") { store, clock in
            let consent = try await reported("i", in: store, clock)
            let taken = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let taken = try? await store.takeProbe(
                            dueAt: consent.readyAt,
                            next: consent.readyAt + .seconds(90)
                        )
                        return taken == nil ? 0 : 1
                    }
                }
                return await group.reduce(0, +)
            }
            try expect(taken, is: 1)
        },
    ]
}
