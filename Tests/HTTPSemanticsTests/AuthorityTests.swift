import Testing

@testable import HTTPSemantics

@Suite("Authority, RFC 3986 §3.2")
struct AuthorityTests {
    @Test(
        arguments: [
            ("example.com", "example.com", nil),
            ("EXAMPLE.com:8080", "example.com", 8080),
            ("localhost:1", "localhost", 1),
            ("my_service-2:65535", "my_service-2", 65_535),
            ("example.com.", "example.com.", nil),
            ("127.0.0.1:80", "127.0.0.1", 80),
            ("[::1]", "[::1]", nil),
            ("[2001:DB8:0:0::1]:443", "[2001:db8::1]", 443),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1", 80),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", nil),
            ("0xtal.example", "0xtal.example", nil),
        ] as [(String, String, Int?)]
    )
    func `reads host and port`(text: String, host: String, port: Int?) {
        #expect(Authority(text)?.host == host)
        #expect(Authority(text)?.port == port)
    }

    @Test(
        arguments: [
            "", ":80", "example.com:", "example.com:0", "example.com:080", "example.com:65536", "example.com:+80",
            "example.com:8 0", "example.com: 80", "example.com:80:80", "user@example.com", "user:pw@example.com",
            "exa mple.com", "example..com", ".example.com", ".", "..", "example.com/", "exämple.com", "ex%61mple.com",
            "a,b", "a;b", "a'b", "a\"b", "<a>", "a\\b", "a\tb", "a\0b", "127.1", "127.0.0.1.", "0x7f.0.0.1",
            "2130706433",
            "0x7f000001", "0x", "127.0.0.01", "256.0.0.1", "1.2.3.4.5", "::1", "[::1", "::1]", "[::1]x", "[::1]:",
            "[::1]80", "[]", "[127.0.0.1]", "[fe80::1%25eth0]", "[v1.x]", "[::1]:0", "[ ::1]",
            String(repeating: "a", count: 64), String(repeating: "a.", count: 150) + "a",
        ]
    )
    func `refuses a host that no name service could hold`(text: String) {
        #expect(Authority(text) == nil)
    }

    @Test func `knows the address that a host spells out`() {
        #expect(Authority("127.0.0.1:80")?.address == .v4(0x7F00_0001))
        #expect(Authority("[::1]:80")?.address == .v6(high: 0, low: 1))
        #expect(Authority("localhost")?.address == nil)
    }
}

@Suite("Origins, RFC 6454 §6.2")
struct HTTPOriginTests {
    @Test(
        arguments: [
            ("https://mail.example.com", "https://mail.example.com"),
            ("https://mail.example.com/", "https://mail.example.com"),
            ("HTTPS://Mail.Example.COM:443", "https://mail.example.com"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:80", "http://localhost"),
            ("https://localhost:80", "https://localhost:80"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ]
    )
    func `reads an origin`(text: String, canonical: String) throws {
        #expect(try HTTPOrigin(parsing: text).description == canonical)
    }

    @Test(
        arguments: [
            ("", .unsupportedScheme), ("example.com", .unsupportedScheme), ("ftp://example.com", .unsupportedScheme),
            ("//example.com", .unsupportedScheme), ("https:example.com", .unsupportedScheme),
            ("https:/example.com", .unsupportedScheme), (" https://example.com", .unsupportedScheme),
            ("null", .unsupportedScheme), ("javascript://x", .unsupportedScheme),
            ("https://", .invalidHost), ("https:///", .invalidHost), ("https:////", .moreThanOrigin),
            ("https://:443", .invalidHost),
            ("https://exa mple.com", .invalidHost), ("https://127.1", .invalidHost), ("https://[::1", .invalidHost),
            ("https://exämple.com", .invalidHost), ("https://example.com ", .invalidHost), ("https://*", .invalidHost),
            ("https://example.com:0", .invalidPort), ("https://example.com:", .invalidPort),
            ("https://example.com:https", .invalidPort), ("https://example.com:99999", .invalidPort),
            ("https://user@example.com", .userInformation), ("https://a:b@example.com:1", .userInformation),
            ("https://example.com/path", .moreThanOrigin), ("https://example.com//", .moreThanOrigin),
            ("https://example.com?q", .moreThanOrigin), ("https://example.com#f", .moreThanOrigin),
            ("https://example.com/?", .moreThanOrigin),
        ] as [(String, HTTPOriginFault)]
    )
    func `names what is wrong`(text: String, fault: HTTPOriginFault) {
        #expect(throws: fault) { try HTTPOrigin(parsing: text) }
    }

    @Test(arguments: [
        "http://localhost", "http://a.localhost:8080", "http://127.8.9.1", "https://[::1]:1",
        "http://[::ffff:127.0.0.1]",
    ])
    func `knows its own machine`(text: String) throws {
        #expect(try HTTPOrigin(parsing: text).isLoopback)
    }

    @Test(arguments: [
        "http://localhost.example.com", "http://notlocalhost", "http://128.0.0.1", "http://[::2]",
        "http://127.0.0.1.nip.io", "http://localhost.", "http://0.0.0.0",
    ])
    func `takes no other name for its own machine`(text: String) throws {
        #expect(try !HTTPOrigin(parsing: text).isLoopback)
    }

    @Test func `is named by its host with its port`() throws {
        let origin = try HTTPOrigin(parsing: "https://example.com")
        let named = { (text: String) in Authority(text).map { origin.isNamed(by: $0) } }
        #expect(named("example.com") == true)
        #expect(named("EXAMPLE.COM:443") == true)
        #expect(named("example.com:80") == false)
        #expect(named("www.example.com") == false)
        #expect(named("example.com.") == false)
    }
}
