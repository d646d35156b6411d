import ConnectApp
import Metrics
import TLS
import TestSupport
import Testing
import Timekeeping

@testable import postern

@Suite("Certificates that change while the server runs")
struct CertificateKeeperTests {
    private let authority: TestAuthority
    private let files = FakeFiles()
    /// The certificates of a test are good from an hour ago for a day.
    private let wallClock = ManualWallClock(WallClock.system.now())

    init() throws {
        authority = try TestAuthority()
    }

    private func put(_ identity: TestIdentity, _ folder: String = "/d") {
        files.write(folder + "/tls.crt", identity.certificateChain)
        files.write(folder + "/tls.key", identity.privateKey)
    }

    private func keeper(_ source: ConnectConfiguration.TLSSource = .directory("/d")) throws -> CertificateKeeper {
        try CertificateKeeper(source, host: "a.example", files: files.view, wallClock: wallClock.clock)
    }

    private func names(_ keeper: CertificateKeeper) -> [String] {
        #expect(keeper.context.certificates == keeper.certificates.map(\.summary))
        return keeper.certificates.flatMap(\.summary.subjectAlternativeNames)
    }

    /// As many looks as there are until nothing more happens.
    private func looks(_ keeper: CertificateKeeper, _ count: Int = 3) -> (swaps: Int, faults: [CertificateRefusal]) {
        var (swaps, faults) = (0, [CertificateRefusal]())
        for _ in 0..<count {
            let finding = keeper.look()
            swaps += finding.hasSwapped ? 1 : 0
            faults += finding.faults
        }
        return (swaps, faults)
    }

