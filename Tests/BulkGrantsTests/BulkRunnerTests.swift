import BulkGrants
import Cryptography
import GrantStore
import Grants
import HTTPTypes
import NylasSandbox
import Synchronization
import TestSupport
import Testing
import Timekeeping

@Suite("The work on a run")
struct BulkRunnerTests {
    private func rows(_ bench: BulkBench, _ run: BulkRun) async throws -> [BulkRow] {
        try await bench.store.rows(of: run.id, standing: nil, after: 0, limit: 1000)
    }

    @Test func `connects every mailbox once, with its address and owner`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(100)
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 100]))
        let grants = try await bench.store.grants(matching: GrantFilter(limit: 1000))
        #expect(Set(grants.map(\.address)) == Set((0..<100).map { "person-\($0)@x.example" }))
        #expect(
            grants.allSatisfy {
                $0.owners.map(\.owner.text) == [$0.address.map { "user-" + $0.dropFirst(7).prefix { $0 != "@" } }]
            }
        )
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
        #expect(try await bench.store.bulkRun(run.id)?.finishedAt != nil)
        #expect(bench.reports.withLock { $0.last?.counts } == BulkCounts([.connected: 100]))
    }

    @Test func `changes nothing when it is done again`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(5)
        for _ in 0..<2 { #expect(await bench.runner().work(on: run.id) == .finished) }
        #expect(await bench.authentications().values.reduce(0, +) == 5)
    }

    @Test func `keeps to its pace, and is never refused at fifty a second`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.requestsPerSecond = 50
        let bench = BulkBench(limits: limits)
        let run = try await bench.begin(200)
        let start = bench.time.now
        // One at a time: in virtual time whoever sleeps moves it on for all, and a crowd would bunch.
        var settings = BulkSettings()
        settings.concurrency = 1
        #expect(await bench.runner(settings).work(on: run.id) == .finished)
        #expect(start.duration(to: bench.time.now) > .seconds(4.5))
        #expect(bench.reports.withLock { $0.allSatisfy { $0.waiting == nil } })
    }

    @Test func `survives going too fast`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.requestsPerSecond = 20
        let bench = BulkBench(limits: limits)
        let run = try await bench.begin(100)
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 100]))
        #expect(bench.reports.withLock { $0.contains { $0.waiting?.reason == .pace } })
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
    }

    @Test func `waits as long as a provider asks for, and no row loses an attempt by it`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(3)
        await bench.script(#"{"next": [{"on": "custom", "outcome": "throttled", "seconds": 60, "times": 9}]}"#)
        let start = bench.time.now
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(start.duration(to: bench.time.now) >= .seconds(120))
        #expect(try await rows(bench, run).allSatisfy { $0.standing == .connected && $0.attempts == 0 })
    }

    @Test func `is stopped by no bad row, and says why each failed`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(4)
        await bench.script(
            """
            {"next": [{"on": "custom", "address": "person-1@x.example", "outcome": "mailbox_unknown"},
                      {"on": "custom", "address": "person-2@x.example", "outcome": "delegation_missing"}]}
            """
        )
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 2, .failed: 2]))
        #expect(
            try await rows(bench, run).map(\.reason) == [
                nil, "grant.invalid_authentication, ErrorInvalidUser",
                "grant.invalid_authentication, unauthorized_client", nil,
            ]
        )
    }

    @Test(arguments: ["internal_error_after_processing", "cut_after_processing"])
    func `looks before it sends again, when an answer got lost`(outcome: String) async throws {
        let bench = BulkBench()
        let run = try await bench.begin(20)
        await bench.script(#"{"next": [{"on": "custom", "outcome": "\#(outcome)", "times": 5}]}"#)
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 20]))
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
        #expect(await bench.authentications().count == 20)
    }

    @Test(arguments: ["internal_error", "cut", "provider_error"])
    func `sends again what was not done, and gives up after a few times`(outcome: String) async throws {
        let bench = BulkBench()
        let run = try await bench.begin(3)
        let step = #"{"on": "custom", "address": "person-0@x.example", "outcome": "\#(outcome)", "times": 2}"#
        let always = #"{"on": "custom", "address": "person-1@x.example", "outcome": "\#(outcome)", "times": 99}"#
        await bench.script(#"{"next": [\#(step), \#(always)]}"#)
        #expect(await bench.runner().work(on: run.id) == .finished)
        let rows = try await rows(bench, run)
        #expect(rows.map(\.standing) == [.connected, .failed, .connected])
        #expect(rows.map(\.attempts) == [2, 4, 0])
        #expect(rows[1].reason != nil)
    }

    @Test func `reports an address that had a grant as authenticated again`() async throws {
        let bench = BulkBench()
        let first = try await bench.begin(1)
        #expect(await bench.runner().work(on: first.id) == .finished)
        // Another store: it does not know the grant.
        let other = MemoryGrantStore(wallClock: bench.time.wallClock)
        bench.time.advance(by: .seconds(60))
        let plan = try await BulkPlan(list("email\nperson-0@x.example\n"), in: other, provider: .google)
        let begun = try await plan.begin(
            in: other,
            provider: .google,
            credential: first.credentialID,
            readyAt: nil,
            random: .init { Array(repeating: 9, count: $0) },
            at: bench.time.wallClock.now()
        )
        guard case .begun(let run) = begun else { throw BulkBench.Unexpected() }
        #expect(await bench.runner(on: other).work(on: run.id) == .finished)
        #expect(try await other.counts(of: run.id) == BulkCounts([.reauthenticated: 1]))
    }

    @Test func `waits for the consent to spread, with a countdown, and then tries one row alone`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.consentPropagation = .seconds(420)
        let bench = BulkBench(limits: limits)
        let run = try await bench.begin(30, provider: .microsoft, readyAfter: .seconds(300))
        let start = bench.time.now
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 30]))
        #expect(start.duration(to: bench.time.now) >= .seconds(420))
        let waits = bench.reports.withLock { $0.compactMap(\.waiting) }.filter { $0.reason == .consent }
        #expect(waits.first?.remaining == .seconds(300))
        #expect(waits.contains { $0.remaining < .seconds(10) })
    }

    @Test func `takes a refusal for one when the consent should long be there`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.consentPropagation = .seconds(99_999)
        let bench = BulkBench(limits: limits)
        let run = try await bench.begin(2, provider: .microsoft, readyAfter: .seconds(300))
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.failed: 2]))
        #expect(try await rows(bench, run).first?.reason == "grant.access_denied, AADSTS65001")
    }

    @Test func `stops when it is asked to, and goes on from there`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(50)
        bench.onRequest.withLock { $0 = { [stop = bench.stop] in if $0 == 20 { stop.begin() } } }
        #expect(await bench.runner().work(on: run.id) == .stopped)
        let counts = try await bench.store.counts(of: run.id)
        #expect(counts[.connected] >= 20 && counts[.connected] < 50 && counts[.sent] == 0)
        #expect(await bench.anew().work(on: run.id) == .finished)
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 50]))
    }

    @Test func `settles what a crash left as sent, and sends nothing twice`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(40)
        // A process took thirty rows, sent ten of them and died.
        let taken = try await bench.store.take(30, of: run.id)
        for row in taken.prefix(10) {
            let settings = #"{"email_address": "\#(row.address)", "credential_id": "\#(run.credentialID)"}"#
            _ = await bench.call(
                .post,
                "/v3/connect/custom",
                json: #"{"provider": "google", "settings": \#(settings)}"#
            )
        }
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 40]))
        let authentications = await bench.authentications()
        #expect(authentications.count == 40 && authentications.values.allSatisfy { $0 == 1 })
        #expect(try await bench.store.grants(matching: GrantFilter(limit: 1000)).count == 40)
    }

    @Test func `waits while the network is cut, and stops for now when it stays so`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(20)
        bench.onRequest.withLock { $0 = { [weak bench] in if $0 == 5 { bench?.isCut.withLock { $0 = true } } } }
        #expect(await bench.runner().work(on: run.id) == .unreachable)
        let counts = try await bench.store.counts(of: run.id)
        #expect(counts[.failed] == 0 && counts[.sent] == 0 && counts[.pending] == 15)
        bench.onRequest.withLock { $0 = { [weak bench] in if $0 == 3 { bench?.isCut.withLock { $0 = false } } } }
        #expect(await bench.runner().work(on: run.id) == .finished)
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
    }

    @Test func `ends at once when the key is not taken, and no row has failed`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(20)
        #expect(await bench.runner(apiKey: "wrong").work(on: run.id) == .unauthorized)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.pending: 20]))
    }

    @Test func `gives up for now when there is nothing but 429`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(5)
        await bench.script(#"{"next": [{"on": "custom", "outcome": "rate_limited", "times": 5000}]}"#)
        #expect(await bench.runner().work(on: run.id) == .throttled)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.pending: 5]))
    }

    @Test func `leaves a run alone that another process works on, and one that is none`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(1)
        let none = try #require(BulkRunID("none"))
        #expect(await bench.runner().work(on: none) == .unknownRun)
        let hold = try await bench.store.holdBulkWork()
        #expect(await bench.runner().work(on: run.id) == .heldElsewhere)
        withExtendedLifetime(hold) {}
    }
}
