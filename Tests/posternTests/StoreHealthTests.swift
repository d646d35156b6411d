import GrantStore
import Synchronization
import TestSupport
import Testing

@testable import postern

@Suite("Whether the store takes writes, without a write for each question", .timeLimit(.minutes(2)))
struct StoreHealthTests {
    /// A store that answers as it is told, and counts how often it is asked.
    private final class Store: Sendable {
        private struct State {
            var asked = 0
            var failure: StoreError?
            var gate: [CheckedContinuation<Void, Never>]?
        }
        private let state = Mutex(State())

        var asked: Int { state.withLock { $0.asked } }

        func fail(with error: StoreError?) { state.withLock { $0.failure = error } }

        /// From now on nobody is answered until ``letGo()``.
        func hold() { state.withLock { $0.gate = [] } }

        func letGo() {
            for held in state.withLock({ $0.gate.take() }) ?? [] { held.resume() }
        }

        @Sendable func attempt() async throws(StoreError) {
            await withCheckedContinuation { continuation in
                let goes = state.withLock { state in
                    state.asked += 1
                    state.gate?.append(continuation)
                    return state.gate == nil
                }
                if goes { continuation.resume() }
            }
            if let failure = state.withLock({ $0.failure }) { throw failure }
        }
    }

    private func withHealth(
        _ body: (StoreHealth<ManualClock>, Store, ManualClock) async throws -> Void
    ) async rethrows {
        let (store, clock) = (Store(), ManualClock())
        let health = StoreHealth(clock: clock, attempt: store.attempt)
        async let _: Void = health.run()
        try await body(health, store, clock)
        store.letGo()
    }

    @Test func `asks the store once for many questions, and again when the answer is old`() async {
        await withHealth { health, store, clock in
            for _ in 0..<50 { #expect(await health.verdict() == .writable) }
            #expect(store.asked == 1)
            clock.advance(by: StoreHealth<ManualClock>.successAge)
            #expect(await health.verdict() == .writable)
            #expect(store.asked == 2)
        }
    }

    @Test(arguments: [StoreError.diskFull, .readOnly, .corrupt, .locked, .inputOutput(code: 1), .closed])
    func `says what keeps a write from the disk, and looks again soon`(_ error: StoreError) async {
        await withHealth { health, store, clock in
            store.fail(with: error)
            #expect(await health.verdict() == .failed(error))
            store.fail(with: nil)
            #expect(await health.verdict() == .failed(error))
            #expect(store.asked == 1)
            clock.advance(by: StoreHealth<ManualClock>.failureAge)
            #expect(await health.verdict() == .writable)
        }
    }

    @Test func `a disk that has just become full is found out when the last answer is old`() async {
        await withHealth { health, store, clock in
            #expect(await health.verdict() == .writable)
            store.fail(with: .diskFull)
            clock.advance(by: StoreHealth<ManualClock>.successAge)
            #expect(await health.verdict() == .failed(.diskFull))
        }
    }

    @Test func `all who ask meanwhile share one write`() async {
        await withHealth { health, store, clock in
            store.hold()
            await withTaskGroup(of: StoreHealth<ManualClock>.Verdict.self) { group in
                for _ in 0..<20 { group.addTask { await health.verdict() } }
                await clock.sleepers(atLeast: 20)
                // The last of them may still be on its way to the queue: what it finds there is the same try, or its answer.
                store.letGo()
                for await verdict in group { #expect(verdict == .writable) }
            }
            #expect(store.asked == 1)
        }
    }

    @Test func `a disk that hangs is not waited for, and is found well again later`() async {
        await withHealth { health, store, clock in
            store.hold()
            async let verdict = health.verdict()
            await clock.sleepers(atLeast: 1)
            clock.advance(by: StoreHealth<ManualClock>.patience)
            #expect(await verdict == .silent)
            async let second = health.verdict()
            await clock.sleepers(atLeast: 1)
            store.letGo()
            #expect(await second == .writable)
            #expect(store.asked == 1)
        }
    }

    @Test func `a store that is only open for reading is no store to save in`() async throws {
        try await withFolder { folder in
            let store = try FileGrantStore(directory: folder)
            let reader = try FileGrantStore(directory: folder, access: .readOnly)
            for (store, expected) in [(store, StoreHealth<ManualClock>.Verdict.writable), (reader, .failed(.readOnly))]
            {
                let health = StoreHealth(clock: ManualClock()) { () throws(StoreError) in
                    try await store.checkWritable()
                }
                async let _: Void = health.run()
                #expect(await health.verdict() == expected)
            }
            await reader.close()
            await store.close()
        }
    }
}
