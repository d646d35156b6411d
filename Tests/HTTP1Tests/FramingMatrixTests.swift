import HTTPTypes
import TestSupport
import Testing

@testable import HTTP1

/// One cell of a matrix: which fields a message has, and what its length is then.
struct FramingSituation: Sendable, CustomTestStringConvertible {
    let contentLengths: [String]
    let transferEncodings: [String]
    let version: HTTPVersion
    let outcome: Outcome

    enum Outcome: Equatable, Sendable {
        case length(BodyLength)
        case violation(String)
    }

    var testDescription: String { "\(contentLengths) \(transferEncodings) \(version) → \(outcome)" }

    func outcome(of message: FramingFields.Message) -> Outcome {
        var fields = FramingFields()
        for value in contentLengths { fields.addContentLength(value.utf8) }
        for value in transferEncodings { fields.addTransferEncoding(value.utf8) }
        do throws(HTTPViolation) {
            return .length(try fields.bodyLength(of: message, version: version))
        } catch {
            return .violation(Transcript.name(of: error))
        }
    }

    /// Reads a table: columns are Transfer-Encoding fields, rows Content-Length fields, both with `|` between several
    /// fields and `-` for none; a number is an exact length.
    static func matrix(_ version: HTTPVersion, columns: [String], _ rows: [(String, [String])]) -> [FramingSituation] {
        rows.flatMap { row, cells in
            zip(columns, cells).map { column, cell in
                FramingSituation(
                    contentLengths: row == "-" ? [] : row.split(separator: "|").map(String.init),
                    transferEncodings: column == "-" ? [] : column.split(separator: "|").map(String.init),
                    version: version,
                    outcome: Int(cell).map { .length(.exactly($0)) } ?? words[cell] ?? .violation(cell)
                )
            }
        }
    }

    private static let words: [String: Outcome] = [
        "none": .length(.none), "chunked": .length(.chunked), "untilClose": .length(.untilClose),
    ]
}

@Suite("Framing matrix, RFC 9112 §6.3")
struct FramingMatrixTests {
    private static let columns = ["-", "chunked", "gzip", "gzip, chunked", "chunked|chunked"]
    private static let conflict = "conflictingFraming"
    private static let repeated = "repeatedContentLength"
    private static let invalid = "invalidContentLength"
    private static let endless = "invalidTransferEncoding"
    private static let unknown = "unsupportedTransferCoding"
    private static let twice = "repeatedTransferEncoding"
    private static let old = "transferEncodingInHTTP10"

    private static let requests11 = FramingSituation.matrix(
        .http11,
        columns: columns,
        [
            ("-", ["none", "chunked", endless, unknown, twice]),
            ("0", ["0", conflict, conflict, conflict, conflict]),
            ("5", ["5", conflict, conflict, conflict, conflict]),
            ("+5", [invalid, conflict, conflict, conflict, conflict]),
            ("5, 5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|6", [repeated, conflict, conflict, conflict, conflict]),
        ]
    )

    private static let requests10 = FramingSituation.matrix(
        .http10,
        columns: columns,
        [
            ("-", ["none", old, old, old, twice]),
            ("0", ["0", conflict, conflict, conflict, conflict]),
            ("5", ["5", conflict, conflict, conflict, conflict]),
            ("+5", [invalid, conflict, conflict, conflict, conflict]),
            ("5, 5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|6", [repeated, conflict, conflict, conflict, conflict]),
        ]
    )

    private static let responses11 = FramingSituation.matrix(
        .http11,
        columns: columns,
        [
            ("-", ["untilClose", "chunked", endless, unknown, twice]),
            ("0", ["0", conflict, conflict, conflict, conflict]),
            ("5", ["5", conflict, conflict, conflict, conflict]),
            ("+5", [invalid, conflict, conflict, conflict, conflict]),
            ("5, 5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|6", [repeated, conflict, conflict, conflict, conflict]),
        ]
    )

