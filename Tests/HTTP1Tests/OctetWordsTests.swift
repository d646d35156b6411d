import HTTPSemantics
import HTTPTypes
import Testing

@testable import HTTP1

@Suite("Eight octets at a time, against one at a time")
struct OctetWordsTests {
    /// Every octet at every place of a text, of every length around a word or two; with a marked one behind it, too.
    @Test func `finds the same octets`() {
        for length in 0...19 {
            for place in 0..<max(length, 1) {
                for octet in UInt8.min...UInt8.max {
                    var octets = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    if length > 0 { octets[place] = octet }
                    if place + 2 < length { octets[length - 1] = 0x7F }
                    for start in 0...min(length, 3) {
                        let rest = octets[start...]
                        let control = rest.firstIndex { !$0.isFieldCharacter } ?? length
                        #expect(octets.span.firstIndexOfNoFieldCharacter(from: start, to: length) == control)
                        let colon = rest.firstIndex(of: UInt8(ascii: ":")) ?? length
                        #expect(octets.span.firstIndex(of: UInt8(ascii: ":"), from: start, to: length) == colon)
                    }
                }
            }
        }
    }

    @Test func `looks no further than it is told`() {
        let octets = Array("aaaaaaaa:\r\n".utf8)
        #expect(octets.span.firstIndexOfNoFieldCharacter(from: 0, to: 4) == 4)
        #expect(octets.span.firstIndexOfNoFieldCharacter(from: 0, to: 8) == 8)
        #expect(octets.span.firstIndex(of: UInt8(ascii: ":"), from: 0, to: 8) == 8)
        #expect(octets.span.firstIndex(of: UInt8(ascii: ":"), from: 0, to: 9) == 8)
        // The end may lie before the start: a limit that was used up.
        #expect(octets.span.firstIndexOfNoFieldCharacter(from: 6, to: 5) == 6)
    }

    private static let names = [
        "TE", "DNT", "Host", "Via", "Accept", "Expect", "Cookie", "Origin", "Sec-GPC", "Location", "Connection",
        "User-Agent", "Content-Type", "Accept-Encoding", "Accept-Language", "Content-Length", "Transfer-Encoding",
        "Sec-CH-UA-Platform", "X-Content-Type-Options", "Content-Security-Policy", "Upgrade-Insecure-Requests",
        "Strict-Transport-Security",
    ]

    /// The name as it is found with nothing behind it, and with a whole word.
    private func found(_ name: [UInt8]) -> [HTTPField.Name?] {
        ["", ": a value\r\n"].map { rest in
            let line = Array("\r\n".utf8) + name + Array(rest.utf8)
            return FieldNames.index(spelledBy: line.span, at: 2..<2 + name.count).map { FieldNames.entry(at: $0).name }
        }
    }

    @Test(arguments: names) func `finds a name in any case`(name: String) throws {
        let expected = try #require(HTTPField.Name(name))
        for spelling in [name, name.lowercased(), name.uppercased()] {
            #expect(found(Array(spelling.utf8)) == [expected, expected])
        }
    }

    /// Whatever a line may contain in the place of one octet.
    @Test(arguments: names) func `takes nothing else for it`(name: String) {
        let octets = Array(name.utf8)
        for place in octets.indices {
            for octet in UInt8.min...UInt8.max where octet.isFieldCharacter {
                guard octet.lowercasedASCII != octets[place].lowercasedASCII else { continue }
                var other = octets
                other[place] = octet
                #expect(found(other) == [nil, nil], "\(name) with \(octet) at \(place)")
            }
        }
        #expect(found(Array(octets.dropLast())) == [nil, nil])
        #expect(found(octets + [UInt8(ascii: "s")]) == [nil, nil])
    }
}
