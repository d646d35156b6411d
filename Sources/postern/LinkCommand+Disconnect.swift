import ArgumentParser
import ConnectApp
import Cryptography
import GrantStore
import Grants
import Timekeeping

extension LinkCommand {
    struct Disconnect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a link with which a person ends the connection of a mailbox.",
            discussion: """
                Opening the link shows what will end; nothing happens before its button is pressed. It is for the connection as it is \
                now: after the mailbox has been connected again, it ends nothing.

                Example: postern link disconnect --config config.json --grant 5fa64c92-e840-4357-86b9-2aa364d35b88 --owner user-7
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("The grant's ID.", valueName: "GRANT-ID")) var grant: String
        @Option(help: ArgumentHelp("Whose connection ends; none for a mailbox connected openly.", valueName: "ID"))
        var owner: String?
        @Option(help: ArgumentHelp("What the page calls that user.", valueName: "NAME")) var ownerName: String?
        @Option(help: ArgumentHelp("How long it is good: 12h or 30d (at most); 7d without.", valueName: "TIME"))
        var expires: String?
        @Flag(name: .long, help: "One JSON object instead of the address alone.") var json = false

        func run() async throws {
            var order = DisconnectOrder(grant: grant, owner: owner)
            order.ownerName = ownerName
            if let expires {
                guard let lifetime = lifetime(expires) else {
                    throw ValidationError("--expires must be a number with s, m, h or d, for example 12h.")
                }
                order.lifetime = lifetime
            }
            let configuration = try options.read()
            let settings = try ConnectSettings(configuration)
            let store = try openForReading(configuration.dataDirectory)
            let link: DisconnectLink
            do throws(DisconnectOrderError) {
                link = try await order.link(in: store, at: WallClock.system.now())
            } catch {
                throw CommandFailure(error)
            }
            let sealed = DisconnectSeal(keys: settings.sealingKeys, random: .system).seal(link)
            let address = DisconnectSeal.address(sealed, at: settings.publicURL)
            print(json ? GrantOutput.encode(Output(link, address: address)) : address)
        }

        private struct Output: Encodable {
            var url: String
            var grant_id: String
            var owner: String?
            var expires_at: String

            init(_ link: DisconnectLink, address: String) {
                url = address
                grant_id = link.grant.text
                owner = link.owner?.text
                expires_at = link.expiresAt.rfc3339
            }
        }
    }
}

extension CommandFailure {
    fileprivate init(_ error: DisconnectOrderError) {
        let (status, sentence): (ExitStatus, String) =
            switch error {
            case .grant: (.usage, "--grant: that is not the form of a grant ID.")
            case .owner: (.usage, "--owner must be 1 to 128 bytes on one line.")
            case .ownerName: (.usage, "--owner-name must be 1 to 120 bytes on one line.")
            case .lifetime: (.usage, "--expires must be at least 60s and at most 30d.")
            case .unknownGrant: (.failed, "There is no such grant in this store, or it is being deleted.")
            case .ownerMissing: (.failed, "This mailbox has owners: say with --owner whose connection is to end.")
            case .notOwner: (.failed, "This mailbox is not connected for that owner.")
            case .store(let error): (.failed, "The file store: \(error.sentence)")
            }
        self.init(status: status, message: sentence)
    }
}
