import Testing

@testable import GrantStore

@Suite("Lists and tags as JSON in the file")
struct StoredJSONTests {
    @Test(arguments: [
        ([], "[]"), ([""], #"[""]"#), (["a", "b"], #"["a","b"]"#), (["a/b", "é😀"], #"["a/b","é😀"]"#),
        ([#"a"\"#, "\u{0}\u{1F}\n"], #"["a\"\\","\u0000\u001f\u000a"]"#), (["\u{7F}\u{2028}"], "[\"\u{7F}\u{2028}\"]"),
    ])
    func `a list comes back as it was written`(list: [String], text: String) {
        #expect(StoredJSON.string(list) == text)
        #expect(StoredJSON.list(text) == list)
    }

    @Test(arguments: [
        ([:], "{}"), (["b": "1", "a": ""], #"{"a":"","b":"1"}"#), (["é\"": "\\"], #"{"é\"":"\\"}"#),
    ])
    func `tags come back as they were written, in one order`(map: [String: String], text: String) {
        #expect(StoredJSON.string(map) == text)
        #expect(StoredJSON.map(text) == map)
    }

    @Test(arguments: [
        (" [ \"a\" ,\n\t\"b\" ] \r\n", ["a", "b"]), ("[ ]", []), (#"["\/\b\f\n\r\t\"\\"]"#, ["/\u{8}\u{C}\n\r\t\"\\"]),
        (#"["\u00e9\uD83D\ude00x"]"#, ["é😀x"]), (#"["\u0000"]"#, ["\u{0}"]), (#"["é\u0301"]"#, ["é\u{301}"]),
    ])
    func `what others have written is read too`(text: String, list: [String]) {
        #expect(StoredJSON.list(text).map { $0.map { Array($0.utf8) } } == list.map { Array($0.utf8) })
    }

    @Test(arguments: [
        "", " ", "[", "]", "[\"a\"", "[\"a\",]", "[,]", "[\"a\" \"b\"]", "[\"a\"]x", "[\"a\"][]", "[1]", "[null]",
        "[[]]", "{}", "\"a\"",
        "[\"a]", "[\"a\\\"]", #"["\x"]"#, #"["\u12"]"#, #"["\u12G4"]"#, #"["\uD800"]"#, #"["\uDC00"]"#,
        #"["\uD800\u0041"]"#,
        #"["\uD800x"]"#, "[\"\n\"]", "[\"\\\n\"]", #"["\u+123"]"#, #"["\"#, #"["\uD83D\"#, "['a']",
    ])
    func `what is no list of strings is not read`(text: String) {
        #expect(StoredJSON.list(text) == nil)
    }

    @Test(arguments: [
        "", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1}", "{\"a\":\"b\",}", "{\"a\":\"b\"", "{\"a\":\"b\"}x",
        "{a:\"b\"}", "[]",
        #"{"a":"1","a":"2"}"#, #"{"a":"1","\u0061":"2"}"#, "{\"a\":{\"b\":\"c\"}}", "{\"a\":null}", "{\"a\" \"b\"}",
    ])
    func `what are no tags, or one twice, is not read`(text: String) {
        #expect(StoredJSON.map(text) == nil)
    }

    @Test func `with any octet changed or left out it is refused or read as it says`() {
        let text = Array(#"["a\"é😀\u00e9\uD83D\ude00","b"]"#.utf8)
        for index in text.indices {
            for octet in [UInt8(0), 0x20, 0x22, 0x2C, 0x5B, 0x5C, 0x5D, 0x61, 0x75] as [UInt8] {
                var changed = text
                changed[index] = octet
                for variant in [changed, Array(text[..<index] + text[(index + 1)...])] {
                    guard let variant = String(validating: variant, as: UTF8.self), let list = StoredJSON.list(variant)
                    else {
                        continue
                    }
                    #expect(StoredJSON.list(StoredJSON.string(list)) == list)
                }
            }
        }
    }
}
