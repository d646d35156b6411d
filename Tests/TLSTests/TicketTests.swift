import COpenSSL
import Sockets
import TestSupport
import Testing

@testable import TLS

@Suite("Session tickets and their keys, RFC 5077 and RFC 8446 §4.6.1")
struct TicketTests {
    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a ticket shortens the next handshake, at the same server only`(_ version: Int32) throws {
        let context = try Fixture.server()
        let ticket = try Ticket(from: context, version)
        #expect(try ticket.isHonoured(by: context))
        #expect(try ticket.isHonoured(by: Fixture.server()) == false)
    }

    @Test
    func `a resumed connection of TLS 1.3 gets a ticket of its own, since a client uses each once`() throws {
        let context = try Fixture.server()
        var ticket = try Ticket(from: context, TLS1_3_VERSION)
        for _ in 0..<3 {
            let next = try #require(try ticket.next(from: context))
            #expect(!next.isSame(as: ticket))
            ticket = next
        }
    }

    @Test
    func `a resumed connection of TLS 1.2 keeps its ticket until the keys are old`() throws {
        try withKeys { keys, advance in
            let context = try TLSServerContext(identities: [Fixture.identity()], ticketKeys: keys)
            let ticket = try Ticket(from: context, TLS1_2_VERSION)
            let same = try #require(try ticket.next(from: context))
            #expect(same.isSame(as: ticket))
            advance(7)
            let renewed = try #require(try ticket.next(from: context))
            #expect(!renewed.isSame(as: ticket))
        }
    }

    @Test
    func `one ticket is given for a whole handshake, and one for a resumed one`() throws {
        var pair = EnginePair(PeculiarClient.speaking(TLS1_3_VERSION), try Fixture.server().makeEngine())
        try pair.handshake()
        // One record: a header of five bytes that says how long the rest is.
        let length = pair.toClient.count > 5 ? Int(pair.toClient[3]) << 8 | Int(pair.toClient[4]) : 0
        #expect(pair.toClient.first == 23 && pair.toClient.count == 5 + length)
    }

    @Test(arguments: [(5, true), (6, true), (11, true), (12, false), (1000, false)])
    func `a ticket is believed through its period and the next one`(_ hours: Int, _ isBelieved: Bool) {
        withKeys { keys, advance in
            let name = keys.forSealing().name
            advance(hours)
            #expect((keys.forOpening(name) != nil) == isBelieved)
        }
    }

    @Test
    func `a new period has a new key, and asks to replace tickets of the old one`() {
        withKeys { keys, advance in
            let first = keys.forSealing()
            #expect(keys.forOpening(first.name)?.isOld == false)
            advance(6)
            let second = keys.forSealing()
            #expect(second.name != first.name && second.encryption != first.encryption)
            #expect(second.authentication != first.authentication)
            #expect(keys.forOpening(first.name)?.isOld == true)
            #expect(keys.forOpening(second.name)?.isOld == false)
            advance(6)
            #expect(keys.forOpening(first.name) == nil)
        }
    }

    @Test
    func `a name that was never given opens nothing`() {
        withKeys { keys, _ in
            #expect(keys.forOpening([UInt8](repeating: 0, count: 16)) == nil)
            #expect(keys.forOpening([]) == nil)
        }
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a ticket of the period before still resumes, an older one begins anew`(_ version: Int32) throws {
        try withKeys { keys, advance in
            let context = try TLSServerContext(identities: [Fixture.identity()], ticketKeys: keys)
            let ticket = try Ticket(from: context, version)
            advance(7)
            #expect(try ticket.isHonoured(by: context))
            advance(13)
            #expect(try ticket.isHonoured(by: context) == false)
        }
    }

    /// Keys whose clock is moved by whole hours.
    private func withKeys(_ body: (TicketKeys, _ advance: (Int) -> Void) throws -> Void) rethrows {
        let clock = ManualClock()
        let start = Deadline.now
        try body(TicketKeys { start + clock.now.offset }) { clock.advance(by: .seconds(3600 * $0)) }
    }
}
