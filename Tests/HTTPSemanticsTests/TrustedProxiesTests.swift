import HTTPTypes
import Testing

@testable import HTTPSemantics

/// What arrives from the proxy 10.0.0.1, and who the client is then. All of 10.0.0.0/8 and fd00::/8 are proxies.
struct ForwardedCase: Sendable, CustomTestStringConvertible {
    var lines: [String]
    var client: String

    var testDescription: String { lines.joined(separator: " | ") }

    /// The walk went on to an address that is no proxy's.
    static func believed(_ lines: String..., client: String) -> ForwardedCase {
        ForwardedCase(lines: lines, client: client)
    }
    /// It stopped at a proxy, by default at the peer.
    static func stopped(_ lines: String..., at proxy: String = "10.0.0.1") -> ForwardedCase {
        ForwardedCase(lines: lines, client: proxy)
    }
}

@Suite("Forwarded addresses of clients")
struct TrustedProxiesTests {
    private static let networks = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressBlock($0) }

    private func client(
        _ peer: String,
        _ fields: [(HTTPField.Name, String)],
        _ field: TrustedProxies.Field,
        _ networks: [AddressBlock] = networks
    ) throws -> NetworkAddress {
        var all: HTTPFields = [:]
        for (name, value) in fields { all.append(HTTPField(name: name, value: value)) }
        let peer = try #require(NetworkAddress(peer))
        return TrustedProxies(networks: networks, field: field).client(of: peer, all)
    }

    // MARK: X-Forwarded-For

    @Test(
        arguments: [
            // believed
            .believed("203.0.113.7", client: "203.0.113.7"),
            .believed(" \t203.0.113.7 ", client: "203.0.113.7"),
            .believed("203.0.113.7:51234", client: "203.0.113.7"),
            .believed("2001:db8::7", client: "2001:db8::7"),
            .believed("[2001:db8::7]", client: "2001:db8::7"),
            .believed("[2001:db8::7]:51234", client: "2001:db8::7"),
            .believed("::ffff:203.0.113.7", client: "203.0.113.7"),
            .believed("203.0.113.7,10.0.0.2", client: "203.0.113.7"),
            .believed("203.0.113.7, ::ffff:10.0.0.2", client: "203.0.113.7"),
            .believed("203.0.113.7, fd00::1, 10.0.0.2:80", client: "203.0.113.7"),
            .believed("203.0.113.7", "10.0.0.2", client: "203.0.113.7"),
            // the client's own word to the left of it is not
            .believed("198.51.100.1, 203.0.113.7", client: "203.0.113.7"),
            .believed("198.51.100.1", "203.0.113.7", client: "203.0.113.7"),
            .believed("10.0.0.9, 203.0.113.7, 10.0.0.2", client: "203.0.113.7"),
            .believed("nonsense \"\\, , 203.0.113.7", client: "203.0.113.7"),
            .believed("", "203.0.113.7", client: "203.0.113.7"),
            // nothing, or nothing that can be read
            .stopped(),
            .stopped(""),
            .stopped(" "),
            .stopped(","),
            .stopped("203.0.113.7,"),
            .stopped("203.0.113.7", ""),
            .stopped("unknown"),
            .stopped("_hidden"),
            .stopped("client.example.com"),
            .stopped("localhost"),
            .stopped("203.0.113"),
            .stopped("203.0.113.07"),
            .stopped("203.0.113.256"),
            .stopped("0xCB007107"),
            .stopped("3405803783"),
            .stopped("203.0.113.7 198.51.100.1"),
            .stopped("203.0.113.7;198.51.100.1"),
            .stopped("\"203.0.113.7\""),
            .stopped("203.0.113.7:"),
            .stopped("203.0.113.7:65536"),
            .stopped("203.0.113.7:-1"),
            .stopped("203.0.113.7:http"),
            .stopped(":80"),
            .stopped("[203.0.113.7]"),
            .stopped("[2001:db8::7"),
            .stopped("2001:db8::7]"),
            .stopped("[2001:db8::7]80"),
            .stopped("[2001:db8::7]:"),
            .stopped("[]"),
            .stopped("2001:db8::7%eth0"),
            .stopped("2001:db8:::7"),
            .stopped("203.0.113.7/32"),
            .stopped("for=203.0.113.7"),
            // after a proxy that did name its peer
            .stopped("203.0.113.7, , 10.0.0.2", at: "10.0.0.2"),
            .stopped("203.0.113.7, unknown, 10.0.0.2", at: "10.0.0.2"),
            .stopped("203.0.113.7, unknown", "fd00::2, 10.0.0.2", at: "fd00::2"),
            .stopped("10.0.0.3, 10.0.0.2", at: "10.0.0.3"),
        ] as [ForwardedCase]
    )
    func `X-Forwarded-For is walked from the right`(_ forwarded: ForwardedCase) throws {
        let fields = forwarded.lines.map { (HTTPField.Name.xForwardedFor, $0) }
        #expect(try client("10.0.0.1", fields, .xForwardedFor) == NetworkAddress(forwarded.client))
        // Whatever it says, from a stranger it is nothing.
        #expect(try client("192.0.2.1", fields, .xForwardedFor) == NetworkAddress("192.0.2.1"))
    }

    // MARK: Forwarded

    @Test(
        arguments: [
            .believed("for=203.0.113.7", client: "203.0.113.7"),
            .believed("For=\"203.0.113.7\"", client: "203.0.113.7"),
            .believed("for=\"203.0.113.7:51234\"", client: "203.0.113.7"),
            .believed("for=\"[2001:db8::7]\"", client: "2001:db8::7"),
            .believed("proto=https;FOR=\"[2001:db8::7]:443\";by=_gate;host=a", client: "2001:db8::7"),
            .believed("for=203.0.113.7, for=10.0.0.2;by=10.0.0.1", client: "203.0.113.7"),
            .believed("for=203.0.113.7", "for=\"[fd00::2]\"", client: "203.0.113.7"),
            // an open quote of the client's swallows nothing
            .believed("for=\"198.51.100.1, for=203.0.113.7", client: "203.0.113.7"),
            .believed("for=\"198.51.100.1", "for=203.0.113.7", client: "203.0.113.7"),
            .believed("for=10.0.0.9;by=\"x, for=203.0.113.7, for=10.0.0.2", client: "203.0.113.7"),
            // refused
            .stopped(),
            .stopped(""),
            .stopped("203.0.113.7"),
            .stopped("for="),
            .stopped("for=\"\""),
            .stopped("=203.0.113.7"),
            .stopped("for 203.0.113.7"),
            .stopped("for = 203.0.113.7"),
            .stopped("for=203.0.113.7;"),
            .stopped(";for=203.0.113.7"),
            .stopped("for=203.0.113.7; proto=https"),
            .stopped("for=203.0.113.7;for=203.0.113.8"),
            .stopped("for=203.0.113.7;FOR=203.0.113.7"),
            .stopped("proto=https;for=203.0.113.7;proto=http"),
            .stopped("proto=https"),
            .stopped("by=203.0.113.7"),
            .stopped("for=203.0.113.7:80"),
            .stopped("for=[2001:db8::7]"),
            .stopped("for=\"2001:db8::7\""),
            .stopped("for=\"203.0.113.7"),
            .stopped("for=203.0.113.7\""),
            .stopped("for=\"203.0.113.7\"x"),
            .stopped("for=\"203.0.113\\.7\""),
            .stopped("for=\"203.0.113.7:_port\""),
            .stopped("for=unknown"),
            .stopped("for=\"unknown\""),
            .stopped("for=_hidden"),
            .stopped("for=\"_hidden:80\""),
            .stopped("for=203.0.113.7;ext=\"a,b\""),
            .stopped("for=203.0.113.7, proto=https"),
            .stopped("for=203.0.113.7, for=unknown, for=10.0.0.2", at: "10.0.0.2"),
            .stopped("for=203.0.113.7, for=_a, for=\"[fd00::2]:443\"", at: "fd00::2"),
        ] as [ForwardedCase]
    )
    func `Forwarded is walked from the right`(_ forwarded: ForwardedCase) throws {
        let fields = forwarded.lines.map { (HTTPField.Name.forwarded, $0) }
        #expect(try client("10.0.0.1", fields, .forwarded) == NetworkAddress(forwarded.client))
        #expect(try client("192.0.2.1", fields, .forwarded) == NetworkAddress("192.0.2.1"))
    }

    // MARK: whom and what

    @Test(arguments: TrustedProxies.Field.allCases)
    func `the other field is not read at all`(_ field: TrustedProxies.Field) throws {
        let other: [(HTTPField.Name, String)] =
            field == .forwarded ? [(.xForwardedFor, "203.0.113.7")] : [(.forwarded, "for=203.0.113.7")]
        #expect(try client("10.0.0.1", other, field) == NetworkAddress("10.0.0.1"))
        // Also where both are there and disagree.
        let own: (HTTPField.Name, String) =
            field == .forwarded ? (.forwarded, "for=198.51.100.1") : (.xForwardedFor, "198.51.100.1")
        #expect(try client("10.0.0.1", other + [own], field) == NetworkAddress("198.51.100.1"))
    }

    @Test(arguments: ["10.0.0.1", "127.0.0.1", "::1", "203.0.113.7"])
    func `without configured proxies nobody is believed`(_ peer: String) throws {
        let fields: [(HTTPField.Name, String)] = [(.xForwardedFor, "198.51.100.1"), (.forwarded, "for=198.51.100.1")]
        for field in TrustedProxies.Field.allCases {
            #expect(try client(peer, fields, field, []) == NetworkAddress(peer))
        }
    }

    @Test func `a long list of proxies is walked to its end and no further`() throws {
        let hops = Array(repeating: "10.0.0.2", count: 1000).joined(separator: ",")
        #expect(
            try client("10.0.0.1", [(.xForwardedFor, "203.0.113.7," + hops)], .xForwardedFor)
                == NetworkAddress("203.0.113.7")
        )
    }
}
