package import GrantStore
package import Grants
package import Timekeeping

/// The contract of `GrantStore` as cases that any store runs, each on a store of its own that is empty.
///
///     @Test(arguments: GrantStoreConformance.cases)
///     func `keeps the contract`(of rule: GrantStoreConformance) async throws {
///         let clock = ManualWallClock()
///         try await rule.check(MemoryGrantStore(wallClock: clock.clock, outbox: Sample.outbox), clock)
///     }
package struct GrantStoreConformance: Sendable, CustomStringConvertible {
    package let rule: String
    /// Throws `Broken` if the store, which must read its time from the clock given, breaks the rule.
    package let check: @Sendable (any GrantStore, ManualWallClock) async throws -> Void

    package var description: String { rule }

    package static var cases: [GrantStoreConformance] {
        claiming + answering + leases + links + departures + results + confirmations
            + consents + listing + crowds + outbox + idempotency + hints
    }

    /// What a store did instead of what the contract says.
    package struct Broken: Error, CustomStringConvertible {
        package let description: String
    }

    init(_ rule: String, _ check: @escaping @Sendable (any GrantStore, ManualWallClock) async throws -> Void) {
        self.rule = rule
        self.check = check
    }
}

/// Throws unless the store's answer is the expected one.
func expect<Value: Equatable>(
    _ answer: Value,
    is expected: Value,
    line: Int = #line
) throws(GrantStoreConformance.Broken) {
    guard answer != expected else { return }
    throw GrantStoreConformance.Broken(description: "line \(line): expected \(expected), the store says \(answer)")
}

/// Values for cases: each named by what matters in it.
package enum Sample {
    package static func claim(_ state: String, startedAt: Timestamp, owner: OwnerID? = nil) -> FlowClaim {
        FlowClaim(
            flow: FlowID(state: state),
            kind: .connect,
            owner: owner,
            link: owner == nil ? nil : link(of: state, until: startedAt + .seconds(3600)),
            binding: owner == nil ? .baseline : .pinned,
            provider: .google,
            profile: "read",
            scopes: ["https://www.googleapis.com/auth/gmail.readonly"],
            expectedAddress: "Ümit@example.com",
            returnURL: "https://host.example/back?a=1",
            tags: owner == nil ? [:] : ["plan": "gold", "team": "süd"],
            startedAt: startedAt
        )
    }

    /// A link of its own for each text.
    package static func link(of text: String, until end: Timestamp) -> LinkClaim? {
        LinkID("link-" + text.replacing(" ", with: "-")).map { LinkClaim(id: $0, expiresAt: end) }
    }

    package static func lease(_ instance: String, until moment: Timestamp) -> Lease {
        Lease(instance: instance, expiresAt: moment)
    }

    package static func outcome(
        _ verdict: FlowOutcome.Verdict,
        grant: GrantID? = nil,
        at moment: Timestamp
    ) -> FlowOutcome {
        FlowOutcome(
            verdict: verdict,
            grantID: grant,
            address: grant == nil ? nil : "ada@example.com",
            providerName: grant == nil ? nil : "google",
            grantedScopes: grant == nil ? [] : ["gmail.readonly"],
            missingScopes: verdict == .permissionsMissing ? ["gmail.send"] : [],
            reference: "ref-\(verdict.rawValue)",
            answeredAt: moment
        )
    }

    package static func grant(
        _ id: String,
        address: String? = "ada@example.com",
        status: StoredGrant.Status = .valid,
        at moment: Timestamp
    ) throws -> StoredGrant {
        StoredGrant(
            id: try grantID(id),
            providerName: "google",
            address: address,
            scopes: ["gmail.readonly", "openid"],
            status: status,
            createdAt: moment - .seconds(60),
            updatedAt: moment - .seconds(1),
            savedAt: Timestamp(microsecondsSince1970: 1),
            changedAt: Timestamp(microsecondsSince1970: 1)
        )
    }

    package static func grantID(_ text: String) throws -> GrantID {
        guard let id = GrantID(text) else { throw GrantStoreConformance.Broken(description: "\(text) is no grant ID") }
        return id
    }

    package static func owner(_ text: String) throws -> OwnerID {
        guard let owner = OwnerID(text) else { throw GrantStoreConformance.Broken(description: "\(text) is no owner") }
        return owner
    }
}

extension GrantStore {
    /// Takes a claim and answers it at once, saving the grant.
    package func connect(
        _ state: String,
        saving grant: StoredGrant,
        owner: OwnerID? = nil,
        _ clock: ManualWallClock
    ) async throws {
        let claim = Sample.claim(state, startedAt: clock.now, owner: owner)
        let lease = Sample.lease("a", until: clock.now + .seconds(30))
        try expect(await self.claim(claim, lease: lease), is: .claimed)
        let outcome = Sample.outcome(.connected, grant: grant.id, at: clock.now)
        try expect(await answer(claim.flow, with: outcome, saving: grant, heldBy: "a"), is: .answered(outcome))
    }
}
