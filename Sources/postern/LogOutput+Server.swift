import HTTPSemantics
import HTTPServer
import HTTPTypes
import Logging
import Sockets
import Timekeeping

extension LogOutput {
    /// One line of the access log: a route template instead of the address, and never what came in a query, a field or a form.
    func write(_ record: AccessRecord) {
        guard writes(.info) else { return }
        if format == .json, let line = LogLine.everyday(record) { return write(line) }
        write(line(of: record))
    }

    func line(of record: AccessRecord) -> [UInt8] {
        var line = LogLine(format, at: record.endedAt, level: .info, event: "request")
        line.add("id", record.requestID)
        line.add("method", record.method.map(LogLine.known) ?? "-")
        line.add("route", record.routeTemplate ?? "-")
        line.add("status", record.status.code)
        line.add("microseconds", Int(record.duration.wholeMicroseconds))
        line.add("bytes", record.contentBytes)
        line.add("client", "\(record.client.clientNetwork)")
        line.add("tls", record.security?.version.name ?? (record.isSecure ? "yes" : "no"))
        if !record.isComplete { line.add("complete", "no") }
        if let refusal = record.refusal { line.add("refused", refusal.name) }
        return line.ended()
    }

    func write(_ fault: ServerFault) {
        switch fault {
        case .acceptFailed(let number):
            write(level: .error, event: "accepting failed", [("errno", .number(Int(number)))])
        case .acceptResumed(let failures):
            write(level: .warning, event: "accepting again", [("failures", .number(failures))])
        case .handshakeFailed(let client, let reason):
            write(
                level: .debug,
                event: "handshake failed",
                [("client", .text("\(client.clientNetwork)")), ("reason", .text(reason.rawValue))]
            )
        case .tooManyConnections(let client, let limit):
            write(
                level: .warning,
                event: "too many connections",
                [("client", .text("\(client.clientNetwork)")), ("limit", .text(limit.rawValue))]
            )
        }
    }
}
