import ArgumentParser
import ConnectApp
import Cryptography
import GrantStore
import Grants
import Timekeeping

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link",
        abstract:
            "Makes personal links to connect or disconnect, and ends the former early; the server may be running.",
        subcommands: [Create.self, Disconnect.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a link with which one user of your software connects one mailbox.",
            discussion: """
                The link is good for one connection and for its lifetime; opening it uses nothing. Send it to nobody but the user it is \
                for: whoever opens it is asked to connect a mailbox that will belong to that user.

                Example: postern link create --config config.json --owner user-7 --owner-name "Jane Doe" --expires 1d
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("Your own ID of the user the mailbox will belong to.", valueName: "ID")) var owner:
            String
        @Option(help: ArgumentHelp("What the page calls that user.", valueName: "NAME")) var ownerName: String?
        @Option(help: ArgumentHelp("The one mailbox that may be connected.", valueName: "ADDRESS")) var address: String?
        @Option(
            help: ArgumentHelp(
                "How surely it must be that user: baseline, pinned (--address is verified) or confirmed (your software says who it is).",
                valueName: "NAME"
            )
        )
        var binding: Binding = .baseline
        @Option(help: ArgumentHelp("Where the way back leads: one of connect.returnURLs.", valueName: "URL"))
        var returnURL: String?
        @Option(help: ArgumentHelp("An address to fill in, if another may be used.", valueName: "ADDRESS")) var hint:
            String?
        @Option(help: ArgumentHelp("Connect this grant again, which has stopped working.", valueName: "GRANT-ID"))
        var reconnect: String?
        @Option(help: ArgumentHelp("A provider to offer; several times for several.", valueName: "NAME"))
        var provider: [String] = []
        @Option(
            help: ArgumentHelp(
                "What is asked for: read, draft, send, full or one of connect.profiles.",
                valueName: "NAME"
            )
        )
        var profile: String?
        @Option(help: ArgumentHelp("Kept with the connection, for your own use.", valueName: "NAME=VALUE")) var tag:
            [String] = []
        @Option(help: ArgumentHelp("How long it is good: 90s, 30m, 12h or 7d (at most).", valueName: "TIME"))
        var expires: String?
        @Flag(name: .long, help: "One JSON object instead of the address alone.") var json = false

        func run() async throws {
            let configuration = try options.read()
            var order = LinkOrder(owner: owner)
            if let reconnect { order = try await again(reconnect, in: configuration) }
            order.ownerName = ownerName
            if let address { order.expectedAddress = address }
            order.binding = binding
            order.returnURL = returnURL
            order.loginHint = hint
            if !provider.isEmpty { order.providers = provider }
            order.profile = profile
            let tags = try tags()
            if !tags.isEmpty { order.tags = tags }
            if let expires {
                guard let lifetime = lifetime(expires) else {
                    throw ValidationError("--expires must be a number with s, m, h or d, for example 12h.")
                }
                order.lifetime = lifetime
            }
            let settings = try ConnectSettings(configuration)
            let link: ConnectLink
            do throws(LinkOrderError) {
                link = try order.link(for: settings, random: .system, at: WallClock.system.now())
            } catch {
                throw ValidationError(error.sentence)
            }
            let sealed = LinkSeal(keys: settings.sealingKeys, random: .system).seal(link)
            let address = LinkSeal.address(sealed, at: settings.publicURL)
            print(json ? GrantOutput.encode(LinkOutput(link, address: address)) : address)
        }

        /// An order to connect a grant again: owner, address and provider are the grant's.
        private func again(_ grant: String, in configuration: ConnectConfiguration) async throws -> LinkOrder {
            guard address == nil, hint == nil, provider.isEmpty else {
                throw ValidationError(
                    "--reconnect takes address and provider from the grant: leave out --address, --hint, --provider."
                )
            }
            let store = try openForReading(configuration.dataDirectory)
            do throws(ReconnectError) {
                return try await LinkOrder.reconnecting(grant, owner: owner, in: store)
            } catch {
                throw CommandFailure(error)
            }
        }

        private func tags() throws -> [String: String] {
            var tags: [String: String] = [:]
            for text in tag {
                guard let equals = text.firstIndex(of: "="), tags[String(text[..<equals])] == nil else {
                    throw ValidationError("--tag must be NAME=VALUE, each name once.")
                }
                tags[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            return tags
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a link before its time. What was connected with it stays connected.",
            discussion: """
                Example: postern link revoke --config config.json https://connect.example.com/c/AbC…
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The whole link, as it was printed.", valueName: "LINK")) var link: String

        func run() async throws {
            let configuration = try options.read()
            let settings = try ConnectSettings(configuration)
            let sealed = link.split(separator: "/").last.map(String.init) ?? ""
            guard let said = LinkSeal(keys: settings.sealingKeys, random: .system).open(sealed) else {
                throw CommandFailure(message: "That is no link of this Postern, or not the whole of it.")
            }
            guard WallClock.system.now() < said.expiresAt else {
                return print("The link \(said.id) has expired already.")
            }
            let use: LinkUse
            do throws(StoreError) {
                let store = try FileGrantStore(directory: configuration.dataDirectory)
                use = try await store.revoke(
                    LinkClaim(id: said.id, expiresAt: said.expiresAt),
                    by: .commandLine
                )
                await store.close()
            } catch {
                throw CommandFailure(message: "The file store: \(error.sentence)")
            }
            guard use == .revoked else {
                throw CommandFailure(message: "The link \(said.id) has been used: its mailbox is connected.")
            }
            print("The link \(said.id) is ended. Nobody can connect with it any more.")
        }
    }
}

