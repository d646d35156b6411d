import Sockets
import Testing

@Suite("Socket addresses")
struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80", true),
        ("127.255.0.3", "127.255.0.3:80", true),
        ("10.0.0.1", "10.0.0.1:80", false),
        ("0.0.0.0", "0.0.0.0:80", false),
        ("::1", "[::1]:80", true),
        ("[::1]", "[::1]:80", true),
        ("2001:DB8::5", "[2001:db8::5]:80", false),
        ("::ffff:127.0.0.1", "127.0.0.1:80", true),
        ("::ffff:8.8.8.8", "8.8.8.8:80", false),
        ("fe80::1", "[fe80::1]:80", false),
    ])
    func `reads and writes an address`(_ text: String, _ written: String, _ isLoopback: Bool) throws {
        let address = try #require(SocketAddress(text, port: 80))
        #expect(address.description == written)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", "localhost", "127.0.0", "127.1", "0x7f.0.0.1", "127.0.0.01", "127.0.0.256", "2130706433", "127.0.0.1 ",
        "127.0.0.1:80", "[127.0.0.1]", "[::1", "::1]", "[[::1]]", ":::", "1::2::3", "::1%lo", "127.0.0.1\0.evil",
    ])
    func `refuses what is not exactly one address`(_ text: String) {
        #expect(SocketAddress(text, port: 80) == nil)
    }

    @Test func `knows localhost, and no other name, as a place to listen`() {
        #expect(ListenAddress(host: "localhost", port: 1) == .localhost(port: 1))
        #expect(ListenAddress(host: "[::1]", port: 1) != nil)
        #expect(ListenAddress(host: "example.com", port: 1) == nil)
    }
}
