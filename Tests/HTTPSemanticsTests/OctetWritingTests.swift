import HTTPSemantics
import Testing

@Suite("Writing octets")
struct OctetWritingTests {
    private func written(_ room: Int = 64, _ body: (inout OutputSpan<UInt8>) -> Void) -> String {
        var octets: [UInt8] = []
        octets.append(addingCapacity: room, initializingWith: body)
        return String(decoding: octets, as: UTF8.self)
    }

    @Test(
        arguments: [
            0, 1, 9, 10, 11, 99, 100, 101, 105, 110, 999, 1000, 1001, 9999, 10_000, 10_001, 65_535, 100_000, 1_000_050,
            4_294_967_295, Int.max,
        ]
    )
    func `numbers have all their digits`(number: Int) {
        #expect(written { $0.write(decimal: number) } == String(number))
    }

    @Test func `a number below zero is none`() {
        #expect(written { $0.write(decimal: -7) } == "0")
    }

    @Test(arguments: ["", "a", "seven7!", "fifteen letters", "sixteen letters!", "Grüße, 世界"])
    func `texts of every length come whole, behind what is there`(text: String) {
        #expect(
            written {
                $0.write("<"); $0.write(text); $0.write(words: ">"); $0.write(words: "")
            } == "<\(text)>"
        )
    }

    @Test func `a text fills its room to the last octet`() {
        #expect(written(5) { $0.write("12345") } == "12345")
    }

    @Test func `more than there is room for is a mistake of ours`() async {
        await #expect(processExitsWith: .failure) {
            var octets: [UInt8] = []
            octets.append(addingCapacity: 5) { $0.write("123456") }
        }
    }
}
