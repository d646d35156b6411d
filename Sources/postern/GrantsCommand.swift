import ArgumentParser
import GrantStore
import Grants
import Timekeeping

struct GrantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grants",
        abstract: "The connected mailboxes of a file store, and connecting many; the server may be running.",
        subcommands: [
            List.self, Show.self, Export.self, Create.self, Import.self, Revoke.self, Reconcile.self,
        ]
    )

    /// Where the store is: named by the configuration, or directly.
    struct StoreOptions: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("The configuration file whose store to read.", valueName: "FILE"))
        var config: String?

        @Option(name: .long, help: ArgumentHelp("The data directory itself.", valueName: "DIR"))
        var data: String?

        func validate() throws {
            guard (config == nil) != (data == nil) else {
                throw ValidationError("Name the store with --config FILE or with --data DIR.")
            }
        }

        func open() async throws -> FileGrantStore {
            let directory: String
            if let data {
                directory = data
            } else {
                var options = ConfigurationOptions()
                options.config = config
                options.overrides = []
                directory = try options.dataDirectory()
            }
            return try openForReading(directory)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists grants, the newest first.",
            discussion: "Example: postern grants list --data /var/lib/postern --json"
        )

        @OptionGroup var store: StoreOptions
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false
        @Option(name: .long, help: "Only grants of this owner.") var owner: String?
        @Option(name: .long, help: "Only grants of this address.") var address: String?

        func run() async throws {
            let store = try await store.open()
            var filter = GrantFilter(address: address, limit: 1000)
            if let owner {
                guard let id = OwnerID(owner) else {
                    throw ValidationError("--owner must be 1 to 128 bytes on one line.")
                }
                filter.owner = id
            }
            var grants: [StoredGrant] = []
            while true {
                let page = try await readStore { () async throws(StoreError) in try await store.grants(matching: filter)
                }
                grants += page
                guard page.count == filter.limit, let last = page.last else { break }
                filter.after = last.position
            }
            print(json ? GrantOutput.jsonArray(grants) : GrantOutput.table(grants))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows all that is known of one grant.",
            discussion: "Example: postern grants show 5fa64c92-e840-4357-86b9-2aa364d35b88 --data /var/lib/postern"
        )

        @OptionGroup var store: StoreOptions
        @Argument(help: ArgumentHelp("The grant's ID.", valueName: "GRANT-ID")) var id: String
        @Flag(name: .long, help: "One JSON object instead of lines.") var json = false

        func run() async throws {
            guard let grantID = GrantID(id) else { throw ValidationError("That is not the form of a grant ID.") }
            let store = try await store.open()
            guard let grant = try await readStore({ () async throws(StoreError) in try await store.grant(grantID) })
            else {
                throw CommandFailure(message: "There is no grant \(grantID) in this store.")
            }
            print(json ? GrantOutput.json(grant) : GrantOutput.lines(grant))
        }
    }
}

/// Runs one read, with the store's fault as a sentence.
func readStore<Value>(_ body: () async throws(StoreError) -> Value) async throws(CommandFailure) -> Value {
    do {
        return try await body()
    } catch {
        throw CommandFailure(message: "The file store: \(error.sentence)")
    }
}

func openForReading(_ directory: String) throws(CommandFailure) -> FileGrantStore {
    do {
        return try FileGrantStore(directory: directory, access: .readOnly)
    } catch {
        throw CommandFailure(message: "The file store in \(directory): \(error.sentence)")
    }
}

extension StoreError {
    /// What a person at the command line is told.
    var sentence: String {
        switch self {
        case .cannotOpen:
            "it cannot be opened. Check that the directory exists and that this user may read and write it."
        case .diskFull: "the disk is full. Nothing that was shown as saved is lost; free some space."
        case .readOnly: "it may only be read. Check the directory's rights and how the volume is mounted."
        case .locked: "another process holds it locked. Try again."
        case .corrupt: "the file is damaged or is not a store of Postern. Restore it from a backup."
        case .newerFormat(let found, let known):
            "it was changed by a newer Postern (format \(found), this one knows \(known))."
        case .inputOutput(let code): "reading or writing failed (SQLite code \(code)). Check the disk."
        case .outcomeUnknown: "it is not known whether the last change is on disk. Look before trying again."
        case .closed: "it is shut."
        }
    }
}
