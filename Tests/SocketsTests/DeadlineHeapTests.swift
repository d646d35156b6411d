import Testing

@testable import Sockets

@Suite("Deadlines of an event loop")
struct DeadlineHeapTests {
    private let start = Deadline.now

    private func drain(_ heap: inout DeadlineHeap, until now: Deadline) -> [Int32] {
        var due: [Int32] = []
        while let descriptor = heap.removeEarliest(dueBy: now) { due.append(descriptor) }
        return due
    }

    @Test func `comes up in order, and not before its time`() {
        var heap = DeadlineHeap()
        for (descriptor, second) in [(7, 3), (2, 1), (9, 2)] as [(Int32, Int)] {
            heap.schedule(descriptor, noLaterThan: start + .seconds(second))
        }
        #expect(heap.earliest == start + .seconds(1))
        #expect(drain(&heap, until: start) == [])
        #expect(drain(&heap, until: start + .seconds(2)) == [2, 9])
        #expect(drain(&heap, until: start + .seconds(9)) == [7])
        #expect(heap.earliest == nil)
    }

    @Test func `moves an entry earlier and never later`() {
        var heap = DeadlineHeap()
        heap.schedule(1, noLaterThan: start + .seconds(5))
        heap.schedule(1, noLaterThan: start + .seconds(9))
        #expect(heap.earliest == start + .seconds(5))
        heap.schedule(1, noLaterThan: start + .seconds(2))
        #expect(drain(&heap, until: start + .seconds(2)) == [1])
        #expect(drain(&heap, until: start + .seconds(99)) == [])
    }

    @Test func `forgets what was removed, and removing what is not there does nothing`() {
        var heap = DeadlineHeap()
        heap.remove(3)
        heap.schedule(3, noLaterThan: start)
        heap.schedule(4, noLaterThan: start)
        heap.remove(3)
        heap.remove(3)
        heap.remove(300)
        #expect(drain(&heap, until: start) == [4])
    }

    @Test func `agrees with a sorted list over many random changes`() {
        var generator = LinearCongruential()
        var heap = DeadlineHeap()
        var model: [Int32: Int] = [:]
        for _ in 0..<4_000 {
            let descriptor = Int32.random(in: 0..<64, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                heap.remove(descriptor)
                model[descriptor] = nil
            case 1:
                let now = model.values.min() ?? 0
                let due = heap.removeEarliest(dueBy: start + .seconds(now))
                #expect(due.flatMap { model[$0] } == (model.isEmpty ? nil : now))
                if let due { model[due] = nil }
            default:
                let second = Int.random(in: 0..<1000, using: &generator)
                heap.schedule(descriptor, noLaterThan: start + .seconds(second))
                model[descriptor] = min(model[descriptor] ?? .max, second)
            }
            #expect(heap.earliest == model.values.min().map { start + .seconds($0) })
        }
    }
}

/// The same sequence in every run (Knuth's MMIX constants), so that a failure can be looked at again.
private struct LinearCongruential: RandomNumberGenerator {
    private var state: UInt64 = 1

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 33
    }
}
