import CLinux

extension BlockingPool {
    /// Looks up the addresses of a host, in the order of preference of the system (RFC 6724).
    ///
    /// An address (IPv6 also in brackets) stands for itself, and `localhost` for the loopback addresses (RFC 6761 §6.3:
    /// no name server is asked).
    ///
    /// - Returns: at most 16 addresses; none if the name has none.
    /// - Throws: `.deadlinePassed`, `.cancelled`, `.system`.
    package func addresses(
        of host: String,
        port: UInt16,
        on loop: EventLoop,
        before deadline: Deadline
    ) async throws(StreamError) -> [SocketAddress] {
        if let address = SocketAddress(host, port: port) { return [address] }
        if host == "localhost" {
            return [
                SocketAddress(.v4(0x7F00_0001), port: port),
                SocketAddress(.v6(high: 0, low: 1, zone: 0), port: port),
            ]
        }
        // A zero byte would end the C string early: another name would be looked up than was meant.
        guard !host.isEmpty, !host.utf8.contains(0) else { return [] }
        return try await run(on: loop, before: deadline) {
            var raw = [postern_address](repeating: postern_address(), count: 16)
            // Sound: the shim writes at most as many addresses as the array has.
            let count = unsafe postern_resolve(host, port, &raw, Int32(raw.count))
            return raw.prefix(Int(count)).map(SocketAddress.init)
        }
    }
}
