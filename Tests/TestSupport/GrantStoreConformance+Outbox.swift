package import GrantStore
import Grants
import Timekeeping

extension Sample {
    /// What a store under this suite is opened with.
    package static let outbox = OutboxPolicy(targets: ["crm", "billing"])

    package static func news(_ type: EventType = .ping, _ word: String = "hello") -> OutboxNews {
        OutboxNews(type, data: ["word": word])
    }
}

extension GrantStoreConformance {
    static let outbox: [GrantStoreConformance] = telling + delivering + replaying

    private static let telling: [GrantStoreConformance] = [
        .init("an event goes to every target, with numbers that grow and names that differ") { store, clock in
            let first = try await tell(Sample.news(.ping, "süß"), store)
            clock.advance(by: .seconds(1))
            let second = try await tell(Sample.news(), store)
            try expect(first.type, is: .ping)
            try expect(first.data, is: #"{"word":"süß"}"#)
            try expect(first.at + .seconds(1), is: second.at)
            try expect(second.number > first.number, is: true)
            try expect(first.id == second.id, is: false)
            let waiting = OutboxDelivery(target: "billing", standing: .waiting(until: first.at))
            var other = waiting
            other.target = "crm"
            try expect(await store.event(first.id), is: OutboxEntry(event: first, deliveries: [waiting, other]))
            try expect(await store.events(matching: OutboxFilter()).map(\.event), is: [second, first])
        },
        .init("an event goes only to the targets asked for that exist, and to none not at all") { store, clock in
            let one = try await store.tell(Sample.news(), to: ["crm", "unknown"])
            guard let one else { throw Broken(description: "one target exists") }
            try expect(await store.event(one.id)?.deliveries.map(\.target), is: ["crm"])
            try expect(await store.tell(Sample.news(), to: ["unknown"]), is: nil)
            try expect(await store.events(matching: OutboxFilter()).count, is: 1)
        },
        .init("a new grant, one that came again, and nothing for a flow that brought none") { store, clock in
            let ada = try Sample.owner("ada")
            let grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, owner: ada, clock)
            let again = Sample.claim("again", startedAt: clock.now, owner: ada)
            try expect(await store.claim(again, lease: Sample.lease("a", until: clock.now)), is: .claimed)
            let outcome = Sample.outcome(.reconnected, grant: grant.id, at: clock.now)
            _ = try await store.answer(again.flow, with: outcome, saving: grant, heldBy: "a")
            // The same answer again, and one without a grant, change nothing.
            _ = try await store.answer(again.flow, with: outcome, saving: grant, heldBy: "a")
            let failed = Sample.claim("failed", startedAt: clock.now)
            try expect(await store.claim(failed, lease: Sample.lease("a", until: clock.now)), is: .claimed)
            let unknown = Sample.outcome(.unknown, at: clock.now)
            _ = try await store.answer(failed.flow, with: unknown, saving: nil, heldBy: "a")
            let events = try await store.events(matching: OutboxFilter()).map(\.event)
            try expect(events.map(\.type), is: [.grantReconnected, .grantConnected])
            try expect(events.map(\.grantID), is: [grant.id, grant.id])
            try expect(
                events.last?.data,
                is: """
                    {"email":"ada@example.com","grant_id":"g","grant_status":"valid","link_id":"link-s","owner":"ada",\
                    "owners":[{"link_id":"link-s","owner":"ada","tags":{"plan":"gold","team":"süd"}}],\
                    "provider":"google","scope":["gmail.readonly","openid"],"tags":{"plan":"gold","team":"süd"}}
                    """
            )
        },
        .init("a grant of open connecting names no owner, and none of the flow's secrets") { store, clock in
            try await store.connect("s", saving: Sample.grant("g", address: nil, at: clock.now), clock)
            try expect(
                await store.events(matching: OutboxFilter()).map(\.event.data),
                is: [
                    """
                    {"grant_id":"g","grant_status":"valid","owners":[],"provider":"google",\
                    "scope":["gmail.readonly","openid"]}
                    """
                ]
            )
        },
        .init("a refresh tells what changed, once, and is silent when nothing did") { store, clock in
            var grant = try Sample.grant("g", at: clock.now)
            try await store.connect("s", saving: grant, clock)
            func refresh(_ change: (inout StoredGrant) -> Void) async throws -> [EventType] {
                change(&grant)
                return try await types(afterRefreshing: grant, store)
            }
            try expect(await refresh { _ in }, is: [])
            try expect(await refresh { $0.updatedAt = clock.now + .seconds(1) }, is: [])
            try expect(await refresh { $0.scopes.reverse() }, is: [])
            try expect(await refresh { $0.scopes[0] = "https://www.googleapis.com/auth/openid" }, is: [])
            try expect(await refresh { $0.scopes.append("gmail.send") }, is: [.grantChanged])
            try expect(await refresh { $0.address = "new@example.com" }, is: [.grantChanged])
            try expect(await refresh { ($0.status, $0.scopes) = (.invalid, ["openid"]) }, is: [.grantExpired])
            try expect(await refresh { $0.createdAt = clock.now }, is: [])
            try expect(await refresh { $0.status = .valid }, is: [.grantReconnected])
        },
        .init("each owner who leaves is told, and who had a grant that is gone, once") { store, clock in
            let (ada, bob) = (try Sample.owner("ada"), try Sample.owner("bob"))
            let grant = try Sample.grant("g", at: clock.now)
            for owner in [ada, bob] {
                try await store.connect(owner.text, saving: grant, owner: owner, clock)
            }
            let open = try Sample.grant("open", at: clock.now)
            try await store.connect("open", saving: open, clock)
            _ = try await store.leave(grant.id, .owner(ada), reason: "test", reference: nil)
            _ = try await store.leave(grant.id, .owner(ada), reason: "test", reference: nil)
            _ = try await store.leave(grant.id, .everybody, reason: "test", reference: nil)
            _ = try await store.forget(grant.id, reason: "test", reference: nil)
            _ = try await store.forget(grant.id, reason: "test", reference: nil)
            _ = try await store.forget(open.id, reason: "test", reference: nil)
            let events = try await list(OutboxFilter(), store).map(\.event).filter { $0.type == .grantRevoked }
            try expect(events.map(\.grantID), is: [open.id, grant.id, grant.id])
            try expect(events[0].data.contains(#""owner""#), is: false)
            try expect(events[1].data.contains(#""owner":"bob","owners":[],"#), is: true)
            try expect(
                events[2].data.contains(#""owner":"ada","owners":[{"link_id":"link-bob","owner":"bob","#),
                is: true
            )
        },
        .init("no event for a grant that is not known") { store, clock in
            _ = try await store.refresh(Sample.grant("g", status: .invalid, at: clock.now), reason: "test")
            try expect(await store.events(matching: OutboxFilter()), is: [])
        },
    ]

    private static let delivering: [GrantStoreConformance] = [
        .init("what is due is taken once, the longest due first, and counts as an attempt") { store, clock in
            let (first, second, third) = (
                try await tell(Sample.news(), store), try await tell(Sample.news(), store),
                try await tell(Sample.news(), store)
            )
            let lease = Sample.lease("a", until: clock.now + .seconds(60))
            let taken = try await store.takeDue(for: "crm", limit: 2, lease: lease, at: clock.now)
            try expect(taken.map(\.event), is: [first, second])
            try expect(
                taken.first?.deliveries,
                is: [
                    OutboxDelivery(
                        target: "crm",
                        standing: .waiting(until: lease.expiresAt),
                        attempts: 1,
                        firstAttemptAt: clock.now
                    )
                ]
            )
            try expect(
                await store.takeDue(for: "crm", limit: 9, lease: lease, at: clock.now).map(\.event),
                is: [third]
            )
            try expect(await store.takeDue(for: "crm", limit: 9, lease: lease, at: clock.now), is: [])
            try expect(await store.takeDue(for: "unknown", limit: 9, lease: lease, at: clock.now), is: [])
            try expect(await store.takeDue(for: "billing", limit: 9, lease: lease, at: clock.now).count, is: 3)
        },
        .init("nothing is taken before it is due, and a lapsed lease is anybody's") { store, clock in
            let event = try await tell(Sample.news(), store)
            let early = clock.now - .microseconds(1)
            let lease = Sample.lease("dead", until: clock.now + .seconds(60))
            try expect(await store.takeDue(for: "crm", limit: 9, lease: lease, at: early), is: [])
            try expect(await store.nextDue(for: "crm"), is: clock.now)
            try expect(await store.takeDue(for: "crm", limit: 9, lease: lease, at: clock.now).count, is: 1)
            try expect(await store.nextDue(for: "crm"), is: lease.expiresAt)
            clock.advance(by: .seconds(60) - .microseconds(1))
            let next = Sample.lease("b", until: clock.now + .seconds(60))
            try expect(await store.takeDue(for: "crm", limit: 9, lease: next, at: clock.now), is: [])
            clock.advance(by: .microseconds(1))
            let again = try await store.takeDue(for: "crm", limit: 9, lease: next, at: clock.now)
            try expect(again.first?.deliveries.first?.attempts, is: 2)
            let late = try await store.settle(
                event.id,
                for: "crm",
                as: .delivered(at: clock.now),
                result: "204",
                heldBy: "dead"
            )
            try expect(late, is: false)
        },
        .init("an attempt is settled once, by its holder, for its target alone") { store, clock in
            let event = try await tell(Sample.news(), store)
            let lease = Sample.lease("a", until: clock.now + .seconds(60))
            let done = OutboxDelivery.Standing.delivered(at: clock.now)
            func settle(
                _ target: String = "crm",
                as standing: OutboxDelivery.Standing,
                by instance: String = "a"
            )
                async throws -> Bool
            {
                try await store.settle(event.id, for: target, as: standing, result: "204", heldBy: instance)
            }
            try expect(await settle(as: done), is: false)
            _ = try await store.takeDue(for: "crm", limit: 1, lease: lease, at: clock.now)
            try expect(await settle(as: done, by: "b"), is: false)
            try expect(await settle("billing", as: done), is: false)
            let later = clock.now + .seconds(300)
            try expect(await settle(as: .waiting(until: later)), is: true)
            try expect(await settle(as: done), is: false)
            try expect(await store.nextDue(for: "crm"), is: later)
            clock.advance(by: .seconds(300))
            let second = Sample.lease("a", until: clock.now + .seconds(60))
            _ = try await store.takeDue(for: "crm", limit: 1, lease: second, at: clock.now)
            try expect(await settle(as: done), is: true)
            try expect(await store.nextDue(for: "crm"), is: nil)
            let deliveries = try await store.event(event.id)?.deliveries
            try expect(
                deliveries?.last,
                is: OutboxDelivery(
                    target: "crm",
                    standing: done,
                    attempts: 2,
                    firstAttemptAt: event.at,
                    lastResult: "204"
                )
            )
            try expect(deliveries?.first?.standing, is: .waiting(until: event.at))
        },
        .init("of a hundred who take at once each event is given to one") { store, clock in
            for _ in 0..<20 { _ = try await tell(Sample.news(), store) }
            let now = clock.now
            let taken = await withTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        let lease = Sample.lease("\(number)", until: now + .seconds(60))
                        let taken = try? await store.takeDue(for: "crm", limit: 1, lease: lease, at: now)
                        return taken?.map(\.event.number) ?? []
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            try expect(taken.count, is: 20)
            try expect(Set(taken).count, is: 20)
        },
        .init("the backlog counts what waits and what failed, and knows the oldest") { store, clock in
            try expect(await store.outboxBacklog(), is: [:])
            let first = try await tell(Sample.news(), store)
            clock.advance(by: .seconds(1))
            let second = try await tell(Sample.news(), store)
            try await end(first.id, "crm", as: .failed(at: clock.now), store, clock)
            for event in [first, second] {
                try await end(event.id, "billing", as: .delivered(at: clock.now), store, clock)
            }
            try expect(
                await store.outboxBacklog(),
                is: ["crm": OutboxBacklog(waiting: 1, failed: 1, oldestWaiting: second.at)]
            )
        },
    ]

    private static let replaying: [GrantStoreConformance] = [
        .init("a replay begins anew what has ended, and leaves alone what waits") { store, clock in
            let (first, second) = (try await tell(Sample.news(), store), try await tell(Sample.news(), store))
            try await end(first.id, "crm", as: .delivered(at: clock.now), store, clock)
            try await end(first.id, "billing", as: .failed(at: clock.now), store, clock)
            let lease = Sample.lease("b", until: clock.now + .seconds(60))
            try expect(
                await store.takeDue(for: "crm", limit: 9, lease: lease, at: clock.now).map(\.event),
                is: [second]
            )
            clock.advance(by: .seconds(5))
            try expect(await store.replay(ReplaySelection(.one(first.id), target: "crm")), is: 1)
            let fresh = OutboxDelivery(target: "crm", standing: .waiting(until: clock.now))
            try expect(await store.event(first.id)?.deliveries.last, is: fresh)
            try expect(await store.replay(ReplaySelection(.one(first.id))), is: 1)
            try expect(await store.replay(ReplaySelection(.one(first.id))), is: 0)
            try expect(await store.replay(ReplaySelection(.one(second.id))), is: 0)
            try expect(await store.event(second.id)?.deliveries.last?.standing, is: .waiting(until: lease.expiresAt))
        },
        .init("a replay since a moment takes the failed ones, and the delivered ones on demand") { store, clock in
            let old = try await tell(Sample.news(), store)
            clock.advance(by: .seconds(1))
            let edge = clock.now
            let (failed, delivered) = (try await tell(Sample.news(), store), try await tell(Sample.news(), store))
            for event in [old, failed] { try await end(event.id, "crm", as: .failed(at: clock.now), store, clock) }
            try await end(delivered.id, "crm", as: .delivered(at: clock.now), store, clock)
            let since = ReplaySelection.Events.since
            try expect(await store.replay(ReplaySelection(since(edge, false), target: "billing")), is: 0)
            try expect(await store.replay(ReplaySelection(since(edge, false))), is: 1)
            try expect(await store.events(matching: OutboxFilter(state: .failed)).map(\.event), is: [old])
            try expect(await store.replay(ReplaySelection(since(edge, true))), is: 1)
            try expect(await store.events(matching: OutboxFilter(state: .delivered)), is: [])
            try expect(await store.replay(ReplaySelection(since(old.at, true))), is: 1)
        },
        .init("what has ended is forgotten in its time, and the event with its last delivery") { store, clock in
            let (done, failed, waiting) = (
                try await tell(Sample.news(), store), try await tell(Sample.news(), store),
                try await tell(Sample.news(), store)
            )
            for target in ["crm", "billing"] {
                try await end(done.id, target, as: .delivered(at: clock.now), store, clock)
            }
            try await end(failed.id, "crm", as: .failed(at: clock.now), store, clock)
            try await end(failed.id, "billing", as: .delivered(at: clock.now), store, clock)
            let (now, next) = (clock.now, clock.now + .microseconds(1))
            func purge(_ delivered: Timestamp, _ failed: Timestamp) async throws -> Int {
                try await store.purgeOutbox(deliveredBefore: delivered, failedBefore: failed)
            }
            try expect(await purge(now, now), is: 0)
            try expect(await purge(next, now), is: 3)
            try expect(await store.events(matching: OutboxFilter()).map(\.event), is: [waiting, failed])
            try expect(await purge(now, next), is: 3)
            try expect(await store.events(matching: OutboxFilter()), is: [])
            let after = try await tell(Sample.news(), store)
            try expect(after.number > waiting.number, is: true)
        },
        .init("events are listed by state, target, grant and time, in pages without gap or overlap") { store, clock in
            try await store.connect("s", saving: Sample.grant("g", at: clock.now), clock)
            clock.advance(by: .seconds(1))
            let edge = clock.now
            for _ in 0..<4 { _ = try await tell(Sample.news(), store) }
            guard let only = try await store.tell(Sample.news(), to: ["billing"]) else {
                throw Broken(description: "one target exists")
            }
            try await end(only.id, "billing", as: .failed(at: clock.now), store, clock)
            func count(_ filter: OutboxFilter) async throws -> Int { try await numberOfEvents(filter, store) }
            try expect(await count(OutboxFilter(state: .failed)), is: 1)
            try expect(await count(OutboxFilter(state: .failed, target: "crm")), is: 0)
            try expect(await count(OutboxFilter(target: "crm")), is: 5)
            try expect(await count(OutboxFilter(state: .waiting, target: "billing")), is: 5)
            try expect(await count(OutboxFilter(grant: Sample.grantID("g"))), is: 1)
            try expect(await count(OutboxFilter(grant: Sample.grantID("h"))), is: 0)
            try expect(await count(OutboxFilter(since: edge)), is: 5)
            try expect(await count(OutboxFilter(limit: 0)), is: 1)
            var (listed, filter) = ([Int64](), OutboxFilter(limit: 2))
            while let last = try await store.events(matching: filter).map({
                listed.append($0.event.number); return $0
            }).last { filter.before = last.event.number }
            try expect(listed.count, is: 6)
            try expect(listed, is: Set(listed).sorted(by: >))
        },
    ]

    private static func list(_ filter: OutboxFilter, _ store: any GrantStore) async throws -> [OutboxEntry] {
        try await store.events(matching: filter)
    }

    private static func numberOfEvents(_ filter: OutboxFilter, _ store: any GrantStore) async throws -> Int {
        try await list(filter, store).count
    }

    /// What refreshing the grant tells.
    private static func types(afterRefreshing grant: StoredGrant, _ store: any GrantStore) async throws -> [EventType] {
        let before = try await list(OutboxFilter(limit: 1000), store).count
        _ = try await store.refresh(grant, reason: "test")
        return try await list(OutboxFilter(limit: 1000), store).dropLast(before).map(\.event.type)
    }

    private static func tell(_ news: OutboxNews, _ store: any GrantStore) async throws -> OutboxEvent {
        guard let event = try await store.tell(news, to: nil) else {
            throw Broken(description: "the store's policy has targets")
        }
        return event
    }

    /// Takes everything that is due for the target and ends this one, giving the others back as they were.
    private static func end(
        _ event: EventID,
        _ target: String,
        as standing: OutboxDelivery.Standing,
        _ store: any GrantStore,
        _ clock: ManualWallClock
    ) async throws {
        let lease = Sample.lease("ender", until: clock.now + .seconds(60))
        for entry in try await store.takeDue(for: target, limit: 100, lease: lease, at: clock.now) {
            let new = entry.event.id == event ? standing : .waiting(until: entry.event.at)
            let settled = try await store.settle(entry.event.id, for: target, as: new, result: "x", heldBy: "ender")
            try expect(settled, is: true)
        }
    }
}
