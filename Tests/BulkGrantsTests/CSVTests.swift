import BulkGrants
import Testing

private func read(_ text: String, limits: CSVLimits = CSVLimits()) -> [Result<CSVRecord, CSVViolation>] {
    Array(CSVReader(Array(text.utf8), limits: limits))
}

private func fields(_ text: String) -> [[String]] {
    read(text).compactMap { try? $0.get().fields }
}

private func violations(_ bytes: [UInt8], limits: CSVLimits = CSVLimits()) -> [CSVViolation] {
    CSVReader(bytes, limits: limits).compactMap { result in
        if case .failure(let violation) = result { violation } else { nil }
    }
}

@Suite("Reading CSV, RFC 4180")
struct CSVReaderTests {
    @Test(arguments: [
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]), ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
        ("a\rb\r", [["a"], ["b"]]), ("\u{FEFF}a,b\n", [["a", "b"]]), ("", []), ("\n\r\n\n", []),
        ("a\n\n\nb\n", [["a"], ["b"]]), (",\n", [["", ""]]), ("\"\"\n", [[""]]), ("\"a,b\",c\n", [["a,b", "c"]]),
        ("\"a\"\"b\"\n", [["a\"b"]]), ("\"\"\"\"\n", [["\""]]),
        ("\"a\r\nb\",c\nd,e\n", [["a\r\nb", "c"], ["d", "e"]]),
        ("\"a\nb\"", [["a\nb"]]), ("é,\"ü,\"\n", [["é", "ü,"]]), ("a;b\nc,d;e\n", [["a", "b"], ["c,d", "e"]]),
        ("a\tb\nc\td", [["a", "b"], ["c", "d"]]), ("a,b;c\n", [["a", "b;c"]]), (" a , b \n", [[" a ", " b "]]),
    ])
    func `gives the fields of`(text: String, expected: [[String]]) {
        #expect(fields(text) == expected)
        #expect(violations(Array(text.utf8)) == [])
    }

    @Test func `says the line each record begins on`() {
        let lines = read("a\n\n\"b\r\nb\nb\"\r\nc\rd").compactMap { try? $0.get().line }
        #expect(lines == [1, 3, 6, 7])
    }

    @Test(arguments: [
        (Array("a\nb\"c\nd".utf8), [CSVViolation.quoteInsideField(line: 2)]),
        (Array("a\n\"b\"c,d\ne".utf8), [.textAfterQuote(line: 2)]),
        (Array("a\n\"b\" ,d\n".utf8), [.textAfterQuote(line: 2)]),
        (Array("a\n\"b\nc\nd".utf8), [.quoteNotClosed(line: 2)]),
        (Array("\"".utf8), [.quoteNotClosed(line: 1)]),
        (Array("a,\"b\"\"".utf8), [.quoteNotClosed(line: 1)]),
        ([0x61, 0x0A, 0xFF, 0x0A, 0x62], [.notUTF8(line: 2)]),
        ([0x61, 0x0A, 0xC3, 0x0A], [.notUTF8(line: 2)]),
        ([0xFF, 0xFE, 0x61, 0x00], [.encodingUTF16]), ([0xFE, 0xFF, 0x00, 0x61], [.encodingUTF16]),
        ([0x61, 0x00, 0x62, 0x0A], [.controlCharacter(line: 1)]),
        (Array("a\u{1B}[2J\n".utf8), [.controlCharacter(line: 1)]),
        (Array("a\u{7F}\nb".utf8), [.controlCharacter(line: 1)]),
    ])
    func `refuses what is no CSV, with its line`(bytes: [UInt8], expected: [CSVViolation]) {
        #expect(violations(bytes) == expected)
    }

    @Test func `loses by a violation only its own record, unless nothing can be known behind it`() {
        #expect(fields("a\nb\"\nc\n\"d\"x\ne\n") == [["a"], ["c"], ["e"]])
        #expect(fields("a\n\"b\nc") == [["a"]])
    }

    @Test func `keeps to its limits`() {
        var limits = CSVLimits()
        (limits.fieldBytes, limits.fields, limits.records) = (3, 2, 3)
        #expect(violations(Array("abc\nabcd\n\"abcd\"\n".utf8), limits: limits).count == 2)
        #expect(violations(Array("a,b\na,b,c\nd".utf8), limits: limits) == [.tooManyFields(line: 2, limit: 2)])
        #expect(violations(Array("a\nb\nc\nd\ne".utf8), limits: limits) == [.tooManyRecords(limit: 3)])
    }

    @Test func `reads the same however much is cut off, without an end of its own`() {
        let text = Array("a,\"b\"\"\r\n\",c\r\n\"é\";x\ny\"z\n".utf8)
        for count in 0...text.count { _ = violations(Array(text.prefix(count))) }
    }
}

@Suite("Writing CSV that no spreadsheet computes")
struct CSVTextTests {
    static let texts = [
        "", "a", "=1+1", "+41", "-5", "@x", "'", "''", "'=x", "'a", "\t=x", "\rx", "\nx", "＝x", "＋1", "－1", "＠x", "a=b",
        "a,b", "a\"b", " a", "a ", "é", "a;b", "'+ada@x.example", "a\r\nb", "=HYPERLINK(\"http://x\",\"y\")",
    ]

    @Test(arguments: texts)
    func `comes back as it was`(text: String) {
        #expect(CSVText.unguarded(CSVText.guarded(text)) == text)
        let back = fields(CSVText.record([text, "end"]))
        #expect(back.map { $0.map(CSVText.unguarded) } == [[text, "end"]])
    }

    @Test(arguments: texts)
    func `begins with nothing that a spreadsheet computes`(text: String) {
        let first = CSVText.guarded(text).unicodeScalars.first
        #expect(!["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"].contains(first))
    }

    @Test(arguments: ["'a", "'", "a'=", "o'neill@x.example", "'1"])
    func `leaves an apostrophe of somebody's own where it is no guard`(text: String) {
        #expect(CSVText.unguarded(text) == text)
    }
}
