import ConnectApp
import Glibc
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Logging
import Sockets

/// How many event loops are worth having: one for each processor, and no more than 16.
func processorCount() -> Int {
    min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 16)
}

func exitNow() -> Never {
    _exit(ExitStatus.failed.rawValue)
}

extension ListenError {
    func sentence(_ place: ListenAddress, _ setting: String) -> String {
        switch self {
        case .addressInUse:
            "\(place.text) is taken by another program. Stop that one, or choose another port with \(setting)."
        case .permissionDenied:
            "This user may not listen at \(place.text). Choose a port above 1023 with \(setting)."
        case .addressNotAvailable:
            "\(place.text) is no address of this machine: see \(setting)."
        default:
            "Listening at \(place.text) failed: \(self)."
        }
    }
}

extension ListenAddress {
    var text: String {
        switch self {
        case .address(let address): "\(address)"
        case .localhost(let port): "localhost:\(port)"
        }
    }
}

extension LogOutput {
    /// One line of the access log: a route template instead of the address, and never what came in a query, a field or a form.
    func write(_ record: AccessRecord) {
        let (seconds, attoseconds) = record.duration.components
        var members: [(name: String, value: Value)] = [
            ("id", .text(record.requestID.text)),
            ("method", .text(record.method.map(known) ?? "-")),
            ("route", .text(record.routeTemplate ?? "-")),
            ("status", .number(record.status.code)),
            ("microseconds", .number(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))),
            ("bytes", .number(record.contentBytes)),
            ("client", .text("\(record.client.clientNetwork)")),
            ("tls", .text(record.security?.version.name ?? (record.isSecure ? "yes" : "no"))),
        ]
        if !record.isComplete { members.append(("complete", .text("no"))) }
        if let refusal = record.refusal { members.append(("refused", .text(refusal.name))) }
        write(level: .info, event: "request", members)
    }

    func write(_ fault: ServerFault) {
        switch fault {
        case .acceptFailed(let number):
            write(level: .error, event: "accepting failed", [("errno", .number(Int(number)))])
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

    /// A method is text from outside; only those of RFC 9110 are repeated.
    private func known(_ method: HTTPRequest.Method) -> String {
        let words: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .options, .patch, .trace, .connect]
        return words.contains(method) ? method.rawValue : "other"
    }
}

extension StreamSecurity.Version {
    /// What a log and a metric call it.
    var name: String {
        switch self {
        case .tls12: "1.2"
        case .tls13: "1.3"
        }
    }
}

func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1
}
