import ArgumentParser
import ConnectApp
import HTTPSemantics
import HTTPTypes

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Asks a running Postern on this machine whether it is ready; for a container's health check.",
        discussion: "Exit status 0 if it is, 1 if not. Example: postern health --config config.json"
    )

    @OptionGroup var options: ConfigurationOptions
    @Option(name: .long, help: "The port of the second listener, instead of the configuration's.") var port: UInt16?
    @Flag(name: .long, help: "Ask only whether the process answers (/livez).") var live = false

    func run() async throws {
        let endpoint = ConnectConfiguration.operationsEndpoint(options.layers)
        // A listener on all addresses is asked on loopback.
        let everywhere = ["0.0.0.0", "::", "[::]"].contains(endpoint.address)
        let host = everywhere ? "127.0.0.1" : endpoint.address
        let origin = HTTPOrigin(
            scheme: .http,
            host: host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host,
            port: Int(port ?? endpoint.port)
        )
        let answer = try await Outbound.with(trusting: nil) { exchange in
            do throws(ExchangeError) {
                let response = try await exchange.response(
                    to: OutboundRequest(
                        origin: origin,
                        method: .get,
                        pathAndQuery: live ? "/livez" : "/readyz",
                        timeLimit: .seconds(3),
                        responseLimitBytes: 4096
                    )
                )
                return (response.head.status.code, String(decoding: response.content, as: UTF8.self))
            } catch {
                return (0, "no answer from \(origin): \(error)\n")
            }
        }
        guard answer.0 == 200 else { throw CommandFailure(message: String(answer.1.dropLast())) }
        print(answer.1, terminator: "")
    }
}
