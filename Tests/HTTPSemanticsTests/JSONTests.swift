import HTTPSemantics
import Testing

@Suite("JSON, RFC 8259")
struct JSONTests {
    private func fault(_ bytes: [UInt8]) -> JSONFault? {
        do throws(JSONFault) {
            _ = try JSON(parsing: bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1.5", .number(1.5)), ("1e3", .number(1000)), ("-1.5E-2", .number(-0.015)), ("\"\"", ""),
            (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")), (#""\u00e9\uD83D\ude00é""#, "é😀é"),
            ("[]", []), ("[1,[2]]", [1, [2]]), ("{}", .object([])), (#"{"a":{"b":[null]}}"#, ["a": ["b": [nil]]]),
            ("\t[\n1\r,2 ]", [1, 2]), (#"{"":1}"#, ["": 1]), (#""\u0000""#, "\u{0}"),
        ] as [(String, JSON)]
    )
    func `is read`(text: String, value: JSON) throws {
        #expect(try JSON(parsing: Array(text.utf8)) == value)
        #expect(try JSON(parsing: value.encoded) == value)
    }

    @Test(
        arguments: [
            ("", .malformed), (" ", .malformed), ("nul", .malformed), ("nulll", .malformed), ("True", .malformed),
            ("1 2", .malformed), ("{} {}", .malformed), ("01", .malformed), ("+1", .malformed), (".5", .malformed),
            ("1.", .malformed), ("1e", .malformed), ("1e+", .malformed), ("-", .malformed), ("--1", .malformed),
            ("0x10", .malformed), ("NaN", .malformed), ("Infinity", .malformed), ("1_000", .malformed),
            ("'a'", .malformed), ("\"a", .malformed), ("\"\\", .malformed), (#""\x41""#, .malformed),
            (#""\u12""#, .malformed), (#""\u12G4""#, .malformed), ("\"a\nb\"", .malformed), ("\"\u{0}\"", .malformed),
            ("[", .malformed), ("[1", .malformed), ("[1,]", .malformed), ("[,1]", .malformed), ("[1 2]", .malformed),
            ("{", .malformed), ("{\"a\"}", .malformed), ("{\"a\":}", .malformed), ("{\"a\":1,}", .malformed),
            ("{a:1}", .malformed), ("{1:1}", .malformed), ("{\"a\":1 \"b\":2}", .malformed), ("// a\n1", .malformed),
            ("\u{FEFF}{}", .malformed), ("[1}", .malformed), ("{\"a\":1]", .malformed), ("\u{A0}1", .malformed),
            (#"{"a":1,"a":2}"#, .duplicateName), (#"{"a":1,"\u0061":2}"#, .duplicateName),
            (#"[{"b":{"a":1,"a":1}}]"#, .duplicateName),
            (#""\uD800""#, .invalidText), (#""\uDC00""#, .invalidText), (#""\uD800\u0041""#, .invalidText),
            (#""\uD800x""#, .invalidText), ("9223372036854775808", .numberOutOfRange), ("1e999", .numberOutOfRange),
            (String(repeating: "[", count: 17) + String(repeating: "]", count: 17), .tooDeep),
            (String(repeating: "[", count: 100_000), .tooDeep),
            (String(repeating: #"{"a":"#, count: 17), .tooDeep),
        ] as [(String, JSONViolation)]
    )
    func `is refused`(text: String, violation: JSONViolation) {
        #expect(fault(Array(text.utf8))?.rule == violation)
    }

    @Test(
        arguments: [
            ("", 1, 1), ("{\n", 2, 1), ("{\n  \"a\": 1,\n  \"b\": 2,\n}", 4, 1), ("{\"a\": 1 \"b\": 2}", 1, 9),
            ("{\r\n  \"a\" 1}", 2, 7), ("[\"é😀\", x]", 1, 8), ("{\"a\": 1,\n \"b\": {},\n \"a\": 2}", 3, 2),
            ("{\"x\": {\"a\": 1, \"\\u0061\": 1}}", 1, 16), ("[1,\n 99999999999999999999]", 2, 2), ("[1e999]", 1, 2),
            ("\"a\nb\"", 1, 3), ("[\"\\x\"]", 1, 4), ("[\"\\ud800x\"]", 1, 9), ("{} {}", 1, 4),
            (String(repeating: "[", count: 17), 1, 17), ("\"abc", 1, 5),
        ]
    )
    func `that is refused says where`(text: String, line: Int, column: Int) {
        let found = fault(Array(text.utf8))
        #expect(found?.line == line && found?.column == column, "\(found?.line ?? 0):\(found?.column ?? 0)")
    }

    @Test func `that is not UTF-8 is counted all the same`() {
        let found = fault([0x5B, 0x0A, 0x22, 0xFF, 0x80, 0x22])
        #expect(found?.rule == .invalidText && found?.line == 2 && found?.column == 1)
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ])
    func `that is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(fault(bytes)?.rule == .invalidText)
    }

    @Test func `in 16 bits a character is refused`() {
        #expect(fault([0x7B, 0, 0x7D, 0])?.rule == .malformed)
    }

    @Test(arguments: [
        #"{"a":{"b":[null,true,-1.5e3,"\u00e9\uD83D\ude00é\n"]},"":0}"#, "[1,[2,[3]],{\"x\":\"\\\\\"}]",
    ])
    func `with any octet changed, left out or doubled is refused or read as it says`(text: String) {
        let octets = Array(text.utf8)
        for index in octets.indices {
            var variants = (UInt8.min...UInt8.max).map { octet in
                var changed = octets
                changed[index] = octet
                return changed
            }
            variants.append(Array(octets[..<index] + octets[(index + 1)...]))
            variants.append(Array(octets[...index] + octets[index...]))
            variants.append(Array(octets[..<index]))
            for variant in variants {
                guard let found = fault(variant) else {
                    // What was read is what is written again, whatever it was.
                    let value = try? JSON(parsing: variant)
                    #expect((try? JSON(parsing: value?.encoded ?? [])) == value)
                    continue
                }
                // The place is in the text, or right behind it.
                let lines = variant.split(separator: 0x0A, omittingEmptySubsequences: false)
                let line = lines.dropFirst(found.line - 1).first
                #expect(line.map { (1...$0.count + 1).contains(found.column) } == true)
            }
        }
    }

    @Test func `is written with every control character escaped, and in the order given`() {
        let value: JSON = ["z": "\u{1}\u{1F}\"\\", "a": [1, .number(0.5), nil, true]]
        #expect(String(decoding: value.encoded, as: UTF8.self) == #"{"z":"\u0001\u001f\"\\","a":[1,0.5,null,true]}"#)
        #expect(JSON.number(.infinity).encoded == Array("null".utf8))
    }
}