    @Test func `files that have not changed are not read again`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper()
        let before = files.reads
        #expect(looks(keeper, 10) == (0, []))
        #expect(files.reads == before)
    }

    @Test func `a new pair is put to use once it has stood still for one look`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper()
        let old = keeper.context
        put(try authority.issue(for: ["a.example", "b.example"]))
        #expect(!keeper.look().hasSwapped)
        #expect(keeper.look().hasSwapped)
        #expect(names(keeper) == ["a.example", "b.example"])
        #expect(keeper.context !== old)
        #expect(looks(keeper) == (0, []))
        #expect(keeper.swaps.value() == 1)
        #expect(keeper.refusals.value() == 0)
    }

    @Test func `a pair whose halves come one after the other is never met halfway`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper()
        let new = try authority.issue(for: ["a.example", "new.example"])
        files.write("/d/tls.crt", new.certificateChain)
        #expect(keeper.look().faults.isEmpty)
        files.write("/d/tls.key", new.privateKey)
        #expect(keeper.look().faults.isEmpty)
        #expect(keeper.look().hasSwapped)
        #expect(names(keeper) == ["a.example", "new.example"])
    }

    @Test func `a link that is turned to another folder, as Kubernetes does it, is a change`() throws {
        put(try authority.issue(for: ["a.example"]), "/d/..one")
        put(try authority.issue(for: ["a.example", "two.example"]), "/d/..two")
        for name in ["tls.crt", "tls.key"] { files.link("/d/\(name)", to: "/d/..data/\(name)") }
        files.link("/d/..data", to: "/d/..one")
        let keeper = try keeper()
        #expect(names(keeper) == ["a.example"])
        files.link("/d/..data", to: "/d/..two")
        #expect(looks(keeper) == (1, []))
        #expect(names(keeper) == ["a.example", "two.example"])
    }

    @Test func `a bad pair never replaces a good one, and is complained of once`() throws {
        let good = try authority.issue(for: ["a.example"])
        let other = try authority.issue(for: ["a.example"])
        let weak = try authority.issue(for: ["a.example"], key: .rsa(bits: 1024))
        let expired = try authority.issue(for: ["a.example"], validity: .expired)
        let future = try authority.issue(for: ["a.example"], validity: .notYet)
        let elsewhere = try authority.issue(for: ["elsewhere.example"])
        let half = Array(good.certificateChain.prefix(good.certificateChain.count / 2))
        let path = "/d/tls.crt"
        for (chain, key, fault) in [
            ([], good.privateKey, CertificateRefusal.refused(path: path, .unreadableCertificateChain)),
            (half, good.privateKey, .refused(path: path, .unreadableCertificateChain)),
            (good.certificateChain, [], .refused(path: path, .unreadablePrivateKey)),
            (other.certificateChain, good.privateKey, .refused(path: path, .keyDoesNotMatchCertificate)),
            (good.certificateChain, other.privateKey, .refused(path: path, .keyDoesNotMatchCertificate)),
            (weak.certificateChain, weak.privateKey, .refused(path: path, .weakCertificate)),
            (expired.certificateChain, expired.privateKey, .expired(path: path)),
            (future.certificateChain, future.privateKey, .notYetValid(path: path)),
            (elsewhere.certificateChain, elsewhere.privateKey, .losesHost("a.example")),
        ] {
            put(good)
            let keeper = try keeper()
            let old = keeper.context
            files.write("/d/tls.crt", chain)
            files.write("/d/tls.key", key)
            #expect(looks(keeper, 10) == (0, [fault]))
            #expect(keeper.context === old)
            #expect(keeper.faults == [fault])
            #expect(keeper.refusals.value() == 1)
            // The next good one is taken, and the complaint is over.
            put(other)
            #expect(looks(keeper) == (1, []))
            #expect(keeper.faults.isEmpty)
        }
    }

    @Test func `files that are gone or cannot be read leave the old pair in use, until they are back`() throws {
        let good = try authority.issue(for: ["a.example"])
        put(good)
        let keeper = try keeper()
        files.remove("/d/tls.crt")
        #expect(looks(keeper) == (0, [.halfPair(path: "/d/tls.key")]))
        put(try authority.issue(for: ["a.example", "b.example"]))
        files.makeUnreadable("/d/tls.key")
        #expect(looks(keeper) == (0, [.fileUnreadable(path: "/d/tls.key")]))
        // The file itself does not change: there was no descriptor to read it with, for one.
        files.makeUnreadable("/d/tls.key", false)
        #expect(looks(keeper) == (1, []))
        #expect(names(keeper) == ["a.example", "b.example"])
        files.makeUnreadable("/d")
        #expect(looks(keeper) == (0, [.folderUnreadable(path: "/d")]))
        #expect(names(keeper) == ["a.example", "b.example"])
    }

    @Test func `a certificate from the future is put to use when its time has come`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper()
        put(try authority.issue(for: ["a.example", "b.example"], validity: .notYet))
        #expect(looks(keeper) == (0, [.notYetValid(path: "/d/tls.crt")]))
        wallClock.advance(by: .seconds(7200))
        #expect(looks(keeper) == (1, []))
    }

    @Test func `one bad pair among several leaves its place to the old one and keeps nobody else back`() throws {
        put(try authority.issue(for: ["a.example"]), "/d/a")
        put(try authority.issue(for: ["b.example"]), "/d/b")
        let keeper = try keeper()
        put(try authority.issue(for: ["a.example", "new.example"]), "/d/a")
        files.write("/d/b/tls.crt", Array("nonsense".utf8))
        put(try authority.issue(for: ["c.example"], validity: .expired), "/d/c")
        let (swaps, faults) = looks(keeper)
        #expect(swaps == 1)
        #expect(
            faults == [.refused(path: "/d/b/tls.crt", .unreadableCertificateChain), .expired(path: "/d/c/tls.crt")]
        )
        #expect(names(keeper) == ["a.example", "new.example", "b.example"])
    }

    @Test func `a pair that is taken away is no longer shown, and one that nobody would see is left out`() throws {
        put(try authority.issue(for: ["a.example"]), "/d/a")
        put(try authority.issue(for: ["b.example"]), "/d/b")
        let keeper = try keeper()
        files.remove("/d/b/tls.crt")
        files.remove("/d/b/tls.key")
        put(try authority.issue(for: ["a.example"]), "/d/c")
        #expect(looks(keeper, 10) == (1, [.refused(path: "/d/c/tls.crt", .neverShown(index: 1))]))
        #expect(names(keeper) == ["a.example"])
    }

    @Test func `a certificate that grows old in use stays, and so do its neighbours' renewals`() throws {
        put(try authority.issue(for: ["a.example"]), "/d/a")
        put(try authority.issue(for: ["b.example"]), "/d/b")
        let keeper = try keeper()
        wallClock.advance(by: .seconds(2 * 86_400))
        #expect(looks(keeper) == (0, []))
        #expect(keeper.reload().faults.isEmpty)
        #expect(names(keeper) == ["a.example", "b.example"])
    }

    @Test func `an expired certificate is taken at the start, and replaced`() throws {
        put(try authority.issue(for: ["a.example"], validity: .expired))
        let keeper = try keeper()
        put(try authority.issue(for: ["a.example", "b.example"]))
        #expect(looks(keeper) == (1, []))
    }

    @Test func `reloading reads at once, changed or not, and a bad pair changes nothing`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper()
        #expect(keeper.reload().hasSwapped)
        put(try authority.issue(for: ["a.example", "b.example"]))
        #expect(keeper.reload().hasSwapped)
        #expect(names(keeper) == ["a.example", "b.example"])
        files.write("/d/tls.key", [])
        for _ in 0..<2 {
            let finding = keeper.reload()
            #expect(!finding.hasSwapped && finding.faults == [.refused(path: "/d/tls.crt", .unreadablePrivateKey)])
        }
        #expect(names(keeper) == ["a.example", "b.example"])
        #expect(looks(keeper) == (0, []))
    }

    @Test func `two files by name are watched like a folder`() throws {
        put(try authority.issue(for: ["a.example"]))
        let keeper = try keeper(.files(certificateChain: "/d/tls.crt", privateKey: "/d/tls.key"))
        put(try authority.issue(for: ["a.example", "b.example"]))
        #expect(looks(keeper) == (1, []))
        #expect(names(keeper) == ["a.example", "b.example"])
    }

    @Test func `without a usable pair nothing starts`() throws {
        #expect(throws: CertificateRefusal.folderUnreadable(path: "/d")) { try keeper() }
        files.write("/d/tls.crt", [])
        files.write("/d/tls.key", [])
        #expect(throws: CertificateRefusal.refused(path: "/d/tls.crt", .unreadableCertificateChain)) { try keeper() }
        #expect(throws: CertificateRefusal.fileUnreadable(path: "/x")) {
            try keeper(.files(certificateChain: "/x", privateKey: "/y"))
        }
    }

    @Test func `what the doctor is told is what would be served`() throws {
        put(try authority.issue(for: ["a.example"]), "/d/a")
        files.write("/d/b/tls.crt", [])
        files.write("/d/b/tls.key", [])
        let facts = Certificates.facts(.directory("/d"), files: files.view)
        guard case .usable("/d/a/tls.crt", _, _, ["a.example"]) = facts.first else {
            Issue.record("the first certificate is usable")
            return
        }
        #expect(facts.last == .unusable(reason: "/d/b/tls.crt: there is no certificate in PEM in it."))
        let missing = Certificates.facts(.directory("/none"), files: files.view)
        #expect(missing.count == 1)
    }
}
