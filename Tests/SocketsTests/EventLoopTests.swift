import Glibc
import Synchronization
import Testing

@testable import Sockets

@Suite("Event loops")
struct EventLoopTests {
    @Test func `a task that prefers a loop runs on its one thread`() async throws {
        try await onLoops(2) { loops in
            let threads = Record<[Set<pthread_t>]>([[], []])
            await withDiscardingTaskGroup { group in
                for number in 0..<200 {
                    group.addTask(executorPreference: loops[number % 2]) {
                        for _ in 0..<3 {
                            threads.update { _ = $0[number % 2].insert(pthread_self()) }
                            await Task.yield()
                        }
                    }
                }
            }
            let seen = threads.value
            #expect(seen.map(\.count) == [1, 1])
            #expect(seen[0] != seen[1])
        }
    }

    @Test func `a task is resumed on its loop after waiting for a socket`() async throws {
        try await onLoops(1) { loops in
            try await withTaskExecutorPreference(loops[0]) {
                let (left, right) = try TCPStream.pair(on: loops[0])
                let before = pthread_self()
                async let answer = read(1, from: right)
                try await left.write([1], [], before: soon)
                _ = try await answer
                #expect(pthread_self() == before)
            }
        }
    }

    @Test func `loops come and go without leaving threads or descriptors behind`() async throws {
        await #expect(processExitsWith: .success) {
            try await onLoops(2) { _ in }
            let before = dup(0)
            close(before)
            for _ in 0..<200 {
                try await onLoops(3) { loops in
                    let (left, right) = try TCPStream.pair(on: loops[1])
                    try await left.write([1], [], before: soon)
                    guard try await read(1, from: right) == [1] else { exit(3) }
                }
            }
            // Threads give their loop up after they have answered, so the last may still be at it.
            for _ in 0..<1_000_000 {
                let after = dup(0)
                close(after)
                if after <= before { exit(0) }
                await Task.yield()
            }
            exit(4)
        }
    }

    @Test func `an event for a closed descriptor does not reach the one opened after it with the same number`()
        async throws
    {
        try await onLoops(1) { loops in
            try await withTaskExecutorPreference(loops[0]) {
                for _ in 0..<300 {
                    let (left, right) = try TCPStream.pair(on: loops[0])
                    try await left.write([1], [], before: soon)
                    // The event of this byte is still to come when the numbers are used again.
                    left.close()
                    right.close()
                    let (next, other) = try TCPStream.pair(on: loops[0])
                    async let answer = read(1, from: other)
                    try await next.write([2], [], before: soon)
                    #expect(try await answer == [2])
                    next.close()
                    other.close()
                }
            }
        }
    }

    @Test func `a thousand readers each end at their own deadline`() async throws {
        try await onLoops(2) { loops in
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<500 {
                    let loop = loops[number % 2]
                    let (left, right) = try TCPStream.pair(on: loop)
                    for stream in [left, right] {
                        group.addTask(executorPreference: loop) {
                            var buffer: [UInt8] = []
                            await #expect(throws: StreamError.deadlinePassed) {
                                let deadline = Deadline.now + .milliseconds(number % 40)
                                _ = try await stream.read(into: &buffer, limit: 1, before: deadline)
                            }
                            // Kept until here: a peer that closes would end the read as well.
                            withExtendedLifetime((left, right)) {}
                        }
                    }
                }
            }
        }
    }

    @Test func `cancelling ends a read when the connection's one handler closes the stream`() async throws {
        try await onLoops(1) { loops in
            let (left, right) = try TCPStream.pair(on: loops[0])
            await withTaskGroup { group in
                group.addTask(executorPreference: loops[0]) {
                    await withTaskCancellationHandler {
                        var buffer: [UInt8] = []
                        await #expect(throws: StreamError.cancelled) {
                            _ = try await left.read(into: &buffer, limit: 1, before: soon)
                        }
                    } onCancel: {
                        left.close()
                    }
                }
                // On the same thread, so it ends only when the read has begun to wait.
                group.addTask(executorPreference: loops[0]) {}
                await group.next()
                group.cancelAll()
            }
            withExtendedLifetime(right) {}
        }
    }

    @Test func `says when a peer has broken the connection`() async throws {
        try await onLoops(1) { loops in
            let (client, server) = try await connection(loops[0], loops[0])
            try await server.write([1], [], before: soon)
            await withCheckedContinuation { lost in
                server.whenLost { lost.resume() }
                // Closing with unread bytes is answered by a reset (RFC 2525 §2.17).
                client.close()
            }
        }
    }

    @Test func `a peer that has only finished writing has broken nothing`() async throws {
        try await onLoops(1) { loops in
            let (client, server) = try await connection(loops[0], loops[0])
            let isLost = Record(false)
            server.whenLost { isLost.update { $0 = true } }
            await client.finishWriting()
            #expect(try await read(1, from: server) == [])
            try await server.write([1], [], before: soon)
            #expect(try await read(1, from: client) == [1])
            #expect(!isLost.value)
        }
    }
}

@Suite("Blocking calls and names")
struct BlockingPoolTests {
    @Test func `gives the value back to the waiting task`() async throws {
        try await onLoops(1) { loops in
            let pool = BlockingPool(threads: 2)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<50 {
                    group.addTask { try await pool.run(on: loops[0], before: soon) { number * 2 } }
                }
                var sum = 0
                for try await value in group { sum += value }
                #expect(sum == 2450)
            }
        }
    }

    @Test func `a call that blocks is given up at the deadline and does no harm when it ends`() async throws {
        try await onLoops(1) { loops in
            let pool = BlockingPool(threads: 1)
            let (held, release) = (Latch(), Latch())
            await #expect(throws: StreamError.deadlinePassed) {
                try await pool.run(on: loops[0], before: .now + .milliseconds(5)) {
                    held.open()
                    release.wait()
                }
            }
            held.wait()
            release.open()
            let value = try await pool.run(on: loops[0], before: soon) { 7 }
            #expect(value == 7)
        }
    }

    @Test(arguments: [
        ("127.0.0.1", ["127.0.0.1:443"]), ("[::1]", ["[::1]:443"]), ("localhost", ["127.0.0.1:443", "[::1]:443"]),
        ("", []), ("a\0b", []), ("no-such-name.invalid", []),
    ])
    func `finds the addresses of a host`(_ host: String, _ addresses: [String]) async throws {
        try await onLoops(1) { loops in
            let found = try await BlockingPool().addresses(of: host, port: 443, on: loops[0], before: soon)
            #expect(found.map(\.description) == addresses)
        }
    }
}

/// Blocks a thread of the pool until a test lets it go.
private final class Latch: Sendable {
    private let isOpen = Mutex(false)

    func open() {
        isOpen.withLock { $0 = true }
    }

    func wait() {
        while !isOpen.withLock({ $0 }) { sched_yield() }
    }
}
