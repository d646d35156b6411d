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
        let (id, ended, status) = (record.requestID, record.endedAt, record.status.code)
        let (microseconds, contentBytes) = (Int(record.duration.wholeMicroseconds), record.contentBytes)
        let tls = record.security.map { $0.version.name } ?? (record.isSecure ? "yes" : "no")
        var line: [UInt8] = []
        // The words below, at most 20 digits for each number, 64 octets for the ID.
        line.append(addingCapacity: 480 + route.utf8.count) { line in
            line.write(words: #"{"time":""#)
            line.write(momentOf: ended)
            line.write(words: #"","level":"info","event":"request","id":""#)
            id.write(to: &line)
            line.write(words: #"","method":""#)
            line.write(Self.known(method))
            line.write(words: #"","route":""#)
            line.write(route)
            line.write(words: #"","status":"#)
            line.write(decimal: status)
            line.write(words: #","microseconds":"#)
            line.write(decimal: microseconds)
            line.write(words: #","bytes":"#)
            line.write(decimal: contentBytes)
            line.write(words: #","client":""#)
            // The network of a client, NetworkAddress.clientNetwork.
            line.write(decimal: Int(client >> 24))
            line.append(UInt8(ascii: "."))
            line.write(decimal: Int(client >> 16 & 0xFF))
            line.append(UInt8(ascii: "."))
            line.write(decimal: Int(client >> 8 & 0xFF))
            line.append(UInt8(ascii: "."))
            line.write(words: #"0/24","tls":""#)
            line.write(tls)
            line.write(words: "\"}\n")
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
