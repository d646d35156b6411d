import GrantStore
import Grants
import Timekeeping

extension GrantStoreConformance {
    static let listing: [GrantStoreConformance] = [
        .init("an empty store lists nothing") { store, clock in
            try expect(await store.grants(matching: GrantFilter()), is: [])
            try expect(await store.openClaims(), is: [])
            try await store.checkWritable()
        },
        .init("grants are listed newest first, then by ID, in pages without gap or overlap") { store, clock in
            for id in ["d", "b", "c"] { try await store.connect(id, saving: Sample.grant(id, at: clock.now), clock) }
            clock.advance(by: .microseconds(1))
            for id in ["a", "e"] { try await store.connect(id, saving: Sample.grant(id, at: clock.now), clock) }
            // Connecting again moves nothing: the order is of the first save.
            clock.advance(by: .seconds(1))
            try await store.connect("again", saving: Sample.grant("c", at: clock.now), clock)
            var listed: [String] = []
            var filter = GrantFilter(limit: 2)
            while let last = try await store.grants(matching: filter).map({
                listed.append($0.id.text); return $0
            }).last {
                filter.after = last.position
            }
            try expect(listed, is: ["a", "e", "b", "c", "d"])
        },
        .init("a list goes on behind a place, whether its grant is still there or not") { store, clock in
            let first = clock.now
            for id in ["a", "c"] { try await store.connect(id, saving: Sample.grant(id, at: clock.now), clock) }
            clock.advance(by: .seconds(1))
            try await store.connect("z", saving: Sample.grant("z", at: clock.now), clock)
            func ids(after moment: Timestamp, _ id: String) async throws -> [String] {
                let place = GrantPosition(savedAt: moment, id: try Sample.grantID(id))
                return try await store.grants(matching: GrantFilter(after: place)).map(\.id.text)
            }
            try expect(await ids(after: first, "b"), is: ["c"])
            try expect(await ids(after: first + .microseconds(1), "0"), is: ["a", "c"])
            try expect(await ids(after: clock.now, "z"), is: ["a", "c"])
            try expect(await ids(after: first, "c"), is: [])
            try expect(await ids(after: Timestamp(microsecondsSince1970: .max), "a"), is: ["z", "a", "c"])
        },
        .init("every filter pages in the order of the whole list") { store, clock in
            let ada = try Sample.owner("ada")
            for number in 0..<24 {
                var grant = try Sample.grant(
                    "g\(number % 7)\(number)",
                    address: number.isMultiple(of: 2) ? "even@example.com" : "odd@example.com",
                    status: number % 5 == 0 ? .invalid : .valid,
                    at: clock.now
                )
                grant.providerName = ["google", "microsoft", "new"][number % 3]
                try await store.connect("\(number)", saving: grant, owner: number % 4 == 0 ? ada : nil, clock)
                // Several in the same microsecond.
                if number % 3 == 2 { clock.advance(by: .microseconds(1)) }
            }
            let all = try await store.grants(matching: GrantFilter(limit: 1000))
            try expect(all, is: all.sorted { $0.position < $1.position })
            for owner in [nil, ada] {
                for address in [nil, "EVEN@example.com"] {
                    for status in [nil, StoredGrant.Status.valid, .invalid] {
                        for provider in [nil, "google", "new", "none"] {
                            var filter = GrantFilter(
                                owner: owner,
                                address: address,
                                status: status,
                                providerName: provider,
                                limit: 3
                            )
                            var listed: [StoredGrant] = []
                            while let last = try await store.grants(matching: filter).map({
                                listed.append($0); return $0
                            }).last {
                                filter.after = last.position
                            }
                            let expected = all.filter { grant in
                                (owner == nil || grant.owners.contains { $0.owner == owner })
                                    && (address == nil || grant.address == "even@example.com")
                                    && (status == nil || grant.status == status)
                                    && (provider == nil || grant.providerName == provider)
                            }
                            try expect(listed.map(\.id), is: expected.map(\.id))
                        }
                    }
                }
            }
        },
        .init("filters hold together; addresses differ by more than ASCII case, owners by every byte") { store, clock in
            let (ada, upper) = (try Sample.owner("ada"), try Sample.owner("Ada"))
            try await store.connect(
                "1",
                saving: Sample.grant("g1", address: "Ada@Example.com", at: clock.now),
                owner: ada,
                clock
            )
            try await store.connect(
                "2",
                saving: Sample.grant("g2", address: "ada@example.com", status: .invalid, at: clock.now),
                owner: upper,
                clock
            )
            try await store.connect("3", saving: Sample.grant("g3", address: nil, at: clock.now), clock)
            try await store.connect("4", saving: Sample.grant("g4", address: "ÄDA@example.com", at: clock.now), clock)
            func ids(_ filter: GrantFilter) async throws -> [String] {
                try await store.grants(matching: filter).map(\.id.text)
            }
            try expect(await ids(GrantFilter(address: "aDA@example.COM")), is: ["g1", "g2"])
            try expect(await ids(GrantFilter(address: "äda@example.com")), is: [])
            try expect(await ids(GrantFilter(address: "%")), is: [])
            try expect(await ids(GrantFilter(owner: ada)), is: ["g1"])
            try expect(await ids(GrantFilter(owner: upper)), is: ["g2"])
            try expect(await ids(GrantFilter(status: .invalid)), is: ["g2"])
            try expect(await ids(GrantFilter(owner: ada, status: .invalid)), is: [])
            try expect(await ids(GrantFilter(owner: Sample.owner("' OR 1=1 --"))), is: [])
        },
        .init("a limit outside its range is the nearest one inside") { store, clock in
            for id in ["a", "b"] { try await store.connect(id, saving: Sample.grant(id, at: clock.now), clock) }
            try expect(await store.grants(matching: GrantFilter(limit: 0)).count, is: 1)
            try expect(await store.grants(matching: GrantFilter(limit: -5)).count, is: 1)
            try expect(await store.grants(matching: GrantFilter(limit: .max)).count, is: 2)
        },
        .init("a refresh replaces values and keeps owners and the first save") { store, clock in
            let ada = try Sample.owner("ada")
            let saved = clock.now
            try await store.connect("s", saving: Sample.grant("g", at: saved), owner: ada, clock)
            clock.advance(by: .seconds(9))
            var fresh = try Sample.grant("g", address: "new@example.com", status: .invalid, at: clock.now)
            fresh.scopes = ["z", "a"]
            try expect(await store.refresh(fresh, reason: "webhook"), is: true)
            let kept = try await store.grant(fresh.id)
            fresh.savedAt = saved
            fresh.changedAt = clock.now
            fresh.owners = kept?.owners ?? []
            try expect(kept, is: fresh)
            try expect(kept?.owners.map(\.owner), is: [ada])
        },
        .init("a refresh adds no unknown grant") { store, clock in
            let grant = try Sample.grant("g", at: clock.now)
            try expect(await store.refresh(grant, reason: "webhook"), is: false)
            try expect(await store.grant(grant.id), is: nil)
        },
    ]

