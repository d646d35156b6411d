import CLinux
import Glibc

/// Why nobody can be listened to.
package enum ListenError: Error, Hashable, Sendable {
    case addressInUse(SocketAddress)
    /// A port below 1024 without the right to it.
    case permissionDenied(SocketAddress)
    /// The address is none of this machine's.
    case addressNotAvailable(SocketAddress)
    /// The descriptor handed over is not a listening stream socket.
    case notListening(descriptor: Int32)
    case system(SystemError)
}

/// A listening socket.
package final class Listener: Sendable {
    /// Where it listens, with the real port if 0 was asked for.
    package let address: SocketAddress
    private let socket: Socket

    /// Binds and listens.
    ///
    /// - Parameter address: port 0 lets the system choose. `[::]` accepts IPv4 too.
    package init(at address: SocketAddress, on loop: EventLoop, backlog: Int32 = 4096) throws(ListenError) {
        var raw = address.raw
        // Sound: the address is only read, during the call.
        let number = unsafe postern_listen(&raw, backlog)
        guard number >= 0 else { throw Self.error(-number, address) }
        let descriptor = Descriptor(adopting: number)
        self.address = Self.localAddress(of: descriptor.number) ?? address
        do throws(SystemError) {
            socket = try Socket(adopting: descriptor, on: loop, isReady: false)
        } catch {
            throw .system(error)
        }
    }

    /// Takes over a socket that somebody else has bound and made listen (socket activation).
    package init(adopting descriptor: consuming Descriptor, on loop: EventLoop) throws(ListenError) {
        let number = descriptor.number
        let outcome = postern_adopt(number, true)
        guard outcome >= 0 else { throw .notListening(descriptor: number) }
        address = Self.localAddress(of: number) ?? SocketAddress(.local, port: 0)
        do throws(SystemError) {
            socket = try Socket(adopting: descriptor, on: loop, isReady: false)
        } catch {
            throw .system(error)
        }
    }

    deinit {
        socket.close()
    }

    /// Waits for the next connection and registers it with `loop`.
    ///
    /// A connection that broke before it could be accepted is passed over. When the process or the machine has no
    /// descriptors or memory left, that is reported and tried again after a tenth of a second: those waiting in the
    /// backlog get their turn when others leave.
    ///
    /// - Returns: nil once the listener is closed.
    package func accept(
        onto loop: EventLoop,
        reporting report: (SystemError) -> Void = { _ in }
    ) async -> TCPStream? {
        while true {
            var raw = postern_address()
            // Sound: the shim writes one address.
            switch socket.attempt(.reading, asking: 0, { Int(unsafe postern_accept($0, &raw)) }) {
            case .moved(let number):
                do throws(SystemError) {
                    let descriptor = Descriptor(adopting: Int32(number))
                    return try TCPStream(adopting: descriptor, peer: SocketAddress(raw), on: loop)
                } catch {
                    report(error)
                }
            case .wouldBlock:
                guard case .ready = await socket.wait(for: .reading, before: Self.never) else { return nil }
            case .failed(let number):
                if Self.concernsOneConnection(number) { continue }
                report(SystemError(number))
                await pause(.milliseconds(100))
            case .closed:
                return nil
            }
        }
    }

    /// Has the system give up peers that take nothing of what was sent to them for so long, also after closing.
    ///
    /// Otherwise it would hold up to some megabytes for each of them, for minutes, where no limit of ours counts them.
    package func setPatience(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let milliseconds = UInt32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        // Of a socket that is not TCP it means nothing, and is refused.
        _ = socket.withDescriptor { postern_set_patience($0, milliseconds) }
    }

    /// Ends ``accept(onto:reporting:)``. Whoever is still in the backlog is turned away by the system.
    package func close() {
        socket.close()
    }

    private static var never: Deadline { .now + .seconds(86_400 * 365) }

    /// A listening socket never becomes writable, so waiting for it is a pause that ``close()`` ends.
    private func pause(_ duration: Duration) async {
        _ = await socket.wait(for: .writing, before: .now + duration)
    }

    /// Errors of the connection that was at the head of the backlog (accept(2)), as opposed to our own want of means.
    private static func concernsOneConnection(_ number: Int32) -> Bool {
        switch number {
        case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH, ETIMEDOUT:
            true
        default:
            false
        }
    }

    static func localAddress(of descriptor: Int32) -> SocketAddress? {
        var raw = postern_address()
        // Sound: the shim writes one address.
        guard unsafe postern_local_address(descriptor, &raw) >= 0 else { return nil }
        return SocketAddress(raw)
    }

    private static func error(_ number: Int32, _ address: SocketAddress) -> ListenError {
        switch number {
        case EADDRINUSE: .addressInUse(address)
        case EACCES, EPERM: .permissionDenied(address)
        case EADDRNOTAVAIL, EAFNOSUPPORT: .addressNotAvailable(address)
        default: .system(SystemError(number))
        }
    }
}
