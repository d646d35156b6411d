import COpenSSL
import TestSupport
import Testing

@testable import TLS

@Suite("A server with several certificates")
struct SeveralCertificatesTests {
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    @Test(arguments: versions)
    func `shows the certificate for the name that is asked for`(_ version: Int32) throws {
        let context = try Fixture.several()
        let expectations: [(String?, [String])] = [
            ("a.example", ["a.example"]), ("b.example", ["b.example"]), ("x.wild.example", ["*.wild.example"]),
            ("wild.example", ["a.example"]), ("unknown.example", ["a.example"]), (nil, ["a.example"]),
        ]
        for (name, names) in expectations {
            var client = PeculiarClient.speaking(version)
            client.ask(for: name)
            var pair = EnginePair(client, context.makeEngine())
            try pair.handshake()
            #expect(pair.client.peerCertificate?.subjectAlternativeNames == names, "\(name ?? "no name")")
            try pair.serverWrites([1])
            #expect(try pair.clientReads() == [1])
        }
    }

    @Test(arguments: ["a.example", "b.example", "x.wild.example"])
    func `a client that verifies is content, with its application protocol too`(_ name: String) throws {
        var pair = try Fixture.pair(Fixture.several(), host: name)
        try pair.handshake()
        #expect(pair.client.applicationProtocol == "http/1.1")
    }

    @Test
    func `a client that verifies does not take the default for another name`() throws {
        var pair = try Fixture.pair(Fixture.several(), host: "unknown.example")
        #expect(throws: TLSFailure.certificateRefused(.wrongName)) { try pair.handshake() }
    }

    @Test(arguments: versions)
    func `refuses other application protocols under every certificate`(_ version: Int32) throws {
        for name in ["a.example", "b.example", "unknown.example"] {
            var client = PeculiarClient.offering(["h2"])
            client.ask(for: name)
            var pair = EnginePair(client, try Fixture.several().makeEngine())
            #expect(throws: TLSFailure.applicationProtocolRefused) { try pair.handshake() }
        }
    }

    @Test(
        arguments: [
            ("ECDSA+SHA256:RSA-PSS+SHA256", .ecdsa(bits: 256)), ("RSA-PSS+SHA256:ECDSA+SHA256", .ecdsa(bits: 256)),
            ("ECDSA+SHA256", .ecdsa(bits: 256)), ("RSA-PSS+SHA256", .rsa(bits: 2048)),
        ] as [(String, CertificateSummary.KeyType)],
        versions
    )
    func `the client's signature algorithms decide the kind of key, ECDSA where both will do`(
        _ expectation: (list: String, type: CertificateSummary.KeyType),
        _ version: Int32
    ) throws {
        for identities in [try Fixture.bothKinds(), try Fixture.bothKinds().reversed()] {
            let context = try TLSServerContext(identities: identities)
            let client = PeculiarClient.signatures(expectation.list, speaking: version)
            var pair = EnginePair(client, context.makeEngine())
            try pair.handshake()
            #expect(pair.client.peerCertificate?.keyType == expectation.type)
        }
    }

    @Test(arguments: versions)
    func `a client that can check neither kind is refused`(_ version: Int32) throws {
        let context = try TLSServerContext(identities: Fixture.bothKinds())
        let client = PeculiarClient.signatures("ed25519", speaking: version)
        var pair = EnginePair(client, context.makeEngine())
        #expect(throws: TLSFailure.nothingInCommon) { try pair.handshake() }
    }

    @Test
    func `tells of every certificate in order`() throws {
        let certificates = try Fixture.several().certificates
        #expect(certificates.map(\.subjectAlternativeNames) == [["a.example"], ["b.example"], ["*.wild.example"]])
        #expect(certificates.allSatisfy { $0.keyType == .ecdsa(bits: 256) && $0.notAfter > $0.notBefore })
    }

    @Test
    func `refuses to serve without a certificate`() {
        #expect(throws: TLSConfigurationError.noCertificate) { try TLSServerContext(identities: []) }
    }

