import Glibc
import HTTPSemantics
import Sockets

extension HTTPClient {
    /// Looks the host up and connects to the first of its addresses that answers, with TLS if the origin says so.
    func connect(to origin: HTTPOrigin, before deadline: Deadline) async throws(ExchangeError) -> OriginConnection {
        let addresses = try await addresses(of: origin, before: deadline)
        let transport = try await connect(toOneOf: addresses, before: deadline)
        guard origin.scheme == .https else { return OriginConnection(stream: transport, transport: transport) }
        // One handler for the handshake: it closes the stream, and the handshake ends by itself.
        let outcome = await withTaskCancellationHandler {
            do throws(StreamError) {
                return Result<any ByteStream, StreamError>.success(
                    try await secure(transport, origin.hostWithoutBrackets, deadline)
                )
            } catch {
                return .failure(error)
            }
        } onCancel: {
            transport.close()
        }
        switch outcome {
        case .success(let stream):
            return OriginConnection(stream: stream, transport: transport)
        case .failure(let error):
            transport.close()
            throw ExchangeError(error, sent: false)
        }
    }

    /// What goes over plain http stays on this machine, whatever a name server or a configuration says.
    private func addresses(
        of origin: HTTPOrigin,
        before deadline: Deadline
    ) async throws(ExchangeError) -> [SocketAddress] {
        guard let port = UInt16(exactly: origin.port) else { throw .nameNotResolved }
        var addresses: [SocketAddress]
        do throws(StreamError) {
            addresses = try await names.addresses(of: origin.host, port: port, on: nextLoop(), before: deadline)
        } catch {
            throw ExchangeError(error, sent: false)
        }
        guard !addresses.isEmpty else { throw .nameNotResolved }
        if origin.scheme == .http {
            addresses.removeAll { !$0.isLoopback }
            guard !addresses.isEmpty else { throw .plaintextRefused }
        }
        return addresses
    }

    private func connect(
        toOneOf addresses: [SocketAddress],
        before deadline: Deadline
    ) async throws(ExchangeError) -> TCPStream {
        var failure = ExchangeError.connectionRefused
        for (index, address) in addresses.enumerated() {
            // An address that does not answer at all leaves time for those after it.
            let rest = Deadline.now.duration(to: deadline)
            let share = index == addresses.count - 1 ? rest : max(rest / 2, min(rest, .milliseconds(250)))
            do throws(StreamError) {
                return try await TCPStream.connect(to: address, on: nextLoop(), before: .now + share)
            } catch .cancelled {
                throw .cancelled(sent: false)
            } catch {
                failure = Self.connectFailure(error)
            }
        }
        throw failure
    }

    private static func connectFailure(_ error: StreamError) -> ExchangeError {
        switch error {
        case .deadlinePassed, .system(errno: ETIMEDOUT): .timedOut(sent: false)
        case .system(errno: EMFILE), .system(errno: ENFILE), .system(errno: ENOBUFS), .system(errno: ENOMEM):
            .connectionLost(sent: false)
        default: .connectionRefused
        }
    }
}

extension HTTPOrigin {
    /// As a certificate has it: `::1` for `[::1]`.
    fileprivate var hostWithoutBrackets: String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}

extension ExchangeError {
    /// - Parameter sent: whether any of the request had left.
    init(_ error: StreamError, sent: Bool) {
        self =
            switch error {
            case .deadlinePassed: .timedOut(sent: sent)
            case .cancelled: .cancelled(sent: sent)
            case .connectionLost, .system: .connectionLost(sent: sent)
            // Once the request has left, what TLS reports is a connection that broke: the other side may have acted.
            case .certificateNotTrusted: sent ? .connectionLost(sent: true) : .certificateNotTrusted
            case .tlsFailed: sent ? .connectionLost(sent: true) : .tlsFailed
            }
    }
}
