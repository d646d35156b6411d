import Sockets
import TestSupport
import Testing

@Suite("Byte streams")
struct ByteStreamTests {
    @Test(arguments: ByteStreamConformance.cases)
    func `a stream in memory keeps the contract`(of rule: ByteStreamConformance) async throws {
        let (left, right) = MemoryByteStream.pair()
        try await rule.check(left, right)
    }

    @Test(arguments: ByteStreamConformance.cases)
    func `a pair of sockets keeps the contract`(of rule: ByteStreamConformance) async throws {
        try await onLoops(1) { loops in
            let (left, right) = try TCPStream.pair(on: loops[0])
            try await rule.check(left, right)
        }
    }

    @Test(arguments: ByteStreamConformance.cases)
    func `a TCP connection keeps the contract`(of rule: ByteStreamConformance) async throws {
        try await onLoops(2) { loops in
            let (left, right) = try await connection(loops[0], loops[1])
            try await rule.check(left, right)
        }
    }

    @Test(arguments: ByteStreamConformance.cases)
    func `a TCP connection used from its own loop keeps the contract`(of rule: ByteStreamConformance) async throws {
        try await onLoops(1) { loops in
            try await withTaskExecutorPreference(loops[0]) {
                let (left, right) = try await connection(loops[0], loops[0])
                try await rule.check(left, right)
            }
        }
    }

    /// Without the reset the peer would be told of the end only behind what it does not read: this test would not end.
    @Test(.timeLimit(.minutes(1)))
    func `a peer that does not read in time is reset, and nothing is kept for it`() async throws {
        try await onLoops(1) { loops in
            let (deaf, writer) = try await connection(loops[0], loops[0])
            let (isLost, lost) = AsyncStream.makeStream(of: Void.self)
            deaf.whenLost { lost.finish() }
            await #expect(throws: StreamError.deadlinePassed) {
                try await writer.write([UInt8](repeating: 0, count: 32 << 20), [], before: .now + .milliseconds(10))
            }
            writer.close()
            for await _ in isLost {}
            deaf.close()
        }
    }
}
