import TLS
import TestSupport
import Testing

@Suite("TLS engine, RFC 8446 and RFC 5246")
struct TLSEngineTests {
    @Test
    func `two engines agree on TLS 1.3 and http/1.1`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        #expect(pair.client.version == "TLSv1.3")
        #expect(pair.server.version == "TLSv1.3")
        #expect(pair.client.applicationProtocol == "http/1.1")
        #expect(pair.server.applicationProtocol == "http/1.1")
        #expect(pair.server.cipherSuite == "TLS_AES_128_GCM_SHA256")
        #expect(pair.server.isResumed == false)
    }

    @Test
    func `a handshake that arrives byte by byte is the same handshake`() throws {
        var pair = try Fixture.pair()
        pair.isByteByByte = true
        try pair.handshake()
        #expect(pair.server.version == "TLSv1.3")
    }

    @Test
    func `what one writes the other reads`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        try pair.clientWrites(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(try pair.serverReads() == Array("GET / HTTP/1.1\r\n\r\n".utf8))
        try pair.serverWrites(Array("HTTP/1.1 204 \r\n\r\n".utf8))
        #expect(try pair.clientReads() == Array("HTTP/1.1 204 \r\n\r\n".utf8))
    }

    @Test(arguments: [1, 16_383, 16_384, 16_385, 1_000_000])
    func `large and small contents arrive whole`(_ count: Int) throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try pair.serverWrites(content)
        #expect(try pair.clientReads() == content)
        try pair.clientWrites(content)
        #expect(try pair.serverReads() == content)
    }

    @Test
    func `nothing to write makes no record`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        pair.toServer = []
        try pair.clientWrites([])
        #expect(pair.toServer.isEmpty)
    }

    @Test
    func `reads no more than the limit and keeps the rest`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        try pair.clientWrites(Array("abcdef".utf8))
        var plaintext: [UInt8] = []
        #expect(try pair.server.read(&pair.toServer, &pair.toClient, into: &plaintext, limit: 4) == .bytes(4))
        #expect(try pair.server.read(&pair.toServer, &pair.toClient, into: &plaintext, limit: 4) == .bytes(2))
        #expect(try pair.server.read(&pair.toServer, &pair.toClient, into: &plaintext, limit: 4) == .needsRecords)
        #expect(plaintext == Array("abcdef".utf8))
    }

    @Test
    func `close_notify is an end, and the other direction stays open`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        pair.client.finishWriting(&pair.toServer)
        var plaintext: [UInt8] = []
        #expect(try pair.server.read(&pair.toServer, &pair.toClient, into: &plaintext, limit: 9) == .ended)
        #expect(try pair.server.read(&pair.toServer, &pair.toClient, into: &plaintext, limit: 9) == .ended)
        try pair.serverWrites(Array("still here".utf8))
        #expect(try pair.clientReads() == Array("still here".utf8))
    }

    @Test
    func `records that have not come whole are no data`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        try pair.clientWrites(Array("secret".utf8))
        pair.toServer.removeLast()
        #expect(try pair.serverReads() == [])
    }

    @Test
    func `every altered byte of a record is refused`() throws {
        // Five bytes of header, six of text, one of type, sixteen of tag.
        for index in 0..<28 {
            var fresh = try Fixture.pair()
            try fresh.handshake()
            fresh.toServer = []
            try fresh.clientWrites(Array("secret".utf8))
            try #require(fresh.toServer.count == 28)
            fresh.toServer[index] ^= 0x20
            // A longer length waits for bytes that never come; everything else breaks the protocol at once.
            let outcome = Result { () throws(TLSFailure) in try fresh.serverReads() }
            #expect(outcome == .failure(.protocolViolation) || outcome == .success([]), "byte \(index)")
        }
    }

    @Test
    func `a record from another connection is refused`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        var other = try Fixture.pair()
        try other.handshake()
        pair.toServer = []
        other.toServer = []
        try other.clientWrites(Array("secret".utf8))
        pair.toServer = other.toServer
        #expect(throws: TLSFailure.protocolViolation) { try pair.serverReads() }
        #expect(!pair.toClient.isEmpty, "the alert")
    }

    @Test
    func `a record sent twice is refused`() throws {
        var pair = try Fixture.pair()
        try pair.handshake()
        pair.toServer = []
        try pair.clientWrites(Array("once".utf8))
        pair.toServer += pair.toServer
        #expect(throws: TLSFailure.protocolViolation) { try pair.serverReads() }
    }
}
