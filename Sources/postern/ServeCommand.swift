import ArgumentParser
import ConnectApp
import Cryptography
import Glibc
import GrantStore
import HTTPSemantics
import Logging
import Metrics
import Nylas
import Sockets
import TLS
import Timekeeping

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves the connect page and the callback.",
        discussion: """
            Secrets come from the environment, or from files: NYLAS_API_KEY or NYLAS_API_KEY_FILE, POSTERN_SEALING_KEY or
            POSTERN_SEALING_KEY_FILE. Every key of the file can be a variable too: nylas.clientID is POSTERN_NYLAS_CLIENT_ID.

            Example: NYLAS_API_KEY_FILE=/run/secrets/nylas postern serve --config config.json
            """
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        try await Self.serve(options.source)
    }

    static func serve(_ source: ConfigurationSource) async throws {
        let configuration = try source.read()
        let log = LogOutput(
            format: configuration.logFormat.resolved,
            level: Logger.Level(configured: configuration.logLevel)
        )
        defer { log.flush() }
        // Before anything else is opened: they have numbers of their own.
        let passed = try PassedListeners.take(configuration)
        // From the first moment: until somebody listens for it, it must not end the process.
        _ = signal(SIGHUP, SIG_IGN)
        let certificates = try configuration.tls.map { source throws(CommandFailure) in
            try Certificates.keeper(source, host: configuration.publicURL.host)
        }
        let webhooks = WebhookSetup(configuration)
        let storeReads = StoreReads.histogram()
        let store = try openStore(configuration.dataDirectory, telling: webhooks.policy, noting: storeReads, log: log)
        var settings = try ConnectSettings(configuration)
        settings.limits = possibleLimits(configuration.limits, log: log)
        let serving = Serving(
            settings: settings,
            store: store,
            storeReads: storeReads,
            apiTokens: configuration.apiTokens,
            trustedCertificates: configuration.trustedCertificates,
            certificates: certificates,
            publicPlace: try place(configuration.listen),
            operationsPlace: try place(configuration.operations),
            redirectPlace: try configuration.redirect.map { endpoint throws(CommandFailure) in try place(endpoint) },
            sandbox: nil,
            webhooks: webhooks,
            passed: passed,
            log: log,
            configuration: (configuration, { () throws(CommandFailure) in try source.read() })
        ) {
            if let certificates {
                log.writeCertificates(of: certificates, at: WallClock.system.now())
                for fault in certificates.faults {
                    log.write(level: .warning, event: "certificate not used", [("reason", .text(fault.sentence))])
                }
            }
            log.write(
                level: .info,
                event: "ready",
                [
                    ("url", .text("\(configuration.publicURL)")),
                    ("listen", .text(passed.application.isEmpty ? configuration.listen.text : "a passed socket")),
                    (
                        "operations",
                        .text(passed.operations.isEmpty ? configuration.operations.text : "a passed socket")
                    ),
                    ("nylas", .text("\(configuration.nylas.origin)")),
                    ("version", .text(postern.version)),
                ]
            )
        }
        try await serving.run()
        log.write(level: .info, event: "stopped", [])
    }

    /// The limits, with no more connections than there can be descriptors for.
    private static func possibleLimits(_ limits: Limits, log: LogOutput) -> Limits {
        DescriptorLimit.raise()
        var possible = limits
        possible.connections = DescriptorLimit.connections(of: limits, within: DescriptorLimit.hard)
        if possible.connections < limits.connections {
            log.write(
                level: .warning,
                event: "fewer connections than configured",
                [
                    ("connections", .number(possible.connections)), ("descriptors", .number(DescriptorLimit.hard)),
                    ("advice", .text(DescriptorLimit.advice)),
                ]
            )
        }
        return possible
    }

    private static func place(_ endpoint: ConnectConfiguration.Endpoint) throws(CommandFailure) -> ListenAddress {
        guard let place = ListenAddress(host: endpoint.address, port: endpoint.port) else {
            throw CommandFailure(status: .configuration, message: "\(endpoint.address) is not an IP address.")
        }
        return place
    }
}

extension ConnectSettings {
    /// What the configuration says, with the sealing key that is kept beside the store where it names none.
    init(_ configuration: ConnectConfiguration) throws(CommandFailure) {
        let keys =
            if let given = configuration.sealingKeys { given } else {
                SealingKeys(current: try keptKey(in: configuration.dataDirectory))
            }
        self.init(
            publicURL: configuration.publicURL,
            brand: configuration.brand,
            isOpen: configuration.isOpen,
            providers: configuration.providers,
            offersNylasChooser: configuration.letsNylasAsk,
            profile: configuration.profile,
            profiles: configuration.profiles,
            returnURLs: configuration.returnURLs,
            confirmationURL: configuration.confirmationURL,
            nylas: configuration.nylas,
            sealingKeys: keys,
            isSandbox: configuration.isSandbox,
            limits: configuration.limits,
            proxies: configuration.proxies
        )
    }
}

extension ConnectConfiguration.Endpoint {
    var text: String { "\(address):\(port)" }
}

/// Opens the store for `serve` and `demo`, says what it warns of, or ends the command with a sentence.
func openStore(
    _ directory: String,
    telling outbox: OutboxPolicy = .silent,
    noting reads: DurationHistogram,
    log: LogOutput
) throws(CommandFailure) -> FileGrantStore {
    do throws(StoreError) {
        let store = try FileGrantStore(directory: directory, outbox: outbox, noteRead: { reads.record($0) })
        for warning in store.warnings {
            log.write(level: .warning, event: "file store", [("warning", .text("\(warning)"))])
        }
        return store
    } catch {
        throw CommandFailure(message: "The file store in \(directory): \(error.sentence)")
    }
}

/// The sealing key that is kept beside the store when the operator gives none; made at the first start.
func keptKey(in directory: String) throws(CommandFailure) -> SealingKeys.Key {
    let path = directory + "/sealing.key"
    do throws(Files.KeyFileError) {
        let text = try Files.keyText(at: path) { Base64.encode(RandomSource.system.bytes(32), .url) }
        guard let key = SealingKeys.Key(text: text) else { throw .notAKey(path: path) }
        return key
    } catch {
        switch error {
        case .cannotUse(let path, let number):
            throw CommandFailure(message: "The sealing key \(path) cannot be made or read (errno \(number)).")
        case .notAKey(let path):
            throw CommandFailure(message: "\(path) does not hold a sealing key. Move it away to have a new one made.")
        }
    }
}

extension ConnectConfiguration.LogFormat {
    var resolved: LogLine.Format {
        switch self {
        case .json: .json
        case .text: .text
        case .auto: isTerminal(1) ? .text : .json
        }
    }
}
