import ArgumentParser
import ConnectApp
import Cryptography
import GrantStore
import Grants
import Logging
import Timekeeping

extension GrantsCommand {
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Takes a grant from one owner, or from everybody, and deletes it at Nylas when nobody has it any more.",
            discussion: """
                A deletion at Nylas is for ever. Where it fails now, the server tries again until it is done.

                Example: postern grants revoke --config config.json 5fa64c92-e840-4357-86b9-2aa364d35b88 --owner user-7
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The grant's ID.", valueName: "GRANT-ID")) var id: String
        @Option(help: ArgumentHelp("Only this owner's; everybody's without.", valueName: "ID")) var owner: String?
        @Flag(help: "Do not ask.") var yes = false
        @Flag(name: .long, help: "One JSON object instead of a sentence.") var json = false

        func run() async throws {
            guard let grant = GrantID(id) else { throw ValidationError("That is not the form of a grant ID.") }
            var leaver = Leaver.everybody
            if let owner {
                guard let known = OwnerID(owner) else {
                    throw ValidationError("--owner must be 1 to 128 bytes on one line.")
                }
                leaver = .owner(known)
            }
            let configuration = try options.read()
            try Question.confirm(
                owner.map { "The grant \(grant) will be taken from the owner \($0)." }
                    ?? "The grant \(grant) will be taken from everybody and deleted at Nylas.",
                isAnswered: yes
            )
            let settings = try ConnectSettings(configuration)
            let store = try openedForWriting(configuration)
            let result: Result<Disconnection.End, StoreError> = try await Outbound.with(configuration) { exchange in
                let disconnection = Disconnection(
                    settings: settings,
                    store: store,
                    exchange: exchange,
                    wallClock: .system,
                    logger: commandLogger()
                )
                do throws(StoreError) {
                    return .success(
                        try await disconnection.disconnect(grant, leaver, reason: .operatorCommand, by: .commandLine)
                    )
                } catch {
                    return .failure(error)
                }
            }
            await store.close()
            switch result {
            case .failure(let error): throw CommandFailure(message: "The file store: \(error.sentence)")
            case .success(let end): try say(end, of: grant)
            }
        }

        private struct Output: Encodable {
            var grant_id: String
            var result: String
            var others: Int?
        }

        private func say(_ end: Disconnection.End, of grant: GrantID) throws {
            let (name, sentence, others): (String, String, Int?) =
                switch end {
                case .unknownGrant: throw CommandFailure(message: "There is no grant \(grant) in this store.")
                case .notOwner: throw CommandFailure(message: "The grant \(grant) does not belong to that owner.")
                case .othersRemain(let count):
                    ("others_remain", "Done. \(count) other owner(s) still have it, so its access stays.", count)
                case .revoked: ("revoked", "Done. Nylas has deleted it.", 0)
                case .revocationPending:
                    (
                        "revocation_pending",
                        "Nobody has it any more, but Nylas has not deleted it yet. The server tries again.", 0
                    )
                }
            print(json ? GrantOutput.encode(Output(grant_id: grant.text, result: name, others: others)) : sentence)
        }
    }
}

/// For what a command does with the application's parts: warnings go to standard error.
func commandLogger() -> Logger {
    Logger(label: "postern") { _ in CommandLogHandler() }
}

/// Lines for a person at a terminal.
private struct CommandLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        standardError("\(event.level): \(event.message)\(details)")
    }
}
