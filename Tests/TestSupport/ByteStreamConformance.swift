package import Sockets

/// The contract of `ByteStream` as cases that any kind of stream runs, each on two ends connected with each other.
///
///     @Test(arguments: ByteStreamConformance.cases)
///     func `keeps the contract`(of rule: ByteStreamConformance) async throws {
///         let (left, right) = MemoryByteStream.pair()
///         try await rule.check(left, right)
///     }
package struct ByteStreamConformance: Sendable, CustomStringConvertible {
    package let rule: String
    /// Throws `Broken` or a `StreamError` if a stream breaks the rule. Closes both.
    package let check: @Sendable (any ByteStream, any ByteStream) async throws -> Void

    package var description: String { rule }

    package static var cases: [ByteStreamConformance] { transfer + ends + limits }

    /// What a stream did instead of what the contract says.
    package struct Broken: Error, CustomStringConvertible {
        package let description: String
    }

    private init(_ rule: String, _ body: @escaping @Sendable (any ByteStream, any ByteStream) async throws -> Void) {
        self.rule = rule
        check = { left, right in
            defer {
                left.close()
                right.close()
            }
            try await body(left, right)
        }
    }
}

// MARK: cases

extension ByteStreamConformance {
    private static let transfer = [
        ByteStreamConformance("what is written is read, head before content") { left, right in
            try await left.write(Array("head,".utf8), Array("content".utf8), before: soon)
            try expect(try await read(12, from: right), Array("head,content".utf8))
        },
        ByteStreamConformance("a read appends and takes at most its limit") { left, right in
            try await left.write([1, 2, 3, 4], [], before: soon)
            var buffer: [UInt8] = [0]
            try expect(try await right.read(into: &buffer, limit: 3, before: soon), 3)
            try expect(buffer, [0, 1, 2, 3])
            try expect(try await right.read(into: &buffer, limit: 3, before: soon), 1)
            try expect(buffer, [0, 1, 2, 3, 4])
        },
        ByteStreamConformance("a read waits for the first byte") { left, right in
            async let answer = read(2, from: right)
            try await left.write([], [7, 8], before: soon)
            try expect(try await answer, [7, 8])
        },
        ByteStreamConformance("writing nothing sends nothing and ends nothing") { left, right in
            try await left.write([], [], before: soon)
            try await left.write([], [9], before: soon)
            try expect(try await read(1, from: right), [9])
        },
        ByteStreamConformance("a megabyte crosses in both directions at once, in order") { left, right in
            let there = pattern(1 << 20, seed: 1)
            let back = pattern(1 << 20, seed: 2)
            async let sent: Void = left.write([], there, before: soon)
            async let answered: Void = right.write(Array(back.prefix(5)), Array(back.dropFirst(5)), before: soon)
            async let arrived = read(there.count, from: right)
            async let returned = read(back.count, from: left)
            try expect(try await arrived == there, true)
            try expect(try await returned == back, true)
            _ = try await (sent, answered)
        },
        ByteStreamConformance("many small messages cross there and back") { left, right in
            async let echo: Void = {
                for _ in 0..<200 { try await right.write(try await read(3, from: right), [], before: soon) }
            }()
            for number in 0..<200 {
                let message = [UInt8(number), 1, 2]
                try await left.write(message, [], before: soon)
                try expect(try await read(3, from: left), message)
            }
            try await echo
        },
    ]

