import GrantStore
import TestSupport
import Testing

@Suite("The memory store")
struct MemoryGrantStoreTests {
    @Test(arguments: GrantStoreConformance.cases)
    func `keeps the contract`(rule: GrantStoreConformance) async throws {
        let clock = ManualWallClock()
        try await rule.check(MemoryGrantStore(wallClock: clock.clock, outbox: Sample.outbox), clock)
    }

    @Test(arguments: BulkStoreConformance.cases)
    func `keeps the contract of bulk runs`(rule: BulkStoreConformance) async throws {
        let clock = ManualWallClock()
        try await rule.check(MemoryGrantStore(wallClock: clock.clock, outbox: Sample.outbox), clock)
    }
}
