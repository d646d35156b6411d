import Testing

@testable import postern

@Suite("Grants as CSV, RFC 4180")
struct GrantCSVTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
        ("two\nlines", "\"two\nlines\""),
        ("cr\rlf", "\"cr\rlf\""), ("Åse", "Åse"), ("a=b", "a=b"), ("user-7", "user-7"),
    ])
    func `a cell means its text`(text: String, cell: String) {
        #expect(GrantCSV.cell(text) == cell)
    }

    @Test(arguments: [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\u{FF1D}1", "\u{FF0B}1", "\u{FF0D}1", "\u{FF20}x",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
    ])
    func `a text that a spreadsheet would take for a formula is text`(text: String) {
        let cell = GrantCSV.cell(text)
        #expect(cell.hasPrefix("'") || cell.hasPrefix("\"'"))
    }
}
