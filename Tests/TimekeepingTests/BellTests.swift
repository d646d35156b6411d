import Synchronization
import TestSupport
import Testing
import Timekeeping

@Suite("A bell", .timeLimit(.minutes(2)))
struct BellTests {
    @Test func `that rang before is heard, once`() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.rung()
        let task = Task { await bell.rung() }
        bell.ring()
        await task.value
    }

    @Test func `is not waited for by a task that has ended`() async {
        let bell = Bell()
        let task = Task { await bell.rung() }
        task.cancel()
        await task.value
    }

    @Test func `is not waited for longer than something else takes`() async {
        let (bell, gate) = (Bell(), Gate())
        let task = Task { await bell.rung { await gate.passed() } }
        await gate.arrivals(atLeast: 1)
        gate.open()
        await task.value
    }

    @Test func `ends a wait that could have been longer, and what it waited by`() async {
        let (bell, clock) = (Bell(), ManualClock())
        let isCancelled = Mutex(false)
        let task = Task {
            await bell.rung {
                do { try await clock.sleep(for: .seconds(60)) } catch { isCancelled.withLock { $0 = true } }
            }
        }
        await clock.sleepers(atLeast: 1)
        bell.ring()
        await task.value
        #expect(isCancelled.withLock { $0 })
    }

    @Test func `rung after a wait that ran out is heard by the next`() async {
        let bell = Bell()
        await bell.rung {}
        bell.ring()
        await bell.rung()
    }
}
