import COpenSSL
import TestSupport
import Testing

@testable import TLS

/// Clients that never come to an end: each is left after a bounded number of bytes, having been told little.
@Suite("Hostile handshakes, RFC 8446 §4 to §6")
struct HostileHandshakeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Before anything else: a whole first message, or nothing.
        var beginsWell = false
        /// Sent once.
        var start: [UInt8] = []
        /// Sent for ever.
        var flood: [UInt8] = []
        /// After how many bytes it must be over.
        var limit = 40_000
    }

    static let cases = [
        Case(testDescription: "empty handshake records", flood: [22, 3, 1, 0, 0]),
        Case(testDescription: "change_cipher_spec before anything", flood: [20, 3, 3, 0, 1, 1]),
        Case(testDescription: "warnings", flood: [21, 3, 1, 0, 2, 1, 90]),
        Case(testDescription: "a farewell at once", flood: [21, 3, 1, 0, 2, 1, 0]),
        Case(testDescription: "a fatal alert at once", flood: [21, 3, 1, 0, 2, 2, 40]),
        Case(testDescription: "application data before keys", flood: [23, 3, 3, 0, 1, 0]),
        Case(testDescription: "records of the largest length there is", start: [22, 3, 1, 0xff, 0xff], flood: [1]),
        Case(testDescription: "records of zeros", flood: [22, 3, 1, 0x40, 0] + zeros(16_384)),
        Case(
            testDescription: "a message of 16 MB",
            start: record([1, 0xff, 0xff, 0xff]),
            flood: record(zeros(16_000))
        ),
        Case(
            testDescription: "a first message as large as may be, of nothing",
            start: record([1, 1, 0xf0, 0, 3, 3]),
            flood: record(zeros(16_000)),
            limit: 160_000
        ),
        Case(testDescription: "a first message of one byte a record", start: record([1]), flood: record([0])),
        Case(testDescription: "messages that only servers send", flood: record([2, 0, 0, 4, 3, 3, 0, 0])),
        Case(testDescription: "a Finished at the start", flood: record([20, 0, 0, 12] + zeros(12))),
        Case(testDescription: "SSL 2.0", flood: [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10] + zeros(40)),
        Case(testDescription: "SSL 3.0", flood: [22, 3, 0, 0, 45, 1, 0, 0, 41, 3, 0] + zeros(39)),
        Case(
            testDescription: "change_cipher_spec for ever after a good start",
            beginsWell: true,
            flood: [20, 3, 3, 0, 1, 1]
        ),
        Case(testDescription: "a wrong change_cipher_spec", beginsWell: true, flood: [20, 3, 3, 0, 1, 2]),
        Case(testDescription: "a long change_cipher_spec", beginsWell: true, flood: [20, 3, 3, 0, 2, 1, 1]),
        Case(testDescription: "garbage in place of Finished", beginsWell: true, flood: [23, 3, 3, 0, 53] + zeros(53)),
        Case(testDescription: "a Finished in the clear", beginsWell: true, flood: record([20, 0, 0, 32] + zeros(32))),
        Case(testDescription: "a second ClientHello", beginsWell: true, flood: record([1, 0, 0, 2, 3, 3])),
        Case(testDescription: "empty protected records", beginsWell: true, flood: [23, 3, 3, 0, 0]),
        Case(testDescription: "warnings after a good start", beginsWell: true, flood: [21, 3, 3, 0, 2, 1, 90]),
        Case(
            testDescription: "too long a record after a good start",
            beginsWell: true,
            flood: [23, 3, 3, 0xff, 0xff, 0]
        ),
    ]

    @Test(arguments: cases)
    func `comes to an end`(_ hostile: Case) throws {
        var engine = try Fixture.server().makeEngine()
        var made: [UInt8] = []
        if hostile.beginsWell {
            var client = PeculiarClient.speaking(TLS1_3_VERSION)
            var nothing: [UInt8] = []
            var hello: [UInt8] = []
            _ = try client.handshake(&nothing, &hello)
            #expect(try engine.handshake(&hello, &made) == .needsRecords)
            made = []
        }
        var fed = 0
        var arriving = hostile.start
        var failure: TLSFailure?
        while failure == nil, fed < hostile.limit {
            arriving += hostile.flood
            fed += arriving.count
            do throws(TLSFailure) {
                #expect(try engine.handshake(&arriving, &made) == .needsRecords)
                #expect(arriving.isEmpty, "what was taken is not kept twice")
            } catch {
                failure = error
            }
        }
        #expect(failure != nil && fed < hostile.limit + 17_000)
        #expect(made.count <= 24, "an alert at most, protected where there are keys")
    }

    /// What may not come in the clear once there are keys, and lengths that no record has.
    @Test(arguments: [
        [21, 3, 3, 0, 2, 2, 40], [22, 3, 3, 0, 4, 1, 0, 0, 0], [23, 3, 3, 0xff, 0xff], [23, 3, 3, 0x41, 0x01],
        [23, 3, 3, 0, 40] + zeros(40), [23, 3, 3, 0, 16] + zeros(16), [23, 3, 1, 0, 40] + zeros(40),
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [99, 3, 3, 0, 20] + zeros(20), [23, 3, 3, 0x41, 0] + zeros(16_640),
    ])
    func `a record that breaks the rules ends an open connection`(_ record: [UInt8]) throws {
        var pair = EnginePair(PeculiarClient.speaking(TLS1_3_VERSION), try Fixture.server().makeEngine())
        try pair.handshake()
        pair.toServer = record
        #expect(throws: TLSFailure.self) { try pair.serverReads() }
    }

    @Test
    func `a first message in the smallest pieces is still a good one`() throws {
        var client = PeculiarClient.speaking(TLS1_3_VERSION)
        var nothing: [UInt8] = []
        var hello: [UInt8] = []
        _ = try client.handshake(&nothing, &hello)
        // The message, without the header of its one record, in records of one byte each.
        var pieces = hello.dropFirst(5).flatMap { Self.record([$0]) }
        var engine = try Fixture.server().makeEngine()
        var made: [UInt8] = []
        #expect(try engine.handshake(&pieces, &made) == .needsRecords)
        #expect(made.first == 22 && made.count > 500)
    }

    @Test
    func `extensions, suites and groups that nobody knows are passed over, RFC 8701`() throws {
        var engine = try Fixture.server().makeEngine()
        var made: [UInt8] = []
        var hello = Self.greasedHello()
        #expect(try engine.handshake(&hello, &made) == .needsRecords)
        // A ServerHello.
        #expect(made.prefix(6) == [22, 3, 3, 0, 122, 2])
    }

    /// A first message as browsers send it, with reserved values that nobody may choose (RFC 8701).
    private static func greasedHello() -> [UInt8] {
        let share = [UInt8](repeating: 9, count: 32)
        let extensions: [[UInt8]] = [
            [0x0a, 0x0a, 0, 0],
            [0, 10, 0, 6, 0, 4, 0x1a, 0x1a, 0, 29],
            [0, 13, 0, 8, 0, 6, 0x2a, 0x2a, 4, 3, 8, 4],
            [0, 43, 0, 5, 4, 0x3a, 0x3a, 3, 4],
            [0, 51, 0, 43, 0, 41, 0x1a, 0x1a, 0, 1, 0, 0, 29, 0, 32] + share,
            [0x5a, 0x5a, 0, 1, 0],
        ]
        let list = Array(extensions.joined())
        let random = [UInt8](repeating: 5, count: 32)
        let suites: [UInt8] = [0, 4, 0x6a, 0x6a, 0x13, 1]
        let message =
            [3, 3] + random + [32] + random + suites + [1, 0] + [UInt8(list.count >> 8), UInt8(list.count & 255)] + list
        return record([1, 0, UInt8(message.count >> 8), UInt8(message.count & 255)] + message)
    }

    private static func record(_ content: [UInt8]) -> [UInt8] {
        [22, 3, 1, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