    static let crowds: [GrantStoreConformance] = [
        .init("of a hundred claims of one flow exactly one is claimed") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            let results = await results(of: 100) { number in
                try await store.claim(claim, lease: Sample.lease("\(number)", until: clock.now + .seconds(30)))
            }
            let winners = results.filter { $0 == .claimed }
            try expect(winners.count, is: 1)
            guard case .open(let lease) = try await store.record(of: claim.flow)?.standing else {
                throw Broken(description: "the flow is not open")
            }
            try expect(results.filter { $0 == .underWay(lease) }.count, is: 99)
        },
        .init("of a hundred take-overs of one lapsed claim exactly one succeeds") { store, clock in
            let claim = Sample.claim("s", startedAt: clock.now)
            try expect(await store.claim(claim, lease: Sample.lease("dead", until: clock.now)), is: .claimed)
            let results = await results(of: 100) { number in
                let lease = Sample.lease("\(number)", until: clock.now + .seconds(30))
                return try await store.takeOver(claim.flow, lease: lease, at: clock.now)
            }
            try expect(results.filter { $0 == true }.count, is: 1)
            try expect(results.filter { $0 == false }.count, is: 99)
        },
        .init("a hundred flows connect at once, and each is saved with its own owner") { store, clock in
            let done = await results(of: 100) { number in
                let owner = try Sample.owner("user-\(number)")
                try await store.connect(
                    "\(number)",
                    saving: Sample.grant("g-\(number)", at: clock.now),
                    owner: owner,
                    clock
                )
                return true
            }
            try expect(done.filter { $0 == true }.count, is: 100)
            let grants = try await store.grants(matching: GrantFilter(limit: 1000))
            try expect(grants.count, is: 100)
            for grant in grants {
                try expect(grant.owners.map(\.owner.text), is: ["user-\(grant.id.text.dropFirst(2))"])
            }
            try expect(await store.openClaims(), is: [])
        },
        .init("a hundred users connect one mailbox at once, and each owns it once") { store, clock in
            let grant = try Sample.grant("shared", at: clock.now)
            _ = await results(of: 100) { number in
                try await store.connect("\(number)", saving: grant, owner: Sample.owner("user-\(number % 50)"), clock)
                return true
            }
            try expect(await store.grant(grant.id)?.owners.count, is: 50)
        },
    ]

    /// What so many tasks at once got; nil for one that threw.
    private static func results<Result: Sendable>(
        of count: Int,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async -> [Result?] {
        await withTaskGroup { group in
            for number in 0..<count {
                group.addTask { try? await body(number) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}
