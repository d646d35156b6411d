import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Timekeeping

extension LogLine {
    /// The line of one request as JSON, with its end: octet for octet what ``LogOutput/line(of:)`` makes of it piece by piece.
    ///
    /// It is most of the log, and was a third of a request's instructions: hence into one array, each octet once.
    ///
    /// - Returns: nil for what needs escaping or is not an everyday request, which the other way is for.
    static func everyday(_ record: AccessRecord) -> [UInt8]? {
        guard let method = record.method, record.isComplete, record.refusal == nil, let route = record.routeTemplate,
            case .v4(let client) = record.client, route.isPlain
        else { return nil }
        let id = record.requestID
        let template = route.utf8Span.span
        let (seconds, attoseconds) = record.duration.components
        var line: [UInt8] = []
        // The words below, at most 20 digits for each number, 64 octets for the ID.
        line.append(addingCapacity: 480 + template.count) { line in
            line.write(#"{"time":""#)
            line.write(momentOf: record.endedAt)
            line.write(#"","level":"info","event":"request","id":""#)
            id.write(to: &line)
            line.write(#"","method":""#)
            line.write(Self.known(method))
            line.write(#"","route":""#)
            for index in template.indices { line.append(template[index]) }
            line.write(#"","status":"#)
            line.write(decimal: record.status.code)
            line.write(#","microseconds":"#)
            line.write(decimal: Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
            line.write(#","bytes":"#)
            line.write(decimal: record.contentBytes)
            line.write(#","client":""#)
            // The network of a client, NetworkAddress.clientNetwork.
            line.write(decimal: Int(client >> 24))
            line.append(UInt8(ascii: "."))
            line.write(decimal: Int(client >> 16 & 0xFF))
            line.append(UInt8(ascii: "."))
            line.write(decimal: Int(client >> 8 & 0xFF))
            line.append(UInt8(ascii: "."))
            line.write(#"0/24","tls":""#)
            line.write(record.security.map { $0.version.name } ?? (record.isSecure ? "yes" : "no"))
            line.write("\"}\n")
        }
        return line
    }

    /// A method is text from outside; only those of RFC 9110 are repeated.
    static func known(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get: "GET"
        case .post: "POST"
        case .head, .put, .delete, .options, .patch, .trace, .connect: method.rawValue
        default: "other"
        }
    }
}
