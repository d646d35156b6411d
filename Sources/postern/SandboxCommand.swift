import ArgumentParser
import ConnectApp
import Cryptography
import HTTPSemantics
import HTTPServer
import HTTPTypes
import NylasSandbox
import Sockets
import TLS
import Timekeeping
import UnixSignals

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "The Nylas sandbox alone: for your own tests and CI, also with Nylas's SDKs.",
        discussion: """
            Point an SDK's API address at it. Nothing is kept when it stops. POST /sandbox/script makes it fail on demand.

            Example: postern sandbox --port 8081 --redirect-uri http://localhost:8080/callback
            """
    )

    @Option(name: .long, help: "The address to listen at, an IP address or localhost.") var address = "127.0.0.1"
    @Option(name: .long, help: "The port; 0 lets the system choose.") var port: UInt16 = 8081
    @Option(name: .long, help: "The application's client ID.") var clientID = "postern-sandbox"
    @Option(name: .long, help: "The application's API key. A sandbox's key is no secret.") var apiKey = "nyk_sandbox"
    @Option(
        name: .customLong("redirect-uri"),
        help: ArgumentHelp("A callback URI of the application; may be repeated.", valueName: "URI")
    )
    var redirectURIs: [String] = ["http://localhost:8080/callback"]
    @Option(name: .long, help: "Answer 429 beyond so many API requests in a second. Nylas: 50.")
    var requestsPerSecond: Int?
    @Option(name: .long, help: "Seconds until an administrator's approval counts. Microsoft: about 300.")
    var consentDelay: Int?
    @Option(name: .long, help: "Serve TLS with this certificate chain, PEM.") var certificateChain: String?
    @Option(name: .long, help: "The private key to the certificate, PEM.") var privateKey: String?

    func validate() throws {
        guard (certificateChain == nil) == (privateKey == nil) else {
            throw ValidationError("--certificate-chain and --private-key go together.")
        }
        guard ListenAddress(host: address, port: port) != nil else {
            throw ValidationError("--address must be an IP address or localhost.")
        }
    }

    func run() async throws {
        guard let place = ListenAddress(host: address, port: port) else { return }
        var tls: TLSServerContext?
        if let certificateChain, let privateKey {
            tls = try Certificates.context(chain: certificateChain, key: privateKey)
        }
        let secured = tls
        let result: Result<Void, CommandFailure>
        do throws(SystemError) {
            result = try await withEventLoops(processorCount()) { loops in
                do throws(CommandFailure) {
                    try await serve(at: place, secured, on: loops)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw CommandFailure(message: "The system gives no event loop: \(error).")
        }
        try result.get()
    }

    private func serve(
        at place: ListenAddress,
        _ tls: TLSServerContext?,
        on loops: [EventLoop]
    ) async throws(CommandFailure) {
        let listeners: [Listener]
        do throws(ListenError) {
            listeners = try Listener.open(place, on: loops[0])
        } catch {
            throw CommandFailure(message: error.sentence(place, "--port"))
        }
        let origin = HTTPOrigin(
            scheme: tls == nil ? .http : .https,
            host: address.contains(":") ? "[\(address)]" : address,
            port: listeners.first.map { Int($0.address.port) } ?? Int(port)
        )
        var limits = SandboxConfiguration.Limits()
        limits.requestsPerSecond = requestsPerSecond
        limits.consentPropagation = .seconds(consentDelay ?? 0)
        let sandbox = NylasSandbox(
            configuration: SandboxConfiguration(
                origin: origin,
                clientID: clientID,
                apiKey: apiKey,
                redirectURIs: redirectURIs.map { SandboxConfiguration.CallbackURI(url: $0) },
                limits: limits
            ),
            wallClock: .system,
            random: .system,
            clock: ContinuousClock()
        )
        let secure = tls.map(Certificates.acceptor)
        let server = HTTPServer(
            loops: loops,
            errorResponse: { status, reference, _ in
                Response(
                    status: status,
                    fields: [.contentType: "application/json"],
                    content: Array(#"{"request_id":"\#(reference)","error":{"type":"invalid_request_error"}}"#.utf8)
                )
            }
        )
        let shutdown = GracefulShutdown()
        standardError("The Nylas sandbox is at \(origin) (client ID \(clientID), API key \(apiKey)). Ctrl-C stops it.")
        await withTaskGroup { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                    if shutdown.hasBegun { exitNow() }
                    shutdown.begin()
                }
            }
            await server.serve(
                [HTTPServer.Service(listeners: listeners, handler: sandbox, secure: secure)],
                until: shutdown
            )
            group.cancelAll()
        }
    }
}
