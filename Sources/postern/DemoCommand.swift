import ArgumentParser
import ConnectApp
import Cryptography
import Grants
import HTTPSemantics
import Logging
import Nylas
import NylasSandbox
import Sockets
import Timekeeping

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The whole product on this machine, with a sandbox that plays Nylas: no account, no configuration.",
        discussion: """
            Postern is on localhost, the sandbox on 127.0.0.1 at the next port: two sites, as in life.

            Example: postern demo --port 9000 --data /tmp/postern-demo
            """
    )

    @Option(name: .long, help: "Postern's port; the sandbox takes the next one.") var port: UInt16 = 8080
    @Option(name: .long, help: "The sandbox's port, instead of the next one.") var sandboxPort: UInt16?
    @Option(name: .long, help: ArgumentHelp("Where grants are kept.", valueName: "DIR")) var data = "postern-demo"

    func validate() throws {
        guard (1...65_534).contains(port) else { throw ValidationError("--port must be between 1 and 65534.") }
        guard sandboxPort != port, sandboxPort != 0 else {
            throw ValidationError("--sandbox-port must be another port than --port, and not 0.")
        }
    }

    func run() async throws {
        let log = LogOutput(format: isTerminal(1) ? .text : .json)
        defer { log.flush() }
        let sandboxPort = sandboxPort ?? port + 1
        let publicURL = HTTPOrigin(scheme: .http, host: "localhost", port: Int(port))
        let sandboxOrigin = HTTPOrigin(scheme: .http, host: "127.0.0.1", port: Int(sandboxPort))
        // Made anew at each start: nobody else can use the sandbox's API, and nothing has to be kept secret.
        let apiKey = "nyk_sandbox_" + Base64.encode(RandomSource.system.bytes(24), .url)
        let clientID = "postern-demo"
        var play = SandboxConfiguration(
            origin: sandboxOrigin,
            clientID: clientID,
            apiKey: apiKey,
            redirectURIs: [SandboxConfiguration.CallbackURI(url: "\(publicURL)/callback")]
        )
        // For `postern consent invite`, whose credential would have to be made with the key that nobody knows.
        play.adminConsents = ["demo-any": "common", "demo-one": "6b1f8a7c-2d4e-4a90-8c53-9e0d1f2a3b4c"]
        // Minutes in life; whoever tries the demo out should see the end of it.
        play.limits.consentPropagation = .seconds(3)
        let sandbox = NylasSandbox(
            configuration: play,
            wallClock: .system,
            random: .system,
            clock: ContinuousClock()
        )
        let storeReads = StoreReads.histogram()
        let store = try openStore(data, noting: storeReads, log: log)
        var limits = Limits()
        // On loopback everybody is one client, and whoever tries the demo out may try as often as they like.
        limits.startsPerMinute = 1_000_000
        limits.callbacksPerMinute = 1_000_000
        var settings = ConnectSettings(
            publicURL: publicURL,
            brand: ConnectSettings.Brand(
                name: "Acme",
                supportAddress: "support@acme.example",
                privacyURL: "https://acme.example/privacy"
            ),
            isOpen: true,
            providers: Provider.allCases,
            offersNylasChooser: true,
            profile: .read,
            nylas: NylasApplication(origin: sandboxOrigin, clientID: clientID, apiKey: Secret(apiKey)),
            sealingKeys: SealingKeys(current: try keptKey(in: data)),
            isSandbox: true,
            limits: limits
        )
        settings.consentDelay = .seconds(4)
        guard let loopback = ListenAddress(host: "127.0.0.1", port: sandboxPort) else {
            preconditionFailure("127.0.0.1 is an address")
        }
        let directory = data
        let serving = Serving(
            settings: settings,
            store: store,
            storeReads: storeReads,
            trustedCertificates: nil,
            certificates: nil,
            publicPlace: .localhost(port: port),
            operationsPlace: nil,
            sandbox: (sandbox, loopback),
            portSettings: (application: "--port", sandbox: "--sandbox-port"),
            log: log,
            configuration: nil
        ) {
            standardError(
                """

                  Postern's demo is running. Open this address in a browser:

                      \(publicURL)

                  A sandbox at \(sandboxOrigin) plays Nylas and the mail providers: nothing here is real.
                  Grants are kept in \(directory). Look at them with:

                      \(CommandLine.arguments.first ?? "postern") grants list --data \(directory)

                  Ctrl-C stops it.

                """
            )
        }
        try await serving.run()
        standardError("Stopped. Everything that was shown as connected is in \(directory).")
    }
}
