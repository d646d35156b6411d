import Testing

@testable import HTTPSemantics

@Suite("Form and query coding, URL Standard §5")
struct FormCodingTests {
    @Test(
        arguments: [
            ("", []),
            ("a=1", ["a", "1"]),
            ("a=1&b=2", ["a", "1", "b", "2"]),
            ("a=1&a=2", ["a", "1", "a", "2"]),
            ("a", ["a", ""]),
            ("=v", ["", "v"]),
            ("a=", ["a", ""]),
            ("a=b=c", ["a", "b=c"]),
            ("&&a=1&&", ["a", "1"]),
            ("a+b=c+d", ["a b", "c d"]),
            ("a%20b=c%20d", ["a b", "c d"]),
            ("a=%2B", ["a", "+"]),
            ("a=%26%3D", ["a", "&="]),
            ("a=%C3%A9", ["a", "é"]),
            ("a=é", ["a", "é"]),
            ("a=%252F", ["a", "%2F"]),
            ("a=%0D%0A", ["a", "\r\n"]),
        ] as [(String, [String])]
    )
    func `decodes pairs in order and once`(text: String, expected: [String]) throws {
        let pairs = try FormCoding.decode(text)
        #expect(pairs.flatMap { [$0.name, $0.value] } == expected)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%4g", "a=%g4", "%=1", "a=%%41", "a=%+1", "a=%u0041", "a=% 41", "a=%é1"])
    func `refuses a percent sign without two digits`(text: String) {
        #expect(throws: FormViolation.malformedPercentEncoding) { try FormCoding.decode(text) }
    }

    @Test(arguments: ["a=%FF", "a=%C3", "a=%C0%80", "a=%ED%A0%80", "%80=1", "a=%F5%80%80%80", "a=%E2%28%A1"])
    func `refuses what is not UTF-8`(text: String) {
        #expect(throws: FormViolation.invalidUTF8) { try FormCoding.decode(text) }
    }

    @Test(arguments: ["a=%00", "a%00=1", "a=b%00c", "a=\0"])
    func `refuses NUL`(text: String) {
        #expect(throws: FormViolation.nul) { try FormCoding.decode(text) }
    }

    @Test func `refuses one pair more than allowed and accepts the limit`() throws {
        let limits = FormCoding.Limits(pairs: 2)
        #expect(try FormCoding.decode("a&b", limits: limits).count == 2)
        #expect(throws: FormViolation.tooManyPairs(limit: 2)) { try FormCoding.decode("a&b&c", limits: limits) }
    }

    @Test func `refuses one byte more than allowed and accepts the limit`() throws {
        let limits = FormCoding.Limits(bytes: 4)
        #expect(try FormCoding.decode("a=12", limits: limits).count == 1)
        #expect(throws: FormViolation.tooLarge(limitBytes: 4)) { try FormCoding.decode("a=123", limits: limits) }
    }

    @Test func `what it encodes decodes to the same`() throws {
        let pairs = [("scope", "a b+c"), ("naïve &=", "100% \"é\"\r\n"), ("empty", ""), ("plain", "A-z_0.9~")]
        let text = FormCoding.encode(pairs)
        #expect(text.hasPrefix("scope=a%20b%2Bc&na%C3%AFve%20%26%3D="))
        let decoded = try FormCoding.decode(text)
        #expect(decoded.map(\.name) == pairs.map(\.0))
        #expect(decoded.map(\.value) == pairs.map(\.1))
    }
}

@Suite("Percent-encoding, RFC 3986 §2.1")
struct PercentCodingTests {
    @Test(arguments: [("", ""), ("a%2Fb", "a/b"), ("%252F", "%2F"), ("a+b", "a+b"), ("%c3%A9", "é")])
    func `decodes a component once`(encoded: String, decoded: String) {
        #expect(PercentCoding.decodeOnce(encoded) == decoded)
    }

    @Test(arguments: ["%", "%2", "%zz", "a%2", "%C3", "%00", "%-1", "%+1"])
    func `has no answer for a malformed component`(encoded: String) {
        #expect(PercentCoding.decodeOnce(encoded) == nil)
    }

    @Test func `encodes all but the unreserved characters`() {
        #expect(PercentCoding.encodeComponent("AZaz09-._~") == "AZaz09-._~")
        #expect(
            PercentCoding.encodeComponent("/?#[]@!$&'()*+,;=: %é")
                == "%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%20%25%C3%A9"
        )
    }
}
