import ConnectApp
import Testing

@testable import postern

@Suite("Which files in a folder are certificates and their keys")
struct CertificatePairTests {
    private func pairs(_ paths: [String]) throws(CertificateRefusal) -> [String] {
        let files = FakeFiles()
        for path in paths { files.write("/d/" + path, [1]) }
        return try CertificatePair.all(of: .directory("/d"), files.view).map { pair in
            "\(pair.chain.dropFirst(3)) \(pair.key.dropFirst(3))"
        }
    }

    @Test(arguments: [
        (["tls.crt", "tls.key"], ["tls.crt tls.key"]),
        (["tls.crt", "tls.key", "ca.crt"], ["tls.crt tls.key"]),
        (
            ["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem", "README"], ["fullchain.pem privkey.pem"]
        ),
        (["b.crt", "b.key", "a.crt", "a.key"], ["a.crt a.key", "b.crt b.key"]),
        (
            ["b.example/fullchain.pem", "b.example/privkey.pem", "a.example/tls.crt", "a.example/tls.key", "README"],
            ["a.example/tls.crt a.example/tls.key", "b.example/fullchain.pem b.example/privkey.pem"]
        ),
        (["z.crt", "z.key", "a/tls.crt", "a/tls.key"], ["z.crt z.key", "a/tls.crt a/tls.key"]),
        (["ecdsa.crt", "ecdsa.key", "rsa.crt", "rsa.key"], ["ecdsa.crt ecdsa.key", "rsa.crt rsa.key"]),
        // Kubernetes: what the links lead to, and lost half a pair of it.
        (["tls.crt", "tls.key", "..data/tls.crt", "..2026/tls.key", ".hidden.key"], ["tls.crt tls.key"]),
        // Only one level deep.
        (["tls.crt", "tls.key", "a/b/tls.crt", "a/b/tls.key"], ["tls.crt tls.key"]),
    ])
    func `finds pairs by their names, in an order that does not change`(_ paths: [String], _ expected: [String]) throws
    {
        #expect(try pairs(paths) == expected)
    }

    @Test(arguments: [
        ([], CertificateRefusal.folderUnreadable(path: "/d")),
        (["README"], .noPair(path: "/d")), (["ca.crt"], .noPair(path: "/d")), (["a/b/tls.crt"], .noPair(path: "/d")),
        (["cert.pem", "chain.pem"], .noPair(path: "/d")),
        (["tls.key"], .halfPair(path: "/d/tls.key")),
        (["a.crt", "a.key", "b.key"], .halfPair(path: "/d/b.key")),
        (["privkey.pem"], .halfPair(path: "/d/privkey.pem")),
        (["a/fullchain.pem"], .halfPair(path: "/d/a/fullchain.pem")),
        ((0...CertificatePair.limit).flatMap { ["\($0).crt", "\($0).key"] }, .tooMany(limit: CertificatePair.limit)),
    ])
    func `refuses what is not clear`(_ paths: [String], _ fault: CertificateRefusal) {
        #expect(throws: fault) { try pairs(paths) }
    }

    @Test func `two files are a pair, whatever they are called`() throws {
        let pairs = try CertificatePair.all(
            of: .files(certificateChain: "/a", privateKey: "/b"),
            FakeFiles().view
        )
        #expect(pairs == [CertificatePair(chain: "/a", key: "/b")])
    }
}
