import COpenSSL
import TestSupport
import Testing

@testable import TLS

@Suite("Handshakes that a server meets, RFC 8446 §4 and RFC 5246 §7")
struct HandshakeTests {
    @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
    func `speaks TLS 1.2 and 1.3`(_ version: Int32, _ name: String) throws {
        var pair = EnginePair(PeculiarClient.speaking(version), try Fixture.server().makeEngine())
        try pair.handshake()
        #expect(pair.server.version == name)
        try pair.clientWrites([1, 2, 3])
        #expect(try pair.serverReads() == [1, 2, 3])
        try pair.serverWrites([4, 5])
        #expect(try pair.clientReads() == [4, 5])
    }

    @Test(arguments: [TLS1_VERSION, TLS1_1_VERSION])
    func `refuses versions before 1.2 with protocol_version`(_ version: Int32) throws {
        var pair = EnginePair(PeculiarClient.speaking(version), try Fixture.server().makeEngine())
        #expect(throws: TLSFailure.versionTooOld) { try pair.handshake() }
        #expect(pair.toClient.suffix(2) == [2, 70])
    }

    @Test
    func `refuses what offers only other application protocols with no_application_protocol`() throws {
        for offers in [["h2"], ["http/1.0"], ["HTTP/1.1"], ["http/1.10"], ["h2", "spdy/1"]] {
            var pair = EnginePair(PeculiarClient.offering(offers), try Fixture.server().makeEngine())
            #expect(throws: TLSFailure.applicationProtocolRefused, "\(offers)") { try pair.handshake() }
            #expect(pair.toClient.suffix(2) == [2, 120], "\(offers)")
        }
    }

    @Test
    func `chooses http/1.1 wherever it stands in the list`() throws {
        for offers in [["http/1.1"], ["h2", "http/1.1"], ["http/1.1", "h2"], ["http/1.0", "h2", "http/1.1", "x"]] {
            var pair = EnginePair(PeculiarClient.offering(offers), try Fixture.server().makeEngine())
            try pair.handshake()
            #expect(pair.client.applicationProtocol == "http/1.1", "\(offers)")
        }
    }

    @Test
    func `a client without ALPN is welcome`() throws {
        var pair = EnginePair(PeculiarClient.offering([]), try Fixture.server().makeEngine())
        try pair.handshake()
        #expect(pair.server.applicationProtocol == nil)
    }

    @Test(arguments: ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AECDH-AES128-SHA"])
    func `refuses suites without forward secrecy, AEAD or a certificate`(_ suite: String) throws {
        var pair = EnginePair(PeculiarClient.suites(suite), try Fixture.server().makeEngine())
        #expect(throws: TLSFailure.nothingInCommon) { try pair.handshake() }
    }

    @Test
    func `takes its own favourite suite, not the client's`() throws {
        let theirs = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
        var pair = EnginePair(PeculiarClient.suites(theirs), try Fixture.server().makeEngine())
        try pair.handshake()
        #expect(pair.server.cipherSuite == "ECDHE-ECDSA-AES128-GCM-SHA256")
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "POST /", "HEAD / ", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"])
    func `recognises HTTP in the clear and says nothing in TLS to it`(_ text: String) throws {
        var engine = try Fixture.server().makeEngine()
        var arrived = Array(text.utf8)
        var made: [UInt8] = []
        #expect(throws: TLSFailure.plainHTTP) { try engine.handshake(&arrived, &made) }
        #expect(made.isEmpty)
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 64), [UInt8](repeating: 0xff, count: 64), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
        [22, 3, 1, 0xff, 0xff] + [UInt8](repeating: 1, count: 100), [22, 3, 1, 0, 0, 22, 3, 1, 0, 0],
        [23, 3, 3, 0, 5, 1, 2, 3, 4, 5], [21, 3, 3, 0, 2, 9, 9], [22, 3, 1, 0, 4, 2, 0, 0, 0], [0x80, 0x2e, 1, 3, 1],
    ])
    func `refuses garbage`(_ bytes: [UInt8]) throws {
        var engine = try Fixture.server().makeEngine()
        var arrived = bytes
        var made: [UInt8] = []
        #expect(throws: TLSFailure.self) {
            // What is only the beginning of something is waited for; here the end never comes right.
            while try engine.handshake(&arrived, &made) == .needsRecords {
                arrived += [UInt8](repeating: 0xee, count: 17_000)
            }
        }
    }

    @Test
    func `asks for more at every cut of a client's first message, and makes nothing`() throws {
        var client = PeculiarClient.speaking(TLS1_3_VERSION)
        var hello: [UInt8] = []
        var nothing: [UInt8] = []
        _ = try client.handshake(&nothing, &hello)
        let context = try Fixture.server()
        for count in hello.indices {
            var engine = context.makeEngine()
            var arrived = Array(hello[..<count])
            var made: [UInt8] = []
            #expect(try engine.handshake(&arrived, &made) == .needsRecords)
            #expect(made.isEmpty && arrived.isEmpty)
        }
    }

    @Test
    func `survives every altered byte of a client's first message`() throws {
        var client = PeculiarClient.speaking(TLS1_3_VERSION)
        var hello: [UInt8] = []
        var nothing: [UInt8] = []
        _ = try client.handshake(&nothing, &hello)
        let context = try Fixture.server()
        for index in hello.indices {
            var engine = context.makeEngine()
            var arrived = hello
            arrived[index] ^= 0x81
            var made: [UInt8] = []
            // Refused, or answered as another greeting: never done before the client has proved that it took part.
            let outcome = Result { () throws(TLSFailure) in try engine.handshake(&arrived, &made) }
            #expect(outcome != .success(.done), "byte \(index)")
        }
    }

    @Test
    func `refuses a renegotiation with a warning, and ends`() throws {
        var pair = EnginePair(PeculiarClient.speaking(TLS1_2_VERSION), try Fixture.server().makeEngine())
        try pair.handshake()
        pair.toClient = []
        // OpenSSL's client won't ask while renegotiation is turned off on its own side.
        unsafe SSL_clear_options(pair.client.ssl, postern_SSL_OP_NO_RENEGOTIATION)
        #expect(unsafe SSL_renegotiate(pair.client.ssl) == 1)
        var nothing: [UInt8] = []
        _ = try pair.client.handshake(&nothing, &pair.toServer)
        #expect(!pair.toServer.isEmpty)
        #expect(throws: TLSFailure.renegotiationRefused) { try pair.serverReads() }
        // An alert in a record of its own: 5 bytes of header, 8 of nonce, 2 of alert, 16 of tag.
        #expect(pair.toClient.first == 21)
        #expect(pair.toClient.count == 31)
    }

    @Test
    func `follows a client that changes its keys`() throws {
        var pair = EnginePair(PeculiarClient.speaking(TLS1_3_VERSION), try Fixture.server().makeEngine())
        try pair.handshake()
        #expect(unsafe SSL_key_update(pair.client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
        try pair.clientWrites([1])
        #expect(try pair.serverReads() == [1])
        try pair.serverWrites([2])
        #expect(try pair.clientReads() == [2])
    }
}
