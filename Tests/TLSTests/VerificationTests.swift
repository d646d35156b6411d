import TLS
import TestSupport
import Testing

@Suite("Proof of a server's name, RFC 9525 and RFC 5280 §6")
struct VerificationTests {
    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1", "0:0::1"])
    func `accepts the names and addresses of the certificate`(_ host: String) throws {
        var pair = try Fixture.pair(host: host)
        try pair.handshake()
    }

    @Test(arguments: ["example.com", "127.0.0.2", "::2", "localhost.example.com", "xlocalhost", "local"])
    func `refuses any other`(_ host: String) throws {
        var pair = try Fixture.pair(host: host)
        #expect(throws: TLSFailure.certificateRefused(.wrongName)) { try pair.handshake() }
        #expect(!pair.toServer.isEmpty, "the alert")
    }

    @Test
    func `a wildcard stands for exactly one whole label`() throws {
        let identity = try Fixture.authority.get().issue(for: ["*.example.com", "w*.partial.example"])
        var pair = try Fixture.pair(identity, host: "a.example.com")
        try pair.handshake()
        for host in ["example.com", "a.b.example.com", "www.partial.example", "com", "x.example.org"] {
            var other = try Fixture.pair(identity, host: host)
            #expect(throws: TLSFailure.certificateRefused(.wrongName), "\(host)") { try other.handshake() }
        }
    }

    @Test
    func `an address in a DNS entry proves nothing, nor does the common name`() throws {
        let authority = try Fixture.authority.get()
        var pair = try Fixture.pair(authority.issueWithoutAlternativeNames(commonName: "localhost"))
        #expect(throws: TLSFailure.certificateRefused(.wrongName)) { try pair.handshake() }
        var other = try Fixture.pair(authority.issueWithoutAlternativeNames(commonName: "127.0.0.1"), host: "127.0.0.1")
        #expect(throws: TLSFailure.certificateRefused(.wrongName)) { try other.handshake() }
    }

    @Test(arguments: [
        "", ".", ".example.com", "a..b", "localhost..", "loc\0alhost", "localhost\0", "127.0.0.1\0", "*.example.com",
        "local host", "localhost:443", "[::1]", "bücher.example", "user@localhost", "http://localhost",
        String(repeating: "a", count: 64), Array(repeating: "abcdefg.", count: 32).joined() + "a",
    ])
    func `refuses a host that is no name and no address before a byte is sent`(_ host: String) throws {
        let isMade: Bool
        if let _ = try Fixture.client().makeEngine(host: host) { isMade = true } else { isMade = false }
        #expect(!isMade)
    }

    @Test(arguments: [
        (TestAuthority.Validity.expired, CertificateFault.expired), (.notYet, .notYetValid),
    ])
    func `refuses a certificate outside of its time`(_ validity: TestAuthority.Validity, fault: CertificateFault) throws
    {
        var pair = try Fixture.pair(Fixture.authority.get().issue(for: ["localhost"], validity: validity))
        #expect(throws: TLSFailure.certificateRefused(fault)) { try pair.handshake() }
    }

    @Test
    func `refuses an unknown authority, also one of the same name`() throws {
        for name in ["Test Authority", "Somebody Else"] {
            var pair = try Fixture.pair(TestAuthority(named: name).issue(for: ["localhost"]))
            #expect(throws: TLSFailure.certificateRefused(.unknownIssuer)) { try pair.handshake() }
        }
    }

    @Test
    func `refuses a certificate that vouches for itself`() throws {
        var pair = try Fixture.pair(TestAuthority.selfSigned(for: ["localhost"]))
        #expect(throws: TLSFailure.certificateRefused(.selfSigned)) { try pair.handshake() }
    }

    @Test
    func `accepts a single server's certificate that the operator names`() throws {
        let identity = try TestAuthority.selfSigned(for: ["localhost"])
        var pair = try Fixture.pair(identity, trusting: identity.certificateChain)
        try pair.handshake()
    }

    @Test
    func `follows a chain over an intermediate authority`() throws {
        let intermediate = try Fixture.authority.get().intermediate()
        var pair = try Fixture.pair(intermediate.issue(for: ["localhost"]))
        try pair.handshake()
    }

    @Test
    func `refuses a chain with a link missing`() throws {
        let intermediate = try Fixture.authority.get().intermediate()
        var identity = try intermediate.issue(for: ["localhost"])
        identity.certificateChain.removeLast(intermediate.certificate.count)
        var pair = try Fixture.pair(identity)
        #expect(throws: TLSFailure.certificateRefused(.unknownIssuer)) { try pair.handshake() }
    }

    @Test
    func `the server learns of a refusal by an alert`() throws {
        var pair = try Fixture.pair(host: "example.com")
        #expect(throws: TLSFailure.certificateRefused(.wrongName)) { try pair.handshake() }
        // bad_certificate: OpenSSL's word for a wrong name.
        #expect(throws: TLSFailure.alertReceived(42)) { try pair.server.handshake(&pair.toServer, &pair.toClient) }
    }
}
