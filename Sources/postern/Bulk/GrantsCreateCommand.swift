import ArgumentParser
import BulkGrants
import ConnectApp
import Cryptography
import FoundationEssentials
import GrantStore
import Grants
import HTTPSemantics
import Nylas
import Timekeeping
import UnixSignals

extension GrantsCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connects many mailboxes of an organisation with one credential.",
            discussion: """
                The first line of the CSV names its columns: email, and as you like owner, profile or scopes, tag:NAME. All faults are listed with
                their lines before anything is sent. A run goes on where it stopped with --resume, also after a crash; mailboxes that are \
                connected already are left out. The result is a list again, with --only-failed of what is to be tried once more.

                Try:   postern grants create --credential 3f0c… --csv mailboxes.csv --dry-run
                Do:    postern grants create --credential 3f0c… --csv mailboxes.csv --result result.csv
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("The credential's ID (postern credentials list).", valueName: "ID"))
        var credential: String?
        @Option(help: ArgumentHelp("The list of mailboxes.", valueName: "FILE")) var csv: String?
        @Flag(help: "Check the list and say what would be done. Nothing is sent.") var dryRun = false
        @Option(help: ArgumentHelp("Go on with this run.", valueName: "RUN")) var resume: String?
        @Option(help: ArgumentHelp("Requests a second; Nylas allows an application 50.", valueName: "N"))
        var rate = BulkSettings.defaultRequestsPerSecond
        @Option(help: ArgumentHelp("Where the result goes; - for standard output.", valueName: "FILE")) var result:
            String?
        @Flag(help: "Only the rows that failed, in the result.") var onlyFailed = false
        @Flag(help: "Send also what is connected already: those are authenticated again.") var again = false
        @Option(
            help: ArgumentHelp(
                "When the administrator approved, for example 2026-08-21T09:30:00Z, or now.",
                valueName: "TIME"
            )
        )
        var consented: String?
        @Flag(name: .long, help: "The summary as one JSON object.") var json = false

        func validate() throws {
            guard (resume == nil) == (csv != nil), (resume == nil) == (credential != nil) else {
                throw ValidationError("Name --credential and --csv, or --resume alone.")
            }
            guard (1...100_000).contains(rate) else { throw ValidationError("--rate must be between 1 and 50.") }
            if let resume, BulkRunID(resume) == nil { throw ValidationError("That is not the form of a run's name.") }
            guard !dryRun || resume == nil else { throw ValidationError("--dry-run is for a list, not for a run.") }
            guard !onlyFailed || result != nil else { throw ValidationError("--only-failed needs --result.") }
        }

        func run() async throws {
            let command = self
            let readyAt = try consentTime()
            let status = try await NylasCalls.with(options) { client, configuration throws(CommandFailure) in
                try await command.work(client, configuration, readyAt)
            }
            if let status { throw status }
        }

        /// - Returns: what the command ends with; nil for 0.
        private func work(
            _ client: NylasClient,
            _ configuration: ConnectConfiguration,
            _ readyAt: Timestamp?
        ) async throws(CommandFailure) -> CommandFailure? {
            guard rate <= BulkSettings.nylasRequestsPerSecond || configuration.isSandbox else {
                throw CommandFailure(status: .usage, message: "--rate must be between 1 and 50: Nylas allows no more.")
            }
            let store = try openedForWriting(configuration)
            let run: BulkRun
            if let resume {
                guard let id = BulkRunID(resume),
                    let known = try await stored({ () async throws(StoreError) in
                        try await store.bulkRun(id)
                    })
                else { throw CommandFailure(message: "There is no run \(resume) in this store.") }
                run = known
            } else {
                guard let planned = try await plan(client, configuration, store, readyAt) else { return nil }
                run = planned
            }
            let end = await send(run, client, store)
            try await proveConsent(by: run, store)
            if let result { try await write(run, store, to: result) }
            let counts = try await stored { () async throws(StoreError) in try await store.counts(of: run.id) }
            await store.close()
            summarize(run, counts, isFinished: end == .finished)
            if let sentence = end.sentence(run.id) { return CommandFailure(message: sentence) }
            let failed = counts[.failed]
            let again = "--result FILE --only-failed gives a list of them (postern grants create --resume \(run.id) …)."
            return failed == 0 ? nil : CommandFailure(message: "\(failed) failed. \(again)")
        }

        /// Reads the list, says what is wrong with it or what would be done, and begins the run.
        ///
        /// - Returns: nil if there is nothing to be done.
        private func plan(
            _ client: NylasClient,
            _ configuration: ConnectConfiguration,
            _ store: FileGrantStore,
            _ readyAt: Timestamp?
        ) async throws(CommandFailure) -> BulkRun? {
            let id = try credentialID(credential ?? "")
            let file = csv ?? ""
            let (known, provider) = try await findCredential(id, client)
            guard known.kind != .connector else {
                throw CommandFailure(message: "The credential \(id) is for hosted logins, not for whole organisations.")
            }
            guard let bytes = Files.read(file, limitBytes: 64 << 20) else {
                throw CommandFailure(message: "\(file) cannot be read, or is larger than 64 MiB.")
            }
            let list = MailboxList(bytes, rules(configuration, provider))
            guard list.faults.isEmpty else {
                for fault in list.faults { standardError("\(file): \(fault.sentence)") }
                let count = list.faults.count
                throw CommandFailure(
                    message: "\(count == 1 ? "1 fault" : "\(count) faults") in the list. Nothing was sent."
                )
            }
            var plan = try await stored { () async throws(StoreError) in
                try await BulkPlan(list, in: store, provider: provider)
            }
            for row in plan.skipped.prefix(dryRun ? .max : 0) {
                standardError("\(file): line \(row.line): connected already, as \(row.grantID?.text ?? "–").")
            }
            if again { plan.includeConnected() }
            let (open, skipped) = (plan.open, plan.skipped.count)
            let pace = "at \(rate) a second that takes \(BulkLine.clock(.seconds(Int64(open / rate + 1))))"
            standardError("\(plan.rows.count) mailboxes: \(open) to connect, \(skipped) connected already; \(pace).")
            guard !dryRun, open > 0 else {
                if dryRun { standardError("Nothing was sent.") }
                return nil
            }
            let ready = plan
            let beginning = try await stored { () async throws(StoreError) in
                let spread = try await store.spreadingConsent(to: id)
                return try await ready.begin(
                    in: store,
                    provider: provider,
                    credential: id,
                    readyAt: readyAt ?? spread,
                    random: .system,
                    at: WallClock.system.now()
                )
            }
            guard case .begun(let run) = beginning else {
                guard case .unfinished(let earlier) = beginning else { return nil }
                throw CommandFailure(
                    message: "The run \(earlier.id) with this credential is not finished: --resume \(earlier.id) first."
                )
            }
            standardError("This is the run \(run.id). Ctrl-C stops it; --resume \(run.id) goes on.")
            return run
        }

        private func rules(_ configuration: ConnectConfiguration, _ provider: Provider) -> ListRules {
            let profiles = Dictionary(
                ([configuration.profile] + AccessProfile.builtIn + configuration.profiles).map {
                    ($0.name, $0.scopes(for: provider))
                }
            ) { first, _ in first }
            return ListRules(provider: provider, profiles: profiles, defaultProfile: configuration.profile.name)
        }

        private func send(_ run: BulkRun, _ client: NylasClient, _ store: FileGrantStore) async -> BulkEnd {
            let stop = BulkStop()
            let display = BulkDisplay(isTerminal: isTerminal(2), columns: { terminalColumns(2) ?? 80 }) {
                standardErrorText($0)
            }
            var settings = BulkSettings()
            settings.requestsPerSecond = rate
            if rate > BulkSettings.nylasRequestsPerSecond { settings.concurrency = 32 }
            let runner = BulkRunner(
                store: store,
                client: client,
                settings: settings,
                wallClock: .system,
                time: BulkTime(ContinuousClock()),
                random: .system,
                stop: stop,
                report: display.show
            )
            let end = await withTaskGroup(of: BulkEnd?.self) { group in
                group.addTask { await runner.work(on: run.id) }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                        if stop.hasBegun { exitNow() }
                        stop.begin()
                    }
                    return nil
                }
                let end = await group.next() ?? nil
                group.cancelAll()
                return end ?? .stopped
            }
            display.clear()
            return end
        }

        private func summarize(_ run: BulkRun, _ counts: BulkCounts, isFinished: Bool) {
            guard !json else {
                struct Summary: Encodable {
                    var run: String
                    var finished: Bool
                    var counts: [String: Int]
                }
                let named = Dictionary(counts.rows.map { ($0.key.rawValue, $0.value) }) { first, _ in first }
                return print(GrantOutput.encode(Summary(run: run.id.text, finished: isFinished, counts: named)))
            }
            for standing in BulkRow.Standing.allCases where counts[standing] > 0 {
                let line = "\(padding(counts[standing]))  \(standing.words)"
                // Standard output may be the result's.
                if result == "-" { standardError(line) } else { print(line) }
            }
        }

        private func padding(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: " ", count: max(0, 7 - digits.count)) + digits
        }

        private func write(_ run: BulkRun, _ store: FileGrantStore, to path: String) async throws(CommandFailure) {
            let result = BulkResult(run, onlyFailed: onlyFailed)
            var text = result.header
            var line = 0
            while true {
                let after = line
                let rows = try await stored { () async throws(StoreError) in
                    try await store.rows(of: run.id, standing: nil, after: after, limit: 1000)
                }
                text += rows.compactMap(result.record).joined()
                guard rows.count == 1000, let last = rows.last else { break }
                line = last.line
            }
            if path == "-" { return print(text, terminator: "") }
            guard Files.replace(path, with: Array(text.utf8)) else {
                throw CommandFailure(
                    message: "\(path) cannot be written. The run is saved: --resume \(run.id) --result FILE"
                )
            }
        }

        private func consentTime() throws -> Timestamp? {
            guard let consented else { return nil }
            if consented == "now" { return WallClock.system.now() + BulkSettings.consentDelay }
            guard let moment = Timestamp(rfc3339: consented) else {
                throw ValidationError("--consented must be now, or a time such as 2026-08-21T09:30:00Z.")
            }
            return moment + BulkSettings.consentDelay
        }
    }
}

/// Runs one call of the store, with its fault as a sentence.
func stored<Value>(_ body: () async throws(StoreError) -> Value) async throws(CommandFailure) -> Value {
    do {
        return try await body()
    } catch {
        throw CommandFailure(message: "The file store: \(error.sentence)")
    }
}

/// The store of a command that changes grants: what it does is told to the webhooks' targets like what the server does.
func openedForWriting(_ configuration: ConnectConfiguration) throws(CommandFailure) -> FileGrantStore {
    let directory = configuration.dataDirectory
    do {
        return try FileGrantStore(directory: directory, outbox: configuration.outboxPolicy)
    } catch {
        throw CommandFailure(message: "The file store in \(directory): \(error.sentence)")
    }
}
