import Testing

@testable import TLS

@Suite("Which certificate is shown for which name, RFC 6066 §3 and RFC 9525 §6.3")
struct ServerNamesTests {
    /// Three certificates: one for a name, one for what is below it, one for both with another kind of key.
    private let names = ServerNames([
        certificate(["example.com", "www.example.com"]),
        certificate(["*.example.com", "deep.below.example.com"]),
        certificate(["example.com", "*.example.com", "*.below.example.com", "192.0.2.1"], .rsa(bits: 2048)),
    ])

    @Test(
        arguments: [
            ("example.com", [0, 2]), ("EXAMPLE.com", [0, 2]), ("example.com.", [0, 2]),
            ("www.example.com", [0, 2]), ("mail.example.com", [1, 2]), ("below.example.com", [1, 2]),
            ("deep.below.example.com", [1, 2]), ("other.below.example.com", [2]),
        ] as [(String, [Int])]
    )
    func `an exact name goes before a wildcard, for each kind of key`(_ name: String, _ shown: [Int]) {
        #expect(names.selections[names.selection(for: name)] == shown)
    }

    @Test(arguments: [
        nil, "", ".", "..", "example.org", "com", "a.b.example.com", "*.example.org", ".example.com", "xexample.com",
        "example.com..", "a.other.below.example.com", "192.0.2.1", "*.*.example.com", "example.comx", ".com",
    ])
    func `no name, an unknown one and nonsense get the first certificate`(_ name: String?) {
        #expect(names.selection(for: name) == 0)
        #expect(names.selections[0] == [0])
    }

    @Test
    func `the default has a second kind of key where that is for all names of the first`() {
        let both = ServerNames([
            certificate(["a.example"]), certificate(["b.example"]), certificate(["a.example", "x"], .rsa(bits: 3072)),
        ])
        #expect(both.selections[both.selection(for: "nobody.example")] == [0, 2])
        let partly = ServerNames([
            certificate(["a.example", "b.example"]), certificate(["a.example"], .rsa(bits: 3072)),
        ])
        #expect(partly.selections[partly.selection(for: "nobody.example")] == [0])
        #expect(partly.selections[partly.selection(for: "a.example")] == [0, 1])
        #expect(partly.selections[partly.selection(for: "b.example")] == [0])
    }

    @Test
    func `a wildcard is a whole label at the left, and names more than the root`() {
        for odd in ["w*.example.com", "*", "*.", "a.*.example.com", "*.*.example.com", "**.example.com"] {
            let names = ServerNames([certificate(["x"]), certificate([odd])])
            #expect(names.unused(of: 2) == [1], "\(odd)")
        }
    }

    @Test
    func `tells which certificates nobody would see`() {
        let names = ServerNames([
            certificate(["a.example", "b.example"]), certificate(["a.example"]),
            certificate(["a.example", "c.example"]),
            certificate([]), certificate(["192.0.2.1"]), certificate(["B.example"]),
        ])
        #expect(names.unused(of: 6) == [1, 3, 4, 5])
        #expect(ServerNames([certificate([])]).unused(of: 1) == [])
    }
}

private func certificate(
    _ names: [String],
    _ key: CertificateSummary.KeyType = .ecdsa(bits: 256)
) -> CertificateSummary {
    CertificateSummary(notBefore: 0, notAfter: 1, subjectAlternativeNames: names, keyType: key)
}

@Suite("The name in a client's first message, RFC 6066 §3")
struct HostNameExtensionTests {
    @Test
    func `reads a name`() {
        #expect(HostNameExtension.name(in: ([0, 6, 0, 0, 3] + Array("a.b".utf8)).span) == "a.b")
    }

    @Test(arguments: [
        [], [0], [0, 3, 0, 0, 0], [0, 6, 1, 0, 3, 97, 46, 98], [0, 7, 0, 0, 3, 97, 46, 98],
        [0, 6, 0, 0, 4, 97, 46, 98],
        [0, 6, 0, 0, 2, 97, 46, 98], [0, 6, 0, 0, 3, 97, 0, 98], [0, 6, 0, 0, 3, 97, 0xff, 98],
        [0, 6, 0, 0, 3, 97, 32, 98],
        [0, 8, 0, 0, 1, 97, 0, 0, 1, 98], [1, 3, 0, 1, 0] + [UInt8](repeating: 97, count: 256),
    ])
    func `reads nothing out of what is malformed`(_ content: [UInt8]) {
        #expect(HostNameExtension.name(in: content.span) == nil)
    }
}