    @Test
    func `refuses a certificate that nobody would ever see`() throws {
        let first = try Fixture.identity(for: ["a.example", "b.example"])
        let useless = [
            first, try Fixture.identity(for: ["a.example"]), try Fixture.identity(for: ["B.EXAMPLE", "a.example"]),
            try Fixture.identity(for: ["192.0.2.1"]), try Fixture.identity(for: ["w*.example"]),
        ]
        for identity in useless {
            #expect(throws: TLSConfigurationError.neverShown(index: 1)) {
                try TLSServerContext(identities: [first, identity])
            }
        }
        _ = try TLSServerContext(identities: [first, Fixture.identity(for: ["a.example", "c.example"])])
    }
}

@Suite("Tickets of a server with several certificates, and across a change of them")
struct TicketBindingTests {
    private static let versions = [TLS1_2_VERSION, TLS1_3_VERSION]

    @Test(arguments: versions)
    func `a ticket resumes under the name it was given for`(_ version: Int32) throws {
        let context = try Fixture.several()
        for name in ["a.example", "b.example", "x.wild.example", "unknown.example", nil] {
            let ticket = try Ticket(from: context, version, asking: name)
            #expect(try ticket.isHonoured(by: context, asking: name), "\(name ?? "no name")")
        }
    }

    @Test(arguments: versions)
    func `a ticket does not resume where another certificate would be shown`(_ version: Int32) throws {
        let context = try Fixture.several()
        for (name, other) in [
            ("a.example", "b.example"), ("b.example", "a.example"), ("b.example", nil), (nil, "b.example"),
            ("b.example", "unknown.example"), ("x.wild.example", "a.example"), ("a.example", "x.wild.example"),
        ] {
            let ticket = try Ticket(from: context, version, asking: name)
            #expect(try ticket.isHonoured(by: context, asking: other) == false, "\(name ?? "-") \(other ?? "-")")
        }
    }

    @Test(arguments: versions)
    func `tickets outlive a renewal where the keys are handed on`(_ version: Int32) throws {
        let keys = TicketKeys()
        let first = try TLSServerContext(identities: [Fixture.identity(for: ["a.example"])], ticketKeys: keys)
        let renewed = try TLSServerContext(identities: [Fixture.identity(for: ["a.example"])], ticketKeys: keys)
        let ticket = try Ticket(from: first, version, asking: "a.example")
        #expect(try ticket.isHonoured(by: renewed, asking: "a.example"))
    }

    @Test(arguments: versions)
    func `tickets do not outlive other keys, or other names`(_ version: Int32) throws {
        let keys = TicketKeys()
        let identity = try Fixture.identity(for: ["a.example"])
        let first = try TLSServerContext(identities: [identity], ticketKeys: keys)
        let ticket = try Ticket(from: first, version, asking: "a.example")
        let others = [
            try TLSServerContext(identities: [identity]),
            try TLSServerContext(identities: [identity], ticketKeys: TicketKeys()),
            try TLSServerContext(identities: [Fixture.identity(for: ["a.example", "b.example"])], ticketKeys: keys),
            try TLSServerContext(identities: [Fixture.identity(for: ["b.example"])], ticketKeys: keys),
            try TLSServerContext(identities: [Fixture.identity(for: ["*.example"])], ticketKeys: keys),
        ]
        for other in others {
            #expect(try ticket.isHonoured(by: other, asking: "a.example") == false)
        }
    }
}

extension Fixture {
    private static let threeNames = Result {
        try ["a.example", "b.example", "*.wild.example"].map { try identity(for: [$0]) }
    }
    private static let sameName = Result {
        [try identity(for: ["localhost"]), try identity(for: ["localhost"], key: .rsa(bits: 2048))]
    }

    /// Three certificates of the same kind, for three names.
    fileprivate static func several() throws -> TLSServerContext {
        try TLSServerContext(identities: threeNames.get())
    }

    /// Two certificates for the same name.
    fileprivate static func bothKinds() throws -> [TLSIdentity] {
        try sameName.get()
    }
}
