import ArgumentParser
import ConnectApp
import Cryptography
import Grants
import Nylas

struct ConnectorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connectors",
        abstract: "The application's set-up of each provider, at Nylas.",
        subcommands: [List.self, Show.self, Create.self]
    )

    struct Output: Encodable {
        var provider: String
        var name: String?
        var client_id: String?
        var tenant: String?
        var scope: [String]

        init(_ connector: Connector) {
            provider = connector.provider
            name = connector.name
            client_id = connector.settings?.clientID
            tenant = connector.settings?.tenant
            scope = connector.scope ?? []
        }

        var lines: String {
            let rows = [
                ["provider", provider], ["name", name ?? "–"], ["client ID", client_id ?? "–"],
                ["tenant", tenant ?? "–"], ["scopes", scope.isEmpty ? "–" : scope.joined(separator: " ")],
            ]
            return GrantOutput.columns(rows.map { $0.map(GrantOutput.printable) })
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the connectors.")

        @OptionGroup var options: ConfigurationOptions
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false

        func run() async throws {
            let found = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
                try await NylasCalls.ask { () async throws(NylasError) in try await client.connectors() }
            }.map(Output.init)
            guard !json else { return print(GrantOutput.encode(found)) }
            guard !found.isEmpty else { return print("The application has no connector.") }
            let rows = found.map {
                [$0.provider, $0.client_id ?? "–", $0.tenant ?? "–", $0.scope.joined(separator: " ")]
            }
            print(
                GrantOutput.columns(
                    ([["PROVIDER", "CLIENT", "TENANT", "SCOPES"]] + rows).map { $0.map(GrantOutput.printable) }
                )
            )
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one connector.")

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: "google, microsoft, yahoo, icloud, imap or ews.") var provider: Provider
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            let provider = provider
            let found = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
                try await NylasCalls.ask { () async throws(NylasError) in try await client.connector(of: provider) }
            }
            print(json ? GrantOutput.encode(Output(found)) : Output(found).lines)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the connector of a provider; an application has one of each.",
            discussion: """
                The secret of your app at the provider comes from POSTERN_PROVIDER_SECRET or a file, never from the command line.

                Example: postern connectors create microsoft --client-id 0000… --client-secret-file secret.txt --tenant common
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var app: ProviderAppOptions
        @Argument(help: "google, microsoft, yahoo, icloud, imap or ews.") var provider: Provider
        @Option(help: ArgumentHelp("Microsoft: common, or the ID of one organisation.", valueName: "TENANT"))
        var tenant: String?
        @Option(help: ArgumentHelp("A scope to ask for by itself; several times for several.", valueName: "SCOPE"))
        var scope: [String] = []
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            let app = try app.read()
            let order = NewConnector(provider: provider, app: app, tenant: tenant, scopes: scope)
            if let fault = order.fault { throw ValidationError(fault.sentence(provider)) }
            let made = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
                try await NylasCalls.ask { () async throws(NylasError) in try await client.createConnector(order) }
            }
            print(json ? GrantOutput.encode(Output(made)) : Output(made).lines)
        }
    }
}

/// `--client-id` and the secret that goes with it, which is never on the command line.
struct ProviderAppOptions: ParsableArguments {
    static let variable = "POSTERN_PROVIDER_SECRET"

    @Option(help: ArgumentHelp("The client ID of your app at the provider.", valueName: "ID")) var clientID: String?
    @Option(
        help: ArgumentHelp("The file with the app's secret, instead of POSTERN_PROVIDER_SECRET.", valueName: "FILE")
    )
    var clientSecretFile: String?

    /// - Returns: nil if no app was named.
    func read() throws -> ProviderApp? {
        guard let clientID else {
            guard clientSecretFile == nil else { throw ValidationError("--client-secret-file needs --client-id.") }
            return nil
        }
        var secret = environment()[Self.variable] ?? ""
        if let clientSecretFile {
            guard let bytes = Files.read(clientSecretFile), let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandFailure(message: "\(clientSecretFile) cannot be read.")
            }
            secret = text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
        guard !secret.isEmpty else {
            throw CommandFailure(
                message: "The app's secret is missing: set \(Self.variable), or name --client-secret-file."
            )
        }
        return ProviderApp(clientID: clientID, clientSecret: Secret(secret))
    }
}

extension Provider: ExpressibleByArgument {}
