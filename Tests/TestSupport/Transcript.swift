package import HTTP1
import HTTPSemantics
package import HTTPTypes

/// What a connection makes of octets that arrive in these pieces, then end: one action a line.
///
/// Reads and interim responses are left out, since they alone may depend on how octets arrive.
package enum Transcript {
    package static func ofServer(
        _ pieces: [ArraySlice<UInt8>],
        limits: MessageLimits = MessageLimits(),
        contentLimitBytes: Int = 1000
    ) -> String {
        var connection = ServerConnection(limits: limits)
        var pieces = pieces[...]
        var lines: [String] = []
        while true {
            switch connection.next(contentLimitBytes: { _, _ in contentLimitBytes }) {
            case .read:
                if let piece = pieces.popFirst() { connection.input += piece } else { connection.inputEnded() }
            case .sendContinue:
                break
            case .respond(let request):
                lines.append(describe(request))
                connection.responded(isPersistent: request.isPersistent)
            case .reject(let violation, let head):
                lines.append("reject \(name(of: violation))\(head.map { " after the head of \($0.method)" } ?? "")")
                return lines.joined(separator: "\n") + "\n"
            case .close:
                return (lines + ["close"]).joined(separator: "\n") + "\n"
            }
        }
    }

    package static func ofClient(
        _ pieces: [ArraySlice<UInt8>],
        answering method: HTTPRequest.Method = .get,
        limits: MessageLimits = MessageLimits(),
        contentLimitBytes: Int = 1000
    ) -> String {
        var connection = ClientConnection(limits: limits)
        connection.begin(method, contentLimitBytes: contentLimitBytes)
        var pieces = pieces[...]
        while true {
            switch connection.next() {
            case .read:
                if let piece = pieces.popFirst() { connection.input += piece } else { connection.inputEnded() }
            case .received(let response):
                return describe(response)
            case .fail(let violation):
                return "fail \(name(of: violation))\n"
            }
        }
    }

    /// The whole, one octet at a time, and in two pieces divided at every place (every seventh in a long message).
    package static func waysToArrive(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        var ways = [[bytes[...]], bytes.indices.map { bytes[$0...$0] }]
        for place in stride(from: 1, to: bytes.count, by: bytes.count > 600 ? 7 : 1) {
            ways.append([bytes[..<place], bytes[place...]])
        }
        return ways
    }

    package static func name(of violation: HTTPViolation) -> String {
        "\(violation)".split(separator: "(").first.map(String.init) ?? ""
    }

    private static func describe(_ request: ReceivedRequest) -> String {
        var lines = ["\(request.head.method) \(escaped(request.head.path)) for \(escaped(request.head.authority))"]
        lines.append("  path \(escaped(request.target.path))")
        if let query = request.target.query { lines.append("  query \(escaped(query))") }
        lines += describe(request.head.headerFields)
        lines.append("  content \(escaped(request.content))")
        lines.append("  \(request.version), \(request.isPersistent ? "persistent" : "not persistent")")
        return lines.joined(separator: "\n")
    }

    private static func describe(_ response: ReceivedResponse) -> String {
        var lines = ["\(response.head.status.code)"]
        lines += describe(response.head.headerFields)
        lines.append("  content \(escaped(response.content))")
        lines.append("  \(response.isPersistent ? "persistent" : "not persistent")")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func describe(_ fields: HTTPFields) -> [String] {
        fields.map { "  field \($0.name): \(escaped($0.value))" }
    }

    private static func escaped(_ text: String?) -> String { text.map { escaped(Array($0.utf8)) } ?? "nobody" }

    private static func escaped(_ bytes: [UInt8]) -> String {
        "\""
            + bytes.map { byte in
                switch byte {
                case 0x0D: "\\r"
                case 0x0A: "\\n"
                case 0x20...0x7E: String(UnicodeScalar(byte))
                default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
            }.joined() + "\""
    }
}