    private static let responses10 = FramingSituation.matrix(
        .http10,
        columns: columns,
        [
            ("-", ["untilClose", old, old, old, twice]),
            ("0", ["0", conflict, conflict, conflict, conflict]),
            ("5", ["5", conflict, conflict, conflict, conflict]),
            ("+5", [invalid, conflict, conflict, conflict, conflict]),
            ("5, 5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|5", [repeated, conflict, conflict, conflict, conflict]),
            ("5|6", [repeated, conflict, conflict, conflict, conflict]),
        ]
    )

    @Test(arguments: requests11 + requests10)
    func `a request has the length that its fields give it`(situation: FramingSituation) {
        #expect(situation.outcome(of: .request) == situation.outcome)
    }

    @Test(arguments: responses11 + responses10)
    func `a response has the length that its fields give it`(situation: FramingSituation) {
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .patch, .options] {
            for status in [200, 201, 205, 206, 303, 400, 404, 500, 503] {
                #expect(situation.outcome(of: .response(status: status, to: method)) == situation.outcome)
            }
        }
    }

    @Test(arguments: responses11 + responses10)
    func `a response to HEAD, and 1xx, 204 and 304 have no content whatever their fields`(
        situation: FramingSituation
    ) {
        for status in [200, 301, 404, 500] {
            #expect(situation.outcome(of: .response(status: status, to: .head)) == .length(.none))
        }
        for status in [100, 103, 199, 204, 304] {
            #expect(situation.outcome(of: .response(status: status, to: .get)) == .length(.none))
            #expect(situation.outcome(of: .response(status: status, to: .post)) == .length(.none))
        }
    }

    @Test(
        arguments: [
            ("9223372036854775807", Int.max), ("9223372036854775808", .max), ("18446744073709551617", .max),
            (String(repeating: "9", count: 300), .max),
        ] as [(String, Int)]
    )
    func `a length beyond the machine's numbers is only very large`(digits: String, count: Int) throws {
        var fields = FramingFields()
        fields.addContentLength(digits.utf8)
        #expect(try fields.bodyLength(of: .request, version: .http11) == .exactly(count))
    }

    /// Through the connection: method and version, what the content is then, and whether the next request is read.
    @Test(
        arguments: [
            ("GET", "1.1", "", "", 2), ("HEAD", "1.1", "", "", 2), ("POST", "1.1", "", "", 2),
            ("POST", "1.1", "Content-Length: 2", "ab", 2), ("GET", "1.1", "Content-Length: 2", "ab", 2),
            ("DELETE", "1.1", "Content-Length: 2", "ab", 2), ("HEAD", "1.1", "Content-Length: 2", "ab", 2),
            ("PUT", "1.1", "Transfer-Encoding: chunked", "2\r\nab\r\n0\r\n\r\n", 2),
            ("OPTIONS", "1.1", "Transfer-Encoding: chunked", "0\r\n\r\n", 2),
            ("POST", "1.1", "Connection: close\r\nContent-Length: 2", "ab", 1),
            ("POST", "1.0", "Content-Length: 2", "ab", 1), ("GET", "1.0", "", "", 1), ("HEAD", "1.0", "", "", 1),
            ("GET", "1.0", "Connection: keep-alive", "", 1),
        ]
    )
    func `the next request begins where the content ends`(
        method: String,
        version: String,
        fields: String,
        content: String,
        requests: Int
    ) {
        let first = "\(method) /1 HTTP/\(version)\r\nHost: a\r\n\(fields.isEmpty ? "" : fields + "\r\n")\r\n\(content)"
        let bytes = Array((first + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").utf8)
        for pieces in Transcript.waysToArrive(bytes) {
            let transcript = Transcript.ofServer(pieces)
            #expect(transcript.split(separator: "\n").filter { $0.contains(" for \"a\"") }.count == requests)
            #expect(transcript.hasSuffix("close\n"))
        }
    }
}
