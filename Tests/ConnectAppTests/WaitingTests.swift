import GrantStore
import Grants
import Synchronization
import TestSupport
import Testing

@testable import ConnectApp

/// How many are behind a door, and how many were there at most.
private final class Inside: Sendable {
    private let counts = Mutex((now: 0, most: 0, total: 0))

    var most: Int { counts.withLock { $0.most } }
    var total: Int { counts.withLock { $0.total } }

    func enter() {
        counts.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
            $0.total += 1
        }
    }

    func leave() {
        counts.withLock { $0.now -= 1 }
    }
}

@Suite("Doors, bells and waiting", .timeLimit(.minutes(2)))
struct WaitingTests {
    @Test func `one at a time goes through a grant's door`() async throws {
        let locks = GrantLocks()
        let id = try #require(GrantID("g"))
        let inside = Inside()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await locks.withLock(id) {
                        inside.enter()
                        await Task.yield()
                        inside.leave()
                    }
                }
            }
        }
        #expect(inside.most == 1)
        #expect(inside.total == 200)
    }

    @Test func `doors of different grants do not know each other`() async throws {
        let locks = GrantLocks()
        let (one, other) = (try #require(GrantID("a")), try #require(GrantID("b")))
        let gate = Gate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await locks.withLock(one) { await gate.passed() } }
            await gate.arrivals(atLeast: 1)
            await locks.withLock(other) {}
            gate.open()
        }
    }

    @Test func `takes on no more flows than its limit, until one of them ends`() {
        let progress = FlowProgress(limit: 2)
        let flows = (1...3).map { FlowID(state: "state \($0)") }
        #expect(progress.begin(flows[0]) == .begun)
        #expect(progress.begin(flows[1]) == .begun)
        #expect(progress.begin(flows[2]) == .full)
        #expect(progress.begin(flows[1]) == .underWay)
        progress.end(flows[0])
        #expect(progress.begin(flows[2]) == .begun)
    }

    @Test func `a flow is begun once, and everybody hears of its end`() async {
        let progress = FlowProgress()
        let flow = FlowID(state: "s")
        #expect(progress.begin(flow) == .begun)
        #expect(progress.begin(flow) == .underWay)
        progress.settles(flow)
        #expect(progress.stage(of: flow) == .settling)
        let waiting = (0..<10).map { _ in Task { await progress.ended(flow) } }
        waiting[0].cancel()
        await waiting[0].value
        progress.end(flow)
        for task in waiting { await task.value }
        #expect(progress.stage(of: flow) == nil)
        #expect(progress.begin(flow) == .begun)
    }

    @Test func `nobody waits for a flow that is not under way, nor for longer than asked`() async {
        let progress = FlowProgress()
        let clock = ManualClock()
        let flow = FlowID(state: "s")
        await progress.ended(flow, within: .seconds(20), MonotonicTime(clock))
        #expect(progress.begin(flow) == .begun)
        let task = Task { await progress.ended(flow, within: .seconds(20), MonotonicTime(clock)) }
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .seconds(20))
        await task.value
        #expect(progress.stage(of: flow) == .exchanging)
    }
}
