import BulkGrants
import GrantStore
import Grants
import Synchronization
import TestSupport
import Testing
import Timekeeping

@Suite("The server's work on runs")
struct BulkServiceTests {
    /// Comes back once it is true; whoever sleeps meanwhile moves the virtual time on.
    private func until(_ isTrue: () async throws -> Bool) async throws {
        while try await !isTrue() { await Task.yield() }
    }

    /// Runs a service beside the test's body, and drains it.
    private func with(_ service: BulkService, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            do { try await body() } catch {
                service.drain()
                throw error
            }
            service.drain()
            try await group.waitForAll()
        }
    }

    private func served(
        _ bench: BulkBench,
        _ count: Int,
        provider: Provider = .google,
        readyAfter delay: Duration? = nil
    )
        async throws -> BulkRun
    {
        let run = try await bench.begin(count, provider: provider, readyAfter: delay)
        try await bench.store.setServed(true, because: nil, of: run.id)
        return try #require(try await bench.store.bulkRun(run.id))
    }

    @Test func `is on what it was given, and nothing else`() async throws {
        let bench = BulkBench()
        let run = try await bench.begin(30)
        let service = bench.service()
        #expect(service.standing(of: run, BulkCounts([.pending: 30])).state == .stopped)
        try await with(service) {
            // Nothing is done of its own accord with what a command has begun.
            await Task.yield()
            #expect(try await bench.store.counts(of: run.id) == BulkCounts([.pending: 30]))
            try await service.resume(run.id)
            try await until { try await bench.store.bulkRun(run.id)?.finishedAt != nil }
        }
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 30]))
        let finished = try #require(try await bench.store.bulkRun(run.id))
        #expect(service.standing(of: finished, BulkCounts([.connected: 30])).state == .finished)
        #expect(
            bench.events.withLock { $0 } == [.began(run.id), .ended(run.id, .finished, BulkCounts([.connected: 30]))]
        )
    }

    @Test func `is gone on with after a drain, and nothing is sent twice`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 200)
        let first = bench.service()
        bench.onRequest.withLock { $0 = { if $0 == 50 { first.drain() } } }
        await first.run()
        let counts = try await bench.store.counts(of: run.id)
        #expect(counts[.connected] > 0 && counts.open > 0 && counts[.sent] == 0)
        #expect(first.standing(of: run, counts).state == .queued)
        bench.onRequest.withLock { $0 = { _ in } }
        try await with(bench.service()) { try await until { try await bench.store.servedRuns().isEmpty } }
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 200]))
        #expect(await bench.authentications().values.allSatisfy { $0 == 1 })
    }

    @Test func `does not begin at all once it is drained`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 5)
        let service = bench.service()
        service.drain()
        await service.run()
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.pending: 5]))
        #expect(bench.events.withLock { $0 }.isEmpty)
    }

    @Test func `is not held up by a consent that spreads`() async throws {
        let bench = BulkBench()
        let slow = try await served(bench, 2, provider: .microsoft, readyAfter: .seconds(300))
        let service = bench.service()
        #expect(service.standing(of: slow, BulkCounts([.pending: 2])).state == .awaitingConsent)
        #expect(service.standing(of: slow, BulkCounts([.pending: 2])).waiting?.remaining == .seconds(300))
        let quick = try await served(bench, 20)
        try await with(service) { try await until { try await bench.store.servedRuns().isEmpty } }
        let ends = try await (bench.store.bulkRun(quick.id)?.finishedAt, bench.store.bulkRun(slow.id)?.finishedAt)
        let (quickEnd, slowEnd) = (try #require(ends.0), try #require(ends.1))
        #expect(quickEnd < slowEnd)
        let ready = try #require(slow.readyAt)
        #expect(slowEnd >= ready)
        // The other run had these addresses, too.
        #expect(try await bench.store.counts(of: slow.id) == BulkCounts([.reauthenticated: 2]))
    }

    @Test func `waits while a command has the right to work`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 3)
        var hold = try await bench.store.holdBulkWork()
        try #require(hold != nil)
        let start = bench.time.now
        try await with(bench.service()) {
            try await until { start.duration(to: bench.time.now) > .seconds(20) }
            #expect(try await bench.store.counts(of: run.id) == BulkCounts([.pending: 3]))
            hold = nil
            try await until { try await bench.store.servedRuns().isEmpty }
        }
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 3]))
        #expect(bench.events.withLock { $0.filter { $0 != .began(run.id) } }.count == 1)
    }

    @Test func `ends a run that is cancelled, with what was under way saved`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 500)
        let service = bench.service()
        try await with(service) {
            try await until { try await bench.store.counts(of: run.id)[.connected] > 10 }
            let cancelled = try await service.cancel(run.id)
            #expect(cancelled?.cancelledAt != nil)
            try await until { try await bench.store.bulkRun(run.id)?.finishedAt != nil }
        }
        let counts = try await bench.store.counts(of: run.id)
        let made = await bench.authentications()
        #expect(counts.open == 0 && counts[.connected] == made.count && made.count < 500)
        #expect(counts[.failed] == 500 - made.count)
        let failed = try await bench.store.rows(of: run.id, standing: .failed, after: 0, limit: 1000)
        #expect(Set(failed.map(\.reason)) == ["cancelled"])
        let finished = try #require(try await bench.store.bulkRun(run.id))
        #expect(service.standing(of: finished, counts).state == .cancelled)
    }

    @Test func `gives up with its reason, and goes on when it is told to`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 3)
        try await with(bench.service(apiKey: "other")) {
            try await until { try await bench.store.servedRuns().isEmpty }
        }
        let stopped = try #require(try await bench.store.bulkRun(run.id))
        #expect(stopped.stopReason == "unauthorized" && !stopped.isServed)
        let service = bench.service()
        #expect(service.standing(of: stopped, BulkCounts([.pending: 3])).state == .stopped)
        try await with(service) {
            try await service.resume(run.id)
            try await until { try await bench.store.bulkRun(run.id)?.finishedAt != nil }
        }
        #expect(try await bench.store.bulkRun(run.id)?.stopReason == nil)
        #expect(try await bench.store.counts(of: run.id) == BulkCounts([.connected: 3]))
    }

    @Test func `says how long it will take, by the pace it keeps`() async throws {
        let bench = BulkBench()
        let run = try await served(bench, 80)
        let standing = bench.service().standing(of: run, BulkCounts([.pending: 80]))
        #expect(standing.state == .queued && standing.left == .seconds(2))
    }
}
