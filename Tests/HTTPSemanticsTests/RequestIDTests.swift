import HTTPSemantics
import Testing

@Suite("Request IDs") struct RequestIDTests {
    @Test(
        arguments: [
            (UInt64(0), UInt32(1), "000000000000-1"),
            (1, 10, "100000000000-10"),
            (1 << 5, 4_294_967_295, "010000000000-4294967295"),
            (.max, 0, "zzzzzzzzzzzz-0"),
        ]
    )
    func `spell a series and a number`(series: UInt64, number: UInt32, text: String) {
        let id = RequestID(series: series, number: number)
        #expect(id.text == text)
        #expect("\(id)" == text)
        var octets: [UInt8] = []
        id.append(to: &octets)
        #expect(octets == Array(text.utf8))
    }

    @Test func `use 32 letters that nobody takes for each other`() {
        let digits = (UInt64(0)..<32).map { RequestID(series: $0, number: 1).text.prefix(1) }.joined()
        #expect(digits == "0123456789abcdefghjkmnpqrstvwxyz")
    }

    @Test func `are equal when they read the same`() {
        #expect(RequestID(series: 0, number: 7) == RequestID("000000000000-7"))
        #expect(RequestID(series: 0, number: 7) != RequestID(series: 0, number: 8))
        #expect(Set([RequestID(series: 0, number: 7), RequestID("000000000000-7")]).count == 1)
    }
}
