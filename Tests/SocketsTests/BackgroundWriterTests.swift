import Glibc
import Sockets
import Synchronization
import Testing

@Suite("Writing in the background") struct BackgroundWriterTests {
    /// A pipe, and what its reader finds.
    private final class Pipe {
        let (reading, writing): (Int32, Int32)
        /// F_SETPIPE_SZ (fcntl(2)), which Glibc's module hides behind _GNU_SOURCE.
        private static let setPipeSize: Int32 = 1031

        init() throws {
            var ends: [Int32] = [-1, -1]
            // Sound: the system writes two numbers.
            try #require(unsafe pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
            // Where many pipes are open the system makes them small; here the writer ends before the reader begins.
            try #require(fcntl(writing, Self.setPipeSize, 1 << 17) >= 1 << 17)
        }

        /// From now on nothing is waited for where nothing is there.
        func readWithoutWaiting() throws {
            try #require(fcntl(reading, F_SETFL, O_NONBLOCK) == 0)
        }

        /// So much as is there, waiting for some.
        func read() -> String {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            // Sound: the array has the length given.
            let count = unsafe Glibc.read(reading, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        }

        func readToEnd() -> String {
            close(writing)
            var text = ""
            while case let more = read(), !more.isEmpty { text += more }
            return text
        }

        deinit { close(reading) }
    }

    private func writer(
        to descriptor: Int32,
        limitBytes: Int = 1 << 20,
        gathering: Duration = .zero
    ) throws -> BackgroundWriter {
        try BackgroundWriter(descriptor: descriptor, limitBytes: limitBytes, gathering: gathering) {
            Array("lost \($0)\n".utf8)
        }
    }

    private func line(_ number: Int) -> [UInt8] { Array("line \(number)\n".utf8) }

    @Test func `keeps the order of what is handed over`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing)
        for number in 0..<2000 { writer.write(line(number)) }
        writer.end()
        #expect(pipe.readToEnd() == (0..<2000).map { "line \($0)\n" }.joined())
    }

    @Test func `keeps pieces of several tasks whole`() async throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing)
        await withTaskGroup { group in
            for task in 0..<4 {
                group.addTask { for number in 0..<250 { writer.write(Array("task \(task) \(number)\n".utf8)) } }
            }
        }
        writer.end()
        let lines = pipe.readToEnd().split(separator: "\n")
        #expect(lines.count == 1000)
        for task in 0..<4 {
            let own = lines.filter { $0.hasPrefix("task \(task) ") }
            #expect(own.elementsEqual((0..<250).map { "task \(task) \($0)" }, by: ==))
        }
    }

    @Test func `writes by itself, without a flush`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing)
        for number in 0..<3 {
            writer.write(line(number))
            #expect(pipe.read() == "line \(number)\n")
        }
        writer.end()
        close(pipe.writing)
    }

    @Test func `has written everything when a flush returns`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing, gathering: .seconds(100))
        writer.write(line(1))
        writer.write(line(2))
        writer.flush()
        #expect(pipe.read() == "line 1\nline 2\n")
        writer.write(line(3))
        #expect(writer.flush(within: .seconds(100)))
        #expect(pipe.readToEnd() == "line 3\n")
    }

    @Test func `drops what a stuck reader leaves beyond the limit, and says how much in its place`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing, limitBytes: 30, gathering: .seconds(100))
        // Nothing is taken while the thread gathers: as if it were stuck in a write.
        for number in 0..<10 { writer.write(line(number)) }
        writer.flush()
        writer.write(line(10))
        writer.flush()
        #expect(pipe.readToEnd() == "line 0\nline 1\nline 2\nline 3\nlost 6\nline 10\n")
    }

    @Test func `a reader that takes nothing holds up nobody but the thread`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing, limitBytes: 1 << 20)
        // More than a pipe takes (128 KiB) and a limit allows, of which nothing is read.
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 8191) + [UInt8(ascii: "\n")]
        for _ in 0..<1000 { writer.write(piece) }
        #expect(!writer.flush(within: .milliseconds(20)))
        let text = pipe.read()
        #expect(text.utf8.count >= 4096)
        // Until the thread is through: it would go on writing to whatever has the descriptor's number next.
        try pipe.readWithoutWaiting()
        while !writer.flush(within: .milliseconds(1)) { _ = pipe.read() }
        close(pipe.writing)
    }

    @Test func `an error of the descriptor stops nothing`() throws {
        // Sound: a constant path.
        let full = unsafe open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        let writer = try writer(to: full)
        writer.write(line(1))
        writer.flush()
        writer.write(line(2))
        writer.end()
        close(full)
    }

    @Test func `writes what comes after the end`() throws {
        let pipe = try Pipe()
        let writer = try writer(to: pipe.writing)
        writer.end()
        writer.write(line(1))
        #expect(pipe.read() == "line 1\n")
        close(pipe.writing)
    }
}
