import ArgumentParser
import ConnectApp
import GrantStore
import Grants
import Nylas
import Timekeeping

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials",
        abstract: "What whole organisations are connected with: a service account, or an administrator's consent.",
        subcommands: [Create.self, List.self, Show.self, Delete.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a credential at Nylas. Nothing of it is kept here.",
            subcommands: [Google.self, Microsoft.self]
        )
    }

    struct Google: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "With the key file of a service account that has domain-wide delegation.",
            discussion: """
                The file is checked before it is sent. Nylas keeps it; Postern does not, so delete your copy or lock it away.

                Example: postern credentials create google --name acme --key-file acme.json
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "The credential's name, one of each at Nylas.") var name: String
        @Option(help: ArgumentHelp("The key file as Google gave it.", valueName: "FILE")) var keyFile: String
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            guard let bytes = Files.read(keyFile) else { throw CommandFailure(message: "\(keyFile) cannot be read.") }
            let key: ServiceAccountKey
            do throws(ServiceAccountKeyFault) {
                key = try ServiceAccountKey(bytes)
            } catch {
                throw CommandFailure(message: "\(keyFile) was not sent: \(error.sentence)")
            }
            try await make(NewCredential(name: name, content: .serviceAccount(key)), options, json: json)
            if !json { standardError("It speaks for \(key.clientEmail). Its key is kept at Nylas and not here.") }
        }
    }

    struct Microsoft: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "For the consent of an organisation's administrator.",
            discussion: """
                Without --client-id the connector's own app is used. With it, the secret comes from POSTERN_PROVIDER_SECRET or a file.

                Example: postern credentials create microsoft --name customers --tenant common
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var app: ProviderAppOptions
        @Option(help: "The credential's name, one of each at Nylas.") var name: String
        @Option(help: ArgumentHelp("common, for any organisation, or the ID of one.", valueName: "TENANT")) var tenant:
            String
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            let content = NewCredential.Content.adminConsent(tenant: tenant, app: try app.read())
            try await make(NewCredential(name: name, content: content), options, json: json)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists all credentials, the oldest first.")

        @OptionGroup var options: ConfigurationOptions
        @Option(help: "Only those of this provider.") var provider: Provider?
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false

        func run() async throws {
            let providers = provider.map { [$0] } ?? Provider.withOrganizations
            let found = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
                var found: [CredentialOutput] = []
                for provider in providers {
                    let all = try await allCredentials(of: provider, client, isRequired: providers.count == 1)
                    found += all.map { CredentialOutput($0, provider) }
                }
                return found
            }
            guard !json else { return print(GrantOutput.encode(found)) }
            guard !found.isEmpty else { return print("There is no credential.") }
            let rows = found.map { [$0.id, $0.name, $0.provider, $0.type ?? "–", $0.created_at ?? "–"] }
            let table = [["CREDENTIAL", "NAME", "PROVIDER", "TYPE", "MADE"]] + rows
            print(GrantOutput.columns(table.map { $0.map(GrantOutput.printable) }))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one credential, but never what it holds.")

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The credential's ID.", valueName: "ID")) var id: String
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            let id = try credentialID(id)
            let (found, provider) = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
                try await findCredential(id, client)
            }
            let output = CredentialOutput(found, provider)
            print(json ? GrantOutput.encode(output) : output.lines)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes a credential: every grant that was made with it stops working.",
            discussion: "It says which grants would stop, and asks. Example: postern credentials delete 3f0c…"
        )

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The credential's ID.", valueName: "ID")) var id: String
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            let id = try credentialID(id)
            let isSure = yes
            let isDeleted = try await NylasCalls.with(options) { client, configuration throws(CommandFailure) in
                let (credential, provider) = try await findCredential(id, client)
                var stopped: [Nylas.Grant] = []
                try await everyGrant(client) { page throws(CommandFailure) in
                    stopped += page.filter { $0.stops(without: id) }
                }
                standardError(try await CredentialsCommand.warning(credential, stopped, configuration))
                let isWanted = isSure ? true : try confirmed("Delete it? Type yes: ")
                guard isWanted else { return false }
                try await NylasCalls.ask { () async throws(NylasError) in
                    try await client.deleteCredential(id, of: provider)
                }
                return true
            }
            print(isDeleted ? "The credential \(id) is deleted." : "Nothing was changed.")
        }
    }

    private static let namedAtMost = 20

    /// What deleting would stop; addresses are the store's where Nylas lists none.
    private static func warning(
        _ credential: ConnectorCredential,
        _ grants: [Nylas.Grant],
        _ configuration: ConnectConfiguration
    ) async throws(CommandFailure) -> String {
        guard !grants.isEmpty else { return "No grant depends on \(GrantOutput.printable(credential.name))." }
        // Without a store the IDs must do.
        let store = try? FileGrantStore(directory: configuration.dataDirectory, access: .readOnly)
        var lines = [
            "\(grants.count) grants were made with \(GrantOutput.printable(credential.name)) and would stop working:"
        ]
        for grant in grants.prefix(namedAtMost) {
            let kept = try? await store?.grant(grant.id)
            lines.append("  \(grant.id)  \(GrantOutput.printable(grant.email ?? kept?.address ?? "–"))")
        }
        if grants.count > namedAtMost { lines.append("  … and \(grants.count - namedAtMost) more") }
        await store?.close()
        return lines.joined(separator: "\n")
    }
}