    private static let ends = [
        ByteStreamConformance("after the last byte a read returns 0, again and again") { left, right in
            try await left.write([5], [], before: soon)
            await left.finishWriting()
            try expect(try await read(1, from: right), [5])
            var buffer: [UInt8] = []
            try expect(try await right.read(into: &buffer, limit: 10, before: soon), 0)
            try expect(try await right.read(into: &buffer, limit: 10, before: soon), 0)
            try expect(buffer, [])
        },
        ByteStreamConformance("who has finished writing still reads") { left, right in
            await left.finishWriting()
            var buffer: [UInt8] = []
            try expect(try await right.read(into: &buffer, limit: 10, before: soon), 0)
            try await right.write([6], [], before: soon)
            try expect(try await read(1, from: left), [6])
        },
        ByteStreamConformance("who has finished writing writes no more") { left, _ in
            await left.finishWriting()
            try await expect(.connectionLost) { () async throws(StreamError) in
                try await left.write([1], [], before: soon)
            }
        },
        ByteStreamConformance("closing ends a read under way") { left, _ in
            async let outcome = outcome { () async throws(StreamError) in
                var buffer: [UInt8] = []
                _ = try await left.read(into: &buffer, limit: 1, before: soon)
            }
            await Task.yield()
            left.close()
            try expect(await outcome, .connectionLost)
        },
        ByteStreamConformance("a closed stream neither reads nor writes, and closing it again does nothing") {
            left,
            _ in
            left.close()
            left.close()
            try await expect(.connectionLost) { () async throws(StreamError) in
                var buffer: [UInt8] = []
                _ = try await left.read(into: &buffer, limit: 1, before: soon)
            }
            try await expect(.connectionLost) { () async throws(StreamError) in
                try await left.write([1], [], before: soon)
            }
            await left.finishWriting()
        },
        ByteStreamConformance("a peer that has closed ends reads, by 0 or as lost") { left, right in
            left.close()
            let outcome = await outcome { () async throws(StreamError) in
                var buffer: [UInt8] = []
                let count = try await right.read(into: &buffer, limit: 1, before: soon)
                if count > 0 { throw .system(errno: 0) }
            }
            try expect(outcome == nil || outcome == .connectionLost, true)
        },
        ByteStreamConformance("writing to a peer that has closed ends as lost, and not the process") { left, right in
            left.close()
            // The first bytes may go out before the peer's system has said that nobody is there.
            try await expect(.connectionLost) { () async throws(StreamError) in
                while true { try await right.write([UInt8](repeating: 3, count: 1 << 16), [], before: soon) }
            }
        },
    ]

    private static let limits = [
        ByteStreamConformance("a read with nothing to read ends at its deadline") { left, right in
            try await expect(.deadlinePassed) { () async throws(StreamError) in
                var buffer: [UInt8] = []
                _ = try await right.read(into: &buffer, limit: 1, before: .now + .milliseconds(5))
            }
            try await expect(.deadlinePassed) { () async throws(StreamError) in
                var buffer: [UInt8] = []
                _ = try await right.read(into: &buffer, limit: 1, before: .now - .seconds(1))
            }
            _ = left
        },
        ByteStreamConformance("a read goes on after an earlier one ended at its deadline") { left, right in
            try await expect(.deadlinePassed) { () async throws(StreamError) in
                var buffer: [UInt8] = []
                _ = try await right.read(into: &buffer, limit: 1, before: .now + .milliseconds(1))
            }
            try await left.write([4], [], before: soon)
            try expect(try await read(1, from: right), [4])
        },
        ByteStreamConformance("a write that nobody reads ends at its deadline") { left, right in
            try await expect(.deadlinePassed) { () async throws(StreamError) in
                try await left.write([], [UInt8](repeating: 4, count: 16 << 20), before: .now + .milliseconds(20))
            }
            _ = right
        },
    ]
}

// MARK: tools

extension ByteStreamConformance {
    /// A bound on failure only: no case waits for it.
    private static var soon: Deadline { .now + .seconds(60) }

    private static func pattern(_ count: Int, seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31 &+ $0 >> 8) ^ seed) }
    }

    private static func read(_ count: Int, from stream: any ByteStream) async throws -> [UInt8] {
        var buffer: [UInt8] = []
        while buffer.count < count {
            let read = try await stream.read(into: &buffer, limit: count - buffer.count, before: soon)
            if read == 0 { throw Broken(description: "the stream ended after \(buffer.count) of \(count) bytes") }
        }
        return buffer
    }

    private static func outcome(
        of body: @Sendable () async throws(StreamError) -> Void
    ) async -> StreamError? {
        do throws(StreamError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    private static func expect(
        _ expected: StreamError,
        line: Int = #line,
        _ body: @Sendable () async throws(StreamError) -> Void
    ) async throws(Broken) {
        try expect(await outcome(of: body), expected, line: line)
    }

    private static func expect<Value: Equatable>(
        _ answer: Value,
        _ expected: Value,
        line: Int = #line
    ) throws(Broken) {
        guard answer != expected else { return }
        throw Broken(description: "line \(line): expected \(expected), got \(answer)")
    }
}
