import Testing

@testable import TLS

@Suite("The system's authorities")
struct SystemAuthoritiesTests {
    @Test(arguments: ["5ed36f99.0", "00000000.12"])
    func `a link by hash is recognised`(name: String) {
        #expect(SystemAuthorities.isHashed(name))
    }

    @Test(arguments: [
        "", ".", "..", "ca-certificates.crt", "5ed36f99", "5ed36f99.", "5ED36F99.0", "5ed36f9.0", "5ed36f990.0",
        "5ed36f99.r0", "5ed36f99.0.0", "ACCVRAIZ1.pem",
    ])
    func `another name is not`(name: String) {
        #expect(!SystemAuthorities.isHashed(name))
    }
}
