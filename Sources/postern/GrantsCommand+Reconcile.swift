import ArgumentParser
import ConnectApp
import GrantStore
import Grants
import Logging
import Nylas
import Timekeeping

extension GrantsCommand {
    struct Reconcile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares the store with Nylas; changes nothing unless told to.",
            discussion: """
                Finds grants at Nylas that nobody here has, grants here that are gone at Nylas or have become valid or invalid there, and \
                deletions that are still due. What is younger than 15 minutes, or could be of a flow under way, is left alone.

                --apply deletes the first at Nylas, which is for ever, forgets the second, updates the third and tries the last again. If other \
                software makes grants with the same Nylas application, --keep-orphans spares them.

                Example: postern grants reconcile --config config.json
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Flag(help: "Make both sides agree, after asking.") var apply = false
        @Flag(help: "With --apply: delete nothing at Nylas that nobody here has had.") var keepOrphans = false
        @Flag(help: "Do not ask.") var yes = false
        @Flag(name: .long, help: "One JSON object instead of a table.") var json = false

        func run() async throws {
            let configuration = try options.read()
            let settings = try ConnectSettings(configuration)
            let store =
                apply
                ? try openedForWriting(configuration) : try openForReading(configuration.dataDirectory)
            let result: Result<Void, any Error> = try await Outbound.with(configuration) { exchange in
                let reconciliation = Reconciliation(
                    settings: settings,
                    store: store,
                    exchange: exchange,
                    wallClock: .system,
                    clock: ContinuousClock(),
                    logger: commandLogger()
                )
                do {
                    return .success(try await run(reconciliation))
                } catch {
                    return .failure(error)
                }
            }
            await store.close()
            do {
                try result.get()
            } catch let error as Reconciliation.Failure {
                throw CommandFailure(message: error.sentence)
            }
        }

        private func run(_ reconciliation: Reconciliation) async throws {
            let comparison = try await reconciliation.compare()
            let chosen = comparison.findings.filter { finding in
                if case .orphan = finding { apply && !keepOrphans } else { apply }
            }
            if !chosen.isEmpty {
                if !json { standardError(ReconcileOutput.table(comparison)) }
                let orphans = chosen.count { if case .orphan = $0 { true } else { false } }
                try Question.confirm(
                    "\(chosen.count) difference(s) will be settled. \(orphans) grant(s) will be deleted at Nylas, for ever, that nobody here has.",
                    isAnswered: yes
                )
            }
            var applied: Set<Reconciliation.Finding> = []
            for finding in chosen where try await reconciliation.apply(finding) { applied.insert(finding) }
            if json { return print(ReconcileOutput.json(comparison, applied: applied)) }
            print(ReconcileOutput.table(comparison, applied: apply ? applied : nil))
        }
    }
}

/// What a comparison found, as the command line prints it.
enum ReconcileOutput {
    private struct Report: Encodable {
        struct Line: Encodable {
            var kind: String
            var grant_id: String
            var email: String?
            var provider: String
            var grant_status: String?
            var applied: Bool
        }

        var findings: [Line]
        var at_nylas: Int
        var here: Int
        var left_alone: Int
    }

    static func json(_ comparison: Reconciliation.Comparison, applied: Set<Reconciliation.Finding>) -> String {
        GrantOutput.encode(
            Report(
                findings: comparison.findings.map { finding in
                    Report.Line(
                        kind: finding.kind,
                        grant_id: finding.identity.grant,
                        email: finding.identity.address,
                        provider: finding.identity.provider,
                        grant_status: finding.status,
                        applied: applied.contains(finding)
                    )
                },
                at_nylas: comparison.atNylas,
                here: comparison.here,
                left_alone: comparison.leftAlone
            )
        )
    }

    /// - Parameter applied: nil where nothing was to be.
    static func table(
        _ comparison: Reconciliation.Comparison,
        applied: Set<Reconciliation.Finding>? = nil
    ) -> String {
        let counts =
            "\(comparison.atNylas) grant(s) at Nylas, \(comparison.here) here, \(comparison.findings.count) difference(s)"
            + (comparison.leftAlone == 0 ? "." : "; \(comparison.leftAlone) more left alone for now.")
        guard !comparison.findings.isEmpty else { return counts }
        let rows =
            [["WHAT", "GRANT", "MAILBOX", "PROVIDER", applied == nil ? "WITH --apply" : "DONE"]]
            + comparison.findings.map { finding in
                let done = applied.map { $0.contains(finding) ? "yes" : "no" }
                return [
                    finding.kind, finding.identity.grant, finding.identity.address ?? "–", finding.identity.provider,
                    done ?? finding.cure,
                ].map(GrantOutput.printable)
            }
        return GrantOutput.columns(rows) + "\n" + counts
    }
}

extension Reconciliation.Finding {
    fileprivate var kind: String {
        switch self {
        case .orphan: "orphan"
        case .gone: "gone"
        case .changed: "changed"
        case .toBeDeleted: "to_be_deleted"
        }
    }

    fileprivate var cure: String {
        switch self {
        case .orphan: "deleted at Nylas"
        case .gone: "forgotten here"
        case .changed(_, let grant): "\(grant.status?.rawValue ?? "unknown") here too"
        case .toBeDeleted: "deletion tried again"
        }
    }

    fileprivate var status: String? {
        switch self {
        case .orphan(let grant), .changed(_, let grant): grant.status?.rawValue
        case .gone(let grant), .toBeDeleted(let grant): grant.status.rawValue
        }
    }

    fileprivate var identity: (grant: String, address: String?, provider: String) {
        switch self {
        case .orphan(let grant): (grant.id.text, grant.email, grant.providerName)
        case .gone(let grant), .toBeDeleted(let grant), .changed(let grant, _):
            (grant.id.text, grant.address, grant.providerName)
        }
    }
}

extension Reconciliation.Failure {
    fileprivate var sentence: String {
        switch self {
        case .store(let error): "The file store: \(error.sentence)"
        case .nylas(let error): "Nylas: \(error.summary). What was settled before stays settled; run it again."
        }
    }
}
