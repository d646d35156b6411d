/// Where to listen, as a person writes it.
package enum ListenAddress: Hashable, Sendable {
    case address(SocketAddress)
    /// Both loopback addresses with the same port: browsers try either.
    case localhost(port: UInt16)

    /// - Returns: nil unless `host` is `localhost` or an IPv4 or IPv6 address, in brackets or not.
    package init?(host: String, port: UInt16) {
        if host == "localhost" {
            self = .localhost(port: port)
        } else if let address = SocketAddress(host, port: port) {
            self = .address(address)
        } else {
            return nil
        }
    }
}

extension Listener {
    /// Opens one listener, or two for ``ListenAddress/localhost(port:)``, of which IPv6 may be missing on the machine.
    package static func open(_ place: ListenAddress, on loop: EventLoop) throws(ListenError) -> [Listener] {
        switch place {
        case .address(let address): return [try Listener(at: address, on: loop)]
        case .localhost(let port): return try openLoopback(port, on: loop)
        }
    }

    private static func openLoopback(_ port: UInt16, on loop: EventLoop) throws(ListenError) -> [Listener] {
        let v6 = SocketAddress.Host.v6(high: 0, low: 1, zone: 0)
        var attempts = 0
        while true {
            attempts += 1
            let first = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: port), on: loop)
            do throws(ListenError) {
                return [first, try Listener(at: SocketAddress(v6, port: first.address.port), on: loop)]
            } catch .addressNotAvailable {
                return [first]
            } catch .addressInUse where port == 0 && attempts < 16 {
                // The port was free on the one and taken on the other: let the system choose another.
                first.close()
            } catch {
                first.close()
                throw error
            }
        }
    }
}

/// Listens at each of the places while `body` runs.
package func withListeners<Result>(
    at places: [ListenAddress],
    on loop: EventLoop,
    _ body: ([Listener]) async -> Result
) async throws(ListenError) -> Result {
    var listeners: [Listener] = []
    // Closing is written once and cannot wait for anything, so here `defer` will do.
    defer { for listener in listeners { listener.close() } }
    for place in places { listeners += try Listener.open(place, on: loop) }
    return await body(listeners)
}