/// Makes a credential and prints it.
private func make(_ credential: NewCredential, _ options: ConfigurationOptions, json: Bool) async throws {
    if let fault = credential.fault { throw ValidationError(fault.sentence(credential.provider)) }
    let made = try await NylasCalls.with(options) { client, _ throws(CommandFailure) in
        try await NylasCalls.ask { () async throws(NylasError) in try await client.createCredential(credential) }
    }
    let output = CredentialOutput(made, credential.provider)
    print(json ? GrantOutput.encode(output) : output.lines)
}

/// A credential as the command line prints it.
private struct CredentialOutput: Encodable, Sendable {
    var id: String
    var name: String
    var provider: String
    var type: String?
    var created_at: String?

    init(_ credential: ConnectorCredential, _ provider: Provider) {
        id = credential.id.text
        name = credential.name
        self.provider = provider.rawValue
        type = credential.kind?.rawValue
        created_at = credential.createdAt?.rfc3339
    }

    var lines: String {
        let rows = [
            ["credential", id], ["name", name], ["provider", provider], ["type", type ?? "–"],
            ["made", created_at ?? "–"],
        ]
        return GrantOutput.columns(rows.map { $0.map(GrantOutput.printable) })
    }
}

func credentialID(_ text: String) throws(CommandFailure) -> CredentialID {
    guard let id = CredentialID(text) else {
        throw CommandFailure(status: .usage, message: "That is not the form of a credential's ID.")
    }
    return id
}

/// Asks at the terminal; without one nobody can have said yes.
func confirmed(_ question: String) throws(CommandFailure) -> Bool {
    guard isTerminal(0) else { throw CommandFailure(message: "Nobody is there to be asked: say --yes.") }
    print(question, terminator: "")
    return readLine()?.lowercased() == "yes"
}

extension ServiceAccountKeyFault {
    /// What a person at the command line is told.
    var sentence: String {
        switch self {
        case .notAnObject: "it is not one JSON object of at most 64 KiB."
        case .notAServiceAccount:
            "its \"type\" is not \"service_account\". Make a key for the service account, not an OAuth client."
        case .missing(let member): "\"\(member)\" is missing or empty. Use the file as Google gave it."
        case .clientEmail: "\"client_email\" is no address. Use the file as Google gave it."
        case .privateKey:
            "\"private_key\" is not one unencrypted PEM block of a private key. Use the file as Google gave it."
        }
    }
}

extension NewConnectionFault {
    /// What a person at the command line is told.
    func sentence(_ provider: Provider) -> String {
        switch self {
        case .name: "--name must be 1 to 100 bytes on one line."
        case .tenant: "--tenant must be common, or the ID of a tenant."
        case .tenantWithoutMicrosoft: "--tenant is Microsoft's."
        case .appMissing: "\(provider.rawValue) needs --client-id and its secret."
        case .appWithoutUse: "\(provider.rawValue) has no client."
        case .app: "--client-id must be 1 to 512 visible ASCII characters, and its secret 1 to 4096 bytes."
        case .scopes: "--scope must be visible ASCII characters, at most 64 times."
        }
    }
}
