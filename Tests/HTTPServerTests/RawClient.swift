import Sockets

/// A client that sends exactly the octets it is told to, and reads responses by their Content-Length.
final class RawClient {
    struct Answer: Equatable {
        var head: String
        var content: String

        var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }

        /// The value of a field that is there once.
        subscript(name: String) -> String? {
            let lines = head.split(separator: "\r\n").dropFirst().filter {
                $0.lowercased().hasPrefix(name.lowercased() + ":")
            }
            return lines.count == 1 ? lines.first.map { String($0.dropFirst(name.count + 2)) } : nil
        }
    }

    /// The stream ended before the answer did.
    struct Ended: Error, Equatable {
        var received: String
    }

    let stream: TCPStream
    private var buffer: [UInt8] = []

    init(_ stream: TCPStream) {
        self.stream = stream
    }

    func send(_ text: String) async throws {
        try await stream.write(Array(text.utf8), [], before: soon)
    }

    func send(_ octets: [UInt8]) async throws {
        try await stream.write(octets, [], before: soon)
    }

    func answer(hasContent: Bool = true) async throws -> Answer {
        while true {
            if let head = buffer.indices.first(where: { buffer[$0...].starts(with: Array("\r\n\r\n".utf8)) }) {
                var answer = Answer(head: String(decoding: buffer[..<head], as: UTF8.self), content: "")
                let length = hasContent ? answer["Content-Length"].flatMap { Int($0) } ?? 0 : 0
                let start = head + 4
                if buffer.count >= start + length {
                    answer.content = String(decoding: buffer[start..<(start + length)], as: UTF8.self)
                    buffer.removeFirst(start + length)
                    return answer
                }
            }
            guard try await stream.read(into: &buffer, limit: 1 << 16, before: soon) > 0 else {
                throw Ended(received: String(decoding: buffer, as: UTF8.self))
            }
        }
    }

    /// Everything until the server's end; what is after it is an error.
    func rest() async throws -> String {
        while try await stream.read(into: &buffer, limit: 1 << 16, before: soon) > 0 {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Whether the server ends the connection without another octet.
    func isEnded() async -> Bool {
        var more = buffer
        do { return try await stream.read(into: &more, limit: 1, before: soon) == 0 && more.isEmpty } catch {
            return error == .connectionLost
        }
    }
}

func get(_ path: String, _ fields: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
}
