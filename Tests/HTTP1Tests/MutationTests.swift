import TestSupport
import Testing

@testable import HTTP1

/// SplitMix64: the same numbers on every machine and in every run, so that a failure can be repeated from its seed.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite("Mutated messages")
struct MutationTests {
    private static let requests = CorpusMessage.acceptedRequests + CorpusMessage.refusedRequests
    private static let responses = CorpusMessage.acceptedResponses + CorpusMessage.refusedResponses

    /// What smuggling is made of.
    private static let fragments = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "0\r\n\r\n", "Content-Length: 5\r\n", "Host: b\r\n",
        "Transfer-Encoding: chunked\r\n", "chunked", "HTTP/1.1", "GET / HTTP/1.1\r\n", "\r\n\r\n", "%", "[", "]",
        "FFFFFFFF",
        "99999999999999999999", "-", "+", "Expect: 100-continue\r\n", "Connection: close\r\n", "\u{FF}",
    ].map { Array($0.utf8) }

    @Test(arguments: 0..<40)
    func `a mutated request never traps and is read the same however it arrives`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let message = mutated(Self.requests, using: &generator)
            let whole = Transcript.ofServer([message[...]])
            for pieces in someWaysToArrive(message, using: &generator) {
                let transcript = Transcript.ofServer(pieces)
                guard transcript == whole else {
                    Issue.record("\(message) in pieces of \(pieces.map(\.count)):\n\(whole)\(transcript)")
                    return
                }
            }
        }
    }

    @Test(arguments: 0..<20)
    func `a mutated response never traps and is read the same however it arrives`(seed: UInt64) {
        var generator = SeededGenerator(seed: ~seed)
        for _ in 0..<100 {
            let message = mutated(Self.responses, using: &generator)
            // What follows the response decides about persistence only if it has arrived by then: compared without.
            let whole = withoutLastLine(Transcript.ofClient([message[...]]))
            for pieces in someWaysToArrive(message, using: &generator) {
                let transcript = withoutLastLine(Transcript.ofClient(pieces))
                guard transcript == whole else {
                    Issue.record("\(message) in pieces of \(pieces.map(\.count)):\n\(whole)\(transcript)")
                    return
                }
            }
        }
    }

    @Test func `the mutations reach both outcomes and most rules`() {
        var generator = SeededGenerator(seed: 7)
        var outcomes: [Substring: Int] = [:]
        for _ in 0..<2000 {
            let transcript = Transcript.ofServer([mutated(Self.requests, using: &generator)[...]])
            let last = transcript.split(separator: "\n").last ?? ""
            outcomes[last.split(separator: " ").prefix(2).last ?? "", default: 0] += 1
        }
        #expect(outcomes["close", default: 0] > 50)
        #expect(outcomes.count > 20)
    }

    private func mutated(_ corpus: [CorpusMessage], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = corpus.randomElement(using: &generator)?.bytes ?? []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 0...8, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.insert(contentsOf: Self.fragments.randomElement(using: &generator) ?? [], at: place)
            case 3 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case 4: bytes = Array(bytes[..<place]) + (corpus.randomElement(using: &generator)?.bytes ?? [])
            default: bytes.replaceSubrange(place..<end, with: Self.fragments.randomElement(using: &generator) ?? [])
            }
        }
        return bytes
    }

    private func someWaysToArrive(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [[ArraySlice<UInt8>]] {
        var ways = [bytes.indices.map { bytes[$0...$0] }]
        for _ in 0..<3 {
            let cuts = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                Int.random(in: 0...bytes.count, using: &generator)
            }
            let edges = [0] + Set(cuts).subtracting([0, bytes.count]).sorted() + [bytes.count]
            ways.append(zip(edges, edges.dropFirst()).map { bytes[$0..<$1] })
        }
        return ways
    }

    private func withoutLastLine(_ transcript: String) -> [Substring] {
        Array(transcript.split(separator: "\n").dropLast(transcript.hasPrefix("fail") ? 0 : 1))
    }
}
