import ArgumentParser
import BulkGrants
import ConnectApp
import GrantStore
import Grants
import Nylas
import Timekeeping

extension GrantsCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Takes the grants that the application has at Nylas into the store.",
            discussion: """
                Known grants are brought up to date and keep their owners; doing it again changes nothing. Owners come from a CSV with the columns \
                owner and grant_id or email.

                Example: postern grants import --config config.json --owners owners.csv
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("Who owns what: a CSV with owner and grant_id or email.", valueName: "FILE"))
        var owners: String?
        @Flag(help: "Tell the webhooks' targets grant.connected of what works and is new here, or has a new owner.")
        var tell = false
        @Flag(name: .long, help: "The counts as one JSON object.") var json = false

        func run() async throws {
            let owners = try ownerMap()
            let isTold = tell
            let counts = try await NylasCalls.with(options) { client, configuration throws(CommandFailure) in
                let store = try openedForWriting(configuration)
                var total = ImportCounts()
                try await everyGrant(client) { page throws(CommandFailure) in
                    let imported = page.map { ImportedGrant(grant: StoredGrant($0), owner: owners.owner(of: $0)) }
                    let counts = try await stored { () async throws(StoreError) in
                        try await store.importGrants(imported, isTold: isTold)
                    }
                    total.added += counts.added
                    total.changed += counts.changed
                    total.unchanged += counts.unchanged
                }
                await store.close()
                return total
            }
            struct Counts: Encodable {
                var added: Int
                var changed: Int
                var unchanged: Int
            }
            let output = Counts(added: counts.added, changed: counts.changed, unchanged: counts.unchanged)
            print(
                json
                    ? GrantOutput.encode(output)
                    : "\(output.added) grants added, \(output.changed) changed, \(output.unchanged) as they were."
            )
        }

        private func ownerMap() throws(CommandFailure) -> OwnerMap {
            guard let owners else { return OwnerMap() }
            guard let bytes = Files.read(owners, limitBytes: 64 << 20) else {
                throw CommandFailure(message: "\(owners) cannot be read, or is larger than 64 MiB.")
            }
            let map = OwnerMap(bytes)
            guard map.faults.isEmpty else {
                for fault in map.faults { standardError("\(owners): \(fault.sentence)") }
                throw CommandFailure(message: "The file of owners has faults. Nothing was imported.")
            }
            return map
        }
    }
}

extension StoredGrant {
    fileprivate init(_ grant: Nylas.Grant) {
        self.init(
            id: grant.id,
            providerName: grant.providerName,
            address: grant.email,
            scopes: grant.scopes,
            status: grant.status == .invalid ? .invalid : .valid,
            createdAt: grant.createdAt,
            updatedAt: grant.updatedAt,
            // The store sets both.
            savedAt: grant.updatedAt,
            changedAt: grant.updatedAt
        )
    }
}

extension OwnerMap {
    fileprivate func owner(of grant: Nylas.Grant) -> OwnerID? { owner(of: grant.id, address: grant.email) }
}
