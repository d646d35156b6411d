import Testing

@testable import HTTPSemantics

@Suite("Network addresses, RFC 4291 §2.2 and RFC 5952")
struct NetworkAddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"), ("::192.0.2.1", "::c000:201"),
            ("::fffe:1.2.3.4", "::fffe:102:304"),
        ]
    )
    func `reads an address and writes it canonically`(text: String, canonical: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == canonical)
        #expect(NetworkAddress(canonical) == address)
    }

    @Test(
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", " 1.2.3.4", "1.2.3.+4",
            "1.2.3.", ".1.2.3", "1..2.3", "0x1.2.3.4", "1.2.3.1000", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "::1::", "1::2::3", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:", "12345::", "g::", "::1%lo",
            "[::1]", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:256.0.0.1", "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8", "local", "localhost", "1.2.3.4/8",
        ]
    )
    func `reads nothing else`(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func `an IPv4-mapped address is the IPv4 address`() {
        #expect(NetworkAddress(ipv6High: 0, low: 0xFFFF_7F00_0001) == .v4(0x7F00_0001))
        #expect(NetworkAddress(ipv6High: 0, low: 0xFFFE_7F00_0001) == .v6(high: 0, low: 0xFFFE_7F00_0001))
        #expect(NetworkAddress(ipv6High: 1, low: 0xFFFF_7F00_0001) == .v6(high: 1, low: 0xFFFF_7F00_0001))
    }

    @Test(arguments: ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"])
    func `knows loopback`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).isLoopback)
    }

    @Test(arguments: [
        "126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2", "1::1", "10.0.0.1", "::7f00:1", "169.254.0.1",
    ])
    func `takes no other address for loopback`(text: String) throws {
        #expect(try !#require(NetworkAddress(text)).isLoopback)
    }

    @Test(arguments: [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "169.254.0.1",
        "127.0.0.1", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "::ffff:10.0.0.1",
    ])
    func `knows an address that is reached from within a network alone`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).isPrivate)
    }

    @Test(arguments: [
        "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.0.1", "192.169.0.1", "100.63.255.255",
        "100.128.0.0", "169.253.0.1", "203.0.113.7", "::2", "2001:db8::1", "fbff::1", "fe00::1", "fe7f::1", "fec0::1",
        "ff02::1",
    ])
    func `takes no other address for one`(text: String) throws {
        #expect(try !#require(NetworkAddress(text)).isPrivate)
    }

    @Test func `a customer's addresses are one`() throws {
        #expect(try #require(NetworkAddress("2001:db8:1:2:3:4:5:6")).subscriber == NetworkAddress("2001:db8:1:2::"))
        #expect(try #require(NetworkAddress("192.0.2.77")).subscriber == NetworkAddress("192.0.2.77"))
        #expect(NetworkAddress.local.subscriber == .local)
    }

    @Test func `a client's network hides its device`() throws {
        #expect(try #require(NetworkAddress("192.0.2.77")).clientNetwork.description == "192.0.2.0/24")
        #expect(try #require(NetworkAddress("2001:db8:1:2:3:4:5:6")).clientNetwork.description == "2001:db8:1:2::/64")
        #expect(NetworkAddress.local.clientNetwork.description == "local")
    }
}

@Suite("Address blocks, RFC 4632 §3.1")
struct AddressBlockTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "1.2.3.4", false), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false), ("2001:db8::/33", "2001:db8:7fff::", true),
            ("2001:db8::/33", "2001:db8:8000::", false), ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:0", false), ("::1/128", "::1", true),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ]
    )
    func `contains the addresses with its prefix`(block: String, address: String, contained: Bool) throws {
        let block = try #require(AddressBlock(block))
        #expect(block.contains(try #require(NetworkAddress(address))) == contained)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.1/8", "::1/64",
        "::/129", "10/8", "10.0.0.0/0008", "local",
    ])
    func `reads nothing else`(text: String) {
        #expect(AddressBlock(text) == nil)
    }
}
