import ArgumentParser
import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import Timekeeping
import Webhooks

struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "What your software is told of: events, their delivery, and a way to try a target out.",
        discussion: """
            postern webhooks list --failed --config config.json
            postern webhooks replay --since 12h --target crm --config config.json
            postern webhooks test crm --config config.json
            """,
        subcommands: [List.self, Replay.self, Test.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists events, the newest first, with where their deliveries stand.",
            discussion: """
                What was delivered is kept for 7 days, what was given up for 30.

                Example: postern webhooks list --failed --data /var/lib/postern --json
                """
        )

        @OptionGroup var store: GrantsCommand.StoreOptions
        @Flag(name: .long, help: "Only events with a delivery that was given up.") var failed = false
        @Flag(name: .long, help: "Only events with a delivery that waits.") var waiting = false
        @Option(name: .long, help: "Only events for this target.") var target: String?
        @Option(name: .long, help: ArgumentHelp("Only events of this grant.", valueName: "GRANT-ID")) var grant: String?
        @Option(name: .long, help: "At most so many.") var limit = 100
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false

        func validate() throws {
            guard !failed || !waiting else { throw ValidationError("Choose --failed or --waiting.") }
            guard (1...1000).contains(limit) else { throw ValidationError("--limit must be 1 to 1000.") }
        }

        func run() async throws {
            var filter = OutboxFilter(
                state: failed ? .failed : waiting ? .waiting : nil,
                target: target,
                limit: limit
            )
            if let grant {
                guard let id = GrantID(grant) else { throw ValidationError("That is not the form of a grant ID.") }
                filter.grant = id
            }
            let store = try await store.open()
            let entries: [OutboxEntry]
            do throws(StoreError) { entries = try await store.events(matching: filter) } catch {
                throw CommandFailure(message: "The file store: \(error.sentence)")
            }
            await store.close()
            print(json ? OutboxOutput.json(entries) : OutboxOutput.table(entries, target: target))
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has events delivered again that were given up, or were delivered already.",
            discussion: """
                Name one event, or a time from which on all that were given up are meant; --all means the delivered ones too.
                An event keeps its ID, so a receiver that has it can tell. The running server begins within seconds.

                Examples: postern webhooks replay evt_AbC… --config config.json
                          postern webhooks replay --since 3h --all --target crm --config config.json
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The event.", valueName: "EVENT-ID")) var event: String?
        @Option(name: .long, help: "From how long ago on, for example 30m, 12h, 3d.") var since: String?
        @Flag(name: .long, help: "With --since: what was delivered, too.") var all = false
        @Option(name: .long, help: "For this target alone.") var target: String?

        func validate() throws {
            guard (event == nil) != (since == nil) else { throw ValidationError("Name an event, or --since.") }
            guard !all || since != nil else { throw ValidationError("--all goes with --since.") }
        }

        func run() async throws {
            let configuration = try options.read()
            if let target, !configuration.webhookTargets.contains(where: { $0.name == target }) {
                throw ValidationError("There is no target of that name in webhooks.targets.")
            }
            var selection = ReplaySelection(try events(), target: target)
            selection.target = target
            let count: Int
            do throws(StoreError) {
                let setup = WebhookSetup(configuration)
                let store = try FileGrantStore(directory: configuration.dataDirectory, outbox: setup.policy)
                count = try await store.replay(selection)
                await store.close()
            } catch {
                throw CommandFailure(message: "The file store: \(error.sentence)")
            }
            guard count > 0 else {
                throw CommandFailure(
                    message: "Nothing to replay: no such event, or all of it waits for delivery already."
                )
            }
            print(count == 1 ? "1 delivery waits again." : "\(count) deliveries wait again.")
        }

        private func events() throws -> ReplaySelection.Events {
            if let event {
                guard let id = EventID(event) else { throw ValidationError("An event's ID begins with evt_.") }
                return .one(id)
            }
            guard let duration = since.flatMap(lifetime) else {
                throw ValidationError("--since must be a number with s, m, h or d, for example 12h.")
            }
            return .since(WallClock.system.now() - duration, evenDelivered: all)
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Posts a signed ping to a target at once, and says what came of it.",
            discussion: """
                The ping is not written into the outbox, and not tried again. Exit status 0 only if the target took it (2xx).

                Example: postern webhooks test crm --config config.json
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Argument(help: ArgumentHelp("The target's name.", valueName: "TARGET")) var target: String

        func run() async throws {
            let configuration = try options.read()
            guard let found = configuration.webhookTargets.first(where: { $0.name == target }) else {
                throw ValidationError("There is no target of that name in webhooks.targets.")
            }
            let now = WallClock.system.now()
            guard let id = EventID("evt_" + Base64.encode(RandomSource.system.bytes(16), .url)) else { return }
            let event = OutboxEvent(id: id, number: 0, type: .ping, at: now, grantID: nil, data: "{}")
            let message = DeliveryMessage(event, to: WebhookTarget(found), at: now)
            let trusted = configuration.webhookTrustedCertificates
            let result = try await Outbound.with(trusting: trusted, key: "webhooks.trustedCertificates") { exchange in
                do throws(ExchangeError) {
                    return AttemptResult(try await exchange.response(to: message.request).head, at: now)
                } catch {
                    return AttemptResult(error)
                }
            }
            guard case .delivered(let status) = result else {
                throw CommandFailure(message: "\(target) did not take \(id): \(result.word).")
            }
            print("\(target) took \(id): status \(status).")
        }
    }
}
