import Glibc
import Synchronization
import Testing

@testable import Sockets

@Suite("Listening and connecting")
struct ListenerTests {
    @Test func `chooses a port and says which`() async throws {
        try await onLoops(1) { loops in
            let listener = try Listener(at: loopback, on: loops[0])
            #expect(listener.address.port != 0)
            #expect(listener.address.isLoopback)
        }
    }

    @Test func `both ends of a connection send without delay`() async throws {
        try await onLoops(1) { loops in
            let (client, server) = try await connection(loops[0], loops[0])
            for stream in [client, server] {
                var isOn: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                let outcome = stream.socket.withDescriptor {
                    // Sound: both are written during the call, and `size` is that of `isOn`.
                    unsafe getsockopt($0, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &size)
                }
                #expect(outcome == 0 && isOn != 0)
            }
        }
    }

    @Test func `names the address that is in use`() async throws {
        try await onLoops(1) { loops in
            let first = try Listener(at: loopback, on: loops[0])
            #expect(throws: ListenError.addressInUse(first.address)) {
                _ = try Listener(at: first.address, on: loops[0])
            }
        }
    }

    @Test func `names an address that is none of this machine's`() async throws {
        try await onLoops(1) { loops in
            // 192.0.2.0/24 is for documentation (RFC 5737).
            let elsewhere = SocketAddress(.v4(0xC000_0201), port: 0)
            #expect(throws: ListenError.addressNotAvailable(elsewhere)) {
                _ = try Listener(at: elsewhere, on: loops[0])
            }
        }
    }

    @Test func `a port is free again as soon as its listener is closed`() async throws {
        try await onLoops(1) { loops in
            let (client, server) = try await connection(loops[0], loops[0])
            let address = try #require(server.localAddress)
            // The server's end closes first, so that its port stays in TIME_WAIT.
            server.close()
            _ = try await read(1, from: client)
            client.close()
            let again = try Listener(at: address, on: loops[0])
            #expect(again.address == address)
        }
    }

    @Test func `localhost is both loopback addresses with one port`() async throws {
        try await onLoops(1) { loops in
            let listeners = try Listener.open(.localhost(port: 0), on: loops[0])
            #expect(Set(listeners.map(\.address.port)).count == 1)
            #expect(listeners.allSatisfy { $0.address.isLoopback })
            for listener in listeners {
                let client = try await TCPStream.connect(to: listener.address, on: loops[0], before: soon)
                let server = try #require(await listener.accept(onto: loops[0]))
                #expect(server.peer == client.localAddress)
            }
        }
    }

    @Test func `localhost with a taken port is an error, and leaves nothing open`() async throws {
        try await onLoops(1) { loops in
            let taken = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
            #expect(throws: ListenError.addressInUse(taken.address)) {
                _ = try Listener.open(.localhost(port: taken.address.port), on: loops[0])
            }
        }
    }

    @Test func `takes over a socket that already listens`() async throws {
        try await onLoops(1) { loops in
            let address = SocketAddress(.v4(0x7F00_0001), port: 0)
            let opened = try Self.openListening(address)
            let listener = try Listener(adopting: Descriptor(adopting: opened), on: loops[0])
            #expect(listener.address.port != 0)
            let client = try await TCPStream.connect(to: listener.address, on: loops[0], before: soon)
            let server = try #require(await listener.accept(onto: loops[0]))
            try await client.write([1], [], before: soon)
            #expect(try await read(1, from: server) == [1])
        }
    }

    @Test func `refuses to take over what does not listen`() async throws {
        try await onLoops(1) { loops in
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #expect(throws: ListenError.notListening(descriptor: number)) {
                _ = try Listener(adopting: Descriptor(adopting: number), on: loops[0])
            }
            // Sound: the path lives across the call.
            let file = unsafe open("/dev/null", O_RDONLY)
            #expect(throws: ListenError.notListening(descriptor: file)) {
                _ = try Listener(adopting: Descriptor(adopting: file), on: loops[0])
            }
        }
    }

    @Test func `closing ends waiting for a connection`() async throws {
        try await onLoops(1) { loops in
            let listener = try Listener(at: loopback, on: loops[0])
            async let accepted = listener.accept(onto: loops[0])
            await Task.yield()
            listener.close()
            #expect(await accepted == nil)
            #expect(await listener.accept(onto: loops[0]) == nil)
        }
    }

    @Test func `connecting where nobody listens is refused`() async throws {
        try await onLoops(1) { loops in
            // A client's own port: the one of a listener that was closed may be another test's by now.
            let (client, server) = try await connection(loops[0], loops[0])
            let address = try #require(client.localAddress)
            await #expect(throws: StreamError.system(errno: ECONNREFUSED)) {
                _ = try await TCPStream.connect(to: address, on: loops[0], before: soon)
            }
            server.close()
            client.close()
        }
    }

    @Test func `running out of descriptors is reported, and accepting goes on when one is free`() async throws {
        await #expect(processExitsWith: .success) { () async throws in
            try await onLoops(1) { loops in
                let listener = try Listener(at: loopback, on: loops[0])
                // More than one of each: other threads of the process open and close descriptors, too.
                var clients: [TCPStream] = []
                for _ in 0..<8 {
                    clients.append(try await TCPStream.connect(to: listener.address, on: loops[0], before: soon))
                }
                let spares = Record((0..<8).map { _ in dup(0) })
                // From here on no descriptor can be had, until one is given back.
                let count = rlim_t((spares.value.max() ?? 0) + 1)
                var limit = rlimit(rlim_cur: count, rlim_max: count)
                guard unsafe setrlimit(__rlimit_resource_t(7), &limit) == 0 else { exit(3) }
                let reports = Record<[SystemError]>([])
                var servers: [TCPStream] = []
                while reports.value.isEmpty, servers.count < clients.count {
                    while dup(0) >= 0 {}
                    let server = await listener.accept(onto: loops[0]) { error in
                        reports.update { $0.append(error) }
                        spares.update { if let spare = $0.popLast() { close(spare) } }
                    }
                    guard let server else { exit(4) }
                    servers.append(server)
                }
                guard let server = servers.last, Set(reports.value) == [SystemError(EMFILE)] else { exit(6) }
                let client = clients[servers.count - 1]
                try await client.write([1], [], before: soon)
                guard try await read(1, from: server) == [1] else { exit(5) }
            }
            exit(0)
        }
    }

    private static func openListening(_ address: SocketAddress) throws -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard number >= 0, listen(number, 8) == 0 else { throw SystemError(errno) }
        return number
    }
}