extension Binding: ExpressibleByArgument {}

extension CommandFailure {
    fileprivate init(_ error: ReconnectError) {
        let (status, sentence): (ExitStatus, String) =
            switch error {
            case .grant: (.usage, "--reconnect: that is not the form of a grant ID.")
            case .owner: (.usage, "--owner must be 1 to 128 bytes on one line.")
            case .unknownGrant: (.failed, "There is no such grant in this store, or it is being deleted.")
            case .notOwner: (.failed, "That grant does not belong to this owner.")
            case .noAddress: (.failed, "Nylas gave no address for that grant, so none can be asked for.")
            case .provider(let name): (.failed, "\(name) has no page to sign in at.")
            case .store(let error): (.failed, "The file store: \(error.sentence)")
            }
        self.init(status: status, message: sentence)
    }
}

/// `30m`, `12h`; nil for anything else.
func lifetime(_ text: String) -> Duration? {
    let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ seconds[$0] }), (2...9).contains(text.utf8.count),
        text.dropLast().utf8.allSatisfy({ (48...57).contains($0) }), let count = Int64(text.dropLast())
    else { return nil }
    return .seconds(count * unit)
}

/// A link as JSON.
private struct LinkOutput: Encodable {
    var url: String
    var id: String
    var owner: String
    var expires_at: String

    init(_ link: ConnectLink, address: String) {
        url = address
        id = link.id.text
        owner = link.owner.text
        expires_at = link.expiresAt.rfc3339
    }
}

extension LinkOrderError {
    /// What a person at the command line is told.
    var sentence: String {
        switch self {
        case .owner: "--owner must be 1 to 128 bytes on one line."
        case .ownerName: "--owner-name must be 1 to 120 bytes on one line."
        case .expectedAddress: "--address must be an e-mail address of at most 254 bytes."
        case .loginHint: "--hint must be an e-mail address of at most 254 bytes."
        case .providers(let name): "--provider \(name): it is not offered (connect.providers), or named twice."
        case .profile(let name):
            "--profile \(name): there is none of that name; there are read, draft, send, full and those of connect.profiles."
        case .tags: "--tag: at most 8, names of 1 to 40 bytes, values of at most 120, on one line."
        case .pinnedWithoutAddress: "--binding pinned needs --address: it says that you have verified that address."
        case .confirmedWithoutAddress: "--binding confirmed needs connect.confirmationURL in the configuration."
        case .returnURL: "--return-url must be, byte for byte, one of connect.returnURLs in the configuration."
        case .lifetime: "--expires must be at least 60s and at most 7d."
        case .tooLong: "All of it together is too long for a browser's cookie. Use shorter tags or a shorter name."
        }
    }
}
