/// The address of a peer, without its port.
package enum NetworkAddress: Hashable, Sendable {
    /// In network byte order: 127.0.0.1 is `0x7F00_0001`.
    case v4(UInt32)
    /// High and low 64 bits in network byte order. IPv4-mapped addresses are held as `.v4`, never as this.
    case v6(high: UInt64, low: UInt64)
    /// A Unix socket, a pair of sockets in a test.
    case local
}
