import ArgumentParser
import Cryptography
import GrantStore
import Grants
import Timekeeping

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Reads the audit trail of a file store, and checks that nobody has changed it.",
        subcommands: [List.self, Verify.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what has changed, the oldest first.",
            discussion: "Example: postern audit list --config config.json --grant 5fa64c92-e840-4357-86b9-2aa364d35b88"
        )

        @OptionGroup var store: GrantsCommand.StoreOptions
        @Option(help: ArgumentHelp("Only entries of this grant.", valueName: "GRANT-ID")) var grant: String?
        @Option(help: ArgumentHelp("Only entries behind this one.", valueName: "NUMBER")) var after: Int64 = 0
        @Flag(name: .long, help: "JSON Lines, one entry a line, instead of columns.") var json = false

        func run() async throws {
            var only: GrantID?
            if let grant {
                guard let id = GrantID(grant) else {
                    throw ValidationError("--grant: that is not the form of a grant ID.")
                }
                only = id
            }
            let store = try await store.open()
            let output = OutputBuffer()
            var last = after
            while output.isOpen {
                let page = try await readStore { [last] () async throws(StoreError) in
                    try await store.auditTrail(after: last, limit: 1000)
                }
                for entry in page where only == nil || entry.grantID == only {
                    output.write((json ? GrantOutput.compact(Line(entry)) : columns(entry)) + "\n")
                }
                guard page.count == 1000, let end = page.last else { break }
                last = end.number
            }
            guard output.flush() else { throw CommandFailure(message: "The output could not be written to its end.") }
        }

        private struct Line: Encodable {
            var number: Int64
            var at: String
            var event: String
            var grant_id: String?
            var owner: String?
            var reference: String?
            var detail: String?
            /// On whose word, where it was not the person's own.
            var actor: String?
            var hash: String

            init(_ entry: AuditEntry) {
                number = entry.number
                at = entry.at.rfc3339
                event = entry.event.rawValue
                grant_id = entry.grantID?.text
                owner = entry.owner?.text
                reference = entry.reference
                detail = entry.detail
                actor = entry.actor?.text
                hash = Hex.encode(entry.hash)
            }
        }

        /// Streamed, so the widths are fixed.
        private func columns(_ entry: AuditEntry) -> String {
            let cells = [
                "\(entry.number)", entry.at.rfc3339, entry.event.rawValue, entry.grantID?.text ?? "–",
                entry.owner.map { "owner \($0.text)" }, entry.reference.map { "reference \($0)" }, entry.detail,
                entry.actor.map { "by \($0.text)" },
            ].compactMap(\.self).map(GrantOutput.printable)
            return cells.joined(separator: "  ")
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recomputes every hash; exit status 1 and the first broken entry if one does not fit.",
            discussion: """
                Note the head it prints somewhere else: whoever can write to the file could rewrite the whole trail or cut off its end, and only \
                a head that was noted before shows that.

                Example: postern audit verify --config config.json
                """
        )

        @OptionGroup var store: GrantsCommand.StoreOptions
        @Option(help: ArgumentHelp("A head that was noted before: it must still be in the trail.", valueName: "HASH"))
        var head: String?
        @Flag(name: .long, help: "One JSON object instead of a sentence.") var json = false

        private struct Output: Encodable {
            var is_intact: Bool
            var entries: Int64?
            var head: String?
            var broken_at: Int64?
        }

        func run() async throws {
            let store = try await store.open()
            let verification = try await readStore { () async throws(StoreError) in try await store.verifyAuditChain() }
            switch verification {
            case .broken(let number):
                if json { print(GrantOutput.encode(Output(is_intact: false, broken_at: number))) }
                throw CommandFailure(
                    message:
                        "The audit trail is broken at entry \(number): it is missing, or does not fit the one before."
                )
            case .intact(let entries, let found):
                if let head { try await look(for: head, in: store) }
                let text = Hex.encode(found)
                print(
                    json
                        ? GrantOutput.encode(Output(is_intact: true, entries: entries, head: text))
                        : "The audit trail is intact: \(entries) entries, head \(text)."
                )
            }
        }

        private func look(for head: String, in store: FileGrantStore) async throws {
            var last: Int64 = 0
            while true {
                let page = try await readStore { [last] () async throws(StoreError) in
                    try await store.auditTrail(after: last, limit: 1000)
                }
                if page.contains(where: { Hex.encode($0.hash) == head.lowercased() }) { return }
                guard page.count == 1000, let end = page.last else {
                    throw CommandFailure(
                        message: "The noted head is not in the trail: it was rewritten, or its end cut off."
                    )
                }
                last = end.number
            }
        }
    }
}
