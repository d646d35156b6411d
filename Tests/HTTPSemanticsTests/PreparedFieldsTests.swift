import HTTPSemantics
import HTTPTypes
import Testing

@Suite("Prepared fields") struct PreparedFieldsTests {
    private let fields: HTTPFields = [.contentType: "text/plain", .setCookie: "a=1", .cacheControl: "no-store"]

    private func text(_ response: Response) -> String? {
        response.prepared.map { String(decoding: $0.octets, as: UTF8.self) }
    }

    @Test func `are field lines, without what is the server's to say`() {
        var all = fields
        all[.contentLength] = "1"
        all[.date] = "yesterday"
        all[.connection] = "close"
        all[.transferEncoding] = "chunked"
        let prepared = PreparedFields(all)
        let lines = "Content-Type: text/plain\r\nSet-Cookie: a=1\r\nCache-Control: no-store\r\n"
        #expect(String(decoding: prepared.octets, as: UTF8.self) == lines)
        #expect(prepared.count == 7)
    }

    @Test func `are made when asked for, and come with fixed fields`() {
        var response = Response(status: .ok, fields: fields)
        #expect(response.prepared == nil)
        response.prepare()
        #expect(response.prepared?.count == 3)
        let other = Response(status: .ok, fixed: FixedFields(fields))
        #expect(text(other) == text(response))
        #expect(other.head.headerFields == fields)
    }

    @Test func `stay when a field is appended`() {
        var response = Response(status: .ok, fixed: FixedFields(fields))
        response.append(HTTPField(name: .setCookie, value: "b=2"))
        #expect(response.prepared?.count == 3)
        #expect(response.head.headerFields[values: .setCookie] == ["a=1", "b=2"])
    }

    @Test(
        arguments: [
            { $0.head.headerFields[.contentType] = "text/html" },
            { $0.head.headerFields[.setCookie] = nil },
            { $0.head.headerFields.append(HTTPField(name: .via, value: "x")) },
            { $0.head.headerFields = [:] },
            { $0.head.status = .notFound },
            { $0.head = HTTPResponse(status: .ok) },
        ] as [@Sendable (inout Response) -> Void]
    )
    func `go with any other change`(change: @Sendable (inout Response) -> Void) {
        var response = Response(status: .ok, fixed: FixedFields(fields))
        change(&response)
        #expect(response.prepared == nil)
    }
}
