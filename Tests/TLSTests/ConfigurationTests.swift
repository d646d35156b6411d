import Cryptography
import TLS
import TestSupport
import Testing

@Suite("Certificates and keys as configured, RFC 7468")
struct ConfigurationTests {
    private let identity: TestIdentity

    init() throws {
        identity = try Fixture.localhost.get()
    }

    @Test
    func `tells names and times of the certificate`() throws {
        let certificate = try Fixture.server().certificate
        #expect(certificate.subjectAlternativeNames == ["localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"])
        #expect(certificate.notAfter - certificate.notBefore == 86_400 + 3600)
        #expect(certificate.notBefore > 1_700_000_000)
    }

    @Test
    func `an expired certificate is told, not refused`() throws {
        let expired = try Fixture.authority.get().issue(for: ["localhost"], validity: .expired)
        let certificate = try Fixture.server(expired).certificate
        #expect(certificate.notAfter - certificate.notBefore == 3600)
    }

    @Test(arguments: [
        "", "x", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ])
    func `refuses what is no certificate`(_ text: String) {
        #expect(throws: TLSConfigurationError.unreadableCertificateChain) {
            try TLSServerContext(certificateChain: Array(text.utf8), privateKey: identity.privateKey)
        }
        #expect(throws: TLSConfigurationError.unreadableTrustedCertificates) {
            try TLSClientContext(trust: .certificates(Array(text.utf8)))
        }
    }

    @Test
    func `refuses a chain whose second certificate is broken`() {
        let broken = identity.certificateChain + Array("-----BEGIN CERTIFICATE-----\nMIIB\n".utf8)
        #expect(throws: TLSConfigurationError.unreadableCertificateChain) {
            try TLSServerContext(certificateChain: broken, privateKey: identity.privateKey)
        }
    }

    @Test(arguments: ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `refuses what is no key`(_ text: String) {
        #expect(throws: TLSConfigurationError.unreadablePrivateKey) {
            try TLSServerContext(certificateChain: identity.certificateChain, privateKey: Array(text.utf8))
        }
    }

    @Test
    func `refuses a certificate in place of the key`() {
        #expect(throws: TLSConfigurationError.unreadablePrivateKey) {
            try TLSServerContext(certificateChain: identity.certificateChain, privateKey: identity.certificateChain)
        }
    }

    @Test
    func `refuses a key with a passphrase at once, without asking for it`() {
        // The header alone makes OpenSSL ask before it looks at the text.
        let text = """
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

            AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
            -----END RSA PRIVATE KEY-----

            """
        #expect(throws: TLSConfigurationError.unreadablePrivateKey) {
            try TLSServerContext(certificateChain: identity.certificateChain, privateKey: Array(text.utf8))
        }
    }

    @Test
    func `refuses another certificate's key, of the same and of another kind`() throws {
        let authority = try Fixture.authority.get()
        for other in [try authority.issue(for: ["localhost"]), try authority.issue(for: ["a"], key: .rsa(bits: 2048))] {
            #expect(throws: TLSConfigurationError.keyDoesNotMatchCertificate) {
                try TLSServerContext(certificateChain: identity.certificateChain, privateKey: other.privateKey)
            }
        }
    }

    @Test
    func `refuses a chain that begins with the authority`() throws {
        let chain = try Fixture.authority.get().certificate + identity.certificateChain
        #expect(throws: TLSConfigurationError.keyDoesNotMatchCertificate) {
            try TLSServerContext(certificateChain: chain, privateKey: identity.privateKey)
        }
    }

    @Test
    func `refuses a chain with a stranger in it, also one with the name of the authority`() throws {
        let authority = try Fixture.authority.get()
        let intermediate = try authority.intermediate()
        let strangers = [
            try TestAuthority(named: "Somebody Else").certificate, try TestAuthority().certificate,
            try authority.issue(for: ["localhost"]).certificateChain, identity.certificateChain,
            try authority.intermediate().certificate + authority.certificate,
        ]
        let issued = try intermediate.issue(for: ["localhost"])
        let own = Array(issued.certificateChain.dropLast(intermediate.certificate.count))
        for stranger in strangers {
            #expect(throws: TLSConfigurationError.chainOutOfOrder) {
                try TLSIdentity(certificateChain: own + stranger, privateKey: issued.privateKey)
            }
            #expect(throws: TLSConfigurationError.chainOutOfOrder) {
                try TLSIdentity(certificateChain: issued.certificateChain + stranger, privateKey: issued.privateKey)
            }
        }
        let whole = issued.certificateChain + authority.certificate
        _ = try TLSIdentity(certificateChain: whole, privateKey: issued.privateKey)
    }

    @Test(arguments: [
        (TestAuthority.Key.p256, CertificateSummary.KeyType.ecdsa(bits: 256)), (.curve("P-384"), .ecdsa(bits: 384)),
        (.curve("P-521"), .ecdsa(bits: 521)), (.rsa(bits: 2048), .rsa(bits: 2048)), (.ed25519, .ed25519),
    ])
    func `tells the kind of key`(_ key: TestAuthority.Key, _ type: CertificateSummary.KeyType) throws {
        #expect(try Fixture.identity(for: ["localhost"], key: key).certificate.keyType == type)
    }

    @Test(arguments: [TestAuthority.Key.curve("secp256k1"), .curve("brainpoolP256r1"), .curve("P-224"), .ed448])
    func `refuses a kind of key that browsers do not take`(_ key: TestAuthority.Key) {
        #expect(throws: TLSConfigurationError.unsupportedKey) { try Fixture.identity(for: ["localhost"], key: key) }
    }

    @Test
    func `serves with an RSA key of 2048 bits, and refuses one of 1024`() throws {
        let authority = try Fixture.authority.get()
        var pair = try Fixture.pair(authority.issue(for: ["localhost"], key: .rsa(bits: 2048)))
        try pair.handshake()
        let weak = try authority.issue(for: ["localhost"], key: .rsa(bits: 1024))
        #expect(throws: TLSConfigurationError.weakCertificate) {
            try TLSServerContext(certificateChain: weak.certificateChain, privateKey: weak.privateKey)
        }
    }

    @Test
    func `text around the blocks, as some tools write it, is no harm`() throws {
        let chain = Array("subject=CN = localhost\n\n".utf8) + identity.certificateChain + Array("\n# end\n".utf8)
        _ = try TLSServerContext(certificateChain: chain, privateKey: Array("\n".utf8) + identity.privateKey)
    }

    @Test
    func `the system's authorities are no error, even where there are none`() throws {
        _ = try TLSClientContext(trust: .system)
    }
}
