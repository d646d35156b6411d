import ConnectApp
import HTTPClient
import HTTPSemantics
import Logging
import Sockets
import TLS

/// The way out to Nylas and to the host app: our client over TLS that trusts the system's authorities, or those the operator
/// names.
enum Outbound {
    static func exchange(
        on loops: [EventLoop],
        trusting file: String?,
        key: String = "nylas.trustedCertificates",
        log: LogOutput? = nil
    ) throws(CommandFailure) -> HTTPClient {
        let report: @Sendable (String, TLSFailure) -> Void = { host, failure in
            log?.write(
                level: .warning,
                event: "handshake refused",
                [("host", .text(host)), ("reason", .text("\(failure)"))]
            )
        }
        guard let file else {
            let trust = LazyTrust(on: loops[0], reporting: report)
            return HTTPClient(loops: loops) { stream, host, deadline throws(StreamError) in
                try await trust.context(before: deadline).connect(stream, to: host, before: deadline)
            }
        }
        guard let bytes = Files.read(file) else {
            throw CommandFailure(message: "\(key): \(file) cannot be read.")
        }
        do throws(TLSConfigurationError) {
            let context = try TLSClientContext(trust: .certificates(bytes), reporting: report)
            return HTTPClient(loops: loops) { stream, host, deadline throws(StreamError) in
                try await context.connect(stream, to: host, before: deadline)
            }
        } catch {
            throw CommandFailure(message: "\(key): \(error.sentence)")
        }
    }

    /// For commands that ask something and end.
    static func with<Result: Sendable>(
        _ configuration: ConnectConfiguration,
        _ body: (any HTTPExchange) async -> Result
    ) async throws(CommandFailure) -> Result {
        try await with(trusting: configuration.trustedCertificates, body)
    }

    static func with<Result: Sendable>(
        trusting file: String?,
        key: String = "nylas.trustedCertificates",
        _ body: (any HTTPExchange) async -> Result
    ) async throws(CommandFailure) -> Result {
        let result: Swift.Result<Result, CommandFailure>
        do throws(SystemError) {
            result = try await withEventLoops(1) { loops in
                do throws(CommandFailure) {
                    let client = try exchange(on: loops, trusting: file, key: key)
                    let value = await body(client)
                    client.closeIdleConnections()
                    return .success(value)
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw CommandFailure(message: "No event loop: \(error)")
        }
        return try result.get()
    }
}
