import ArgumentParser
import GrantStore

extension GrantsCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes all grants, as they are at one moment, to standard output.",
            discussion: """
                A JSON array, JSON Lines (one object a line), or CSV (RFC 4180) with a line for each owner of each grant and a line for each \
                grant without one. In CSV a text that a spreadsheet would take for a formula is preceded by an apostrophe.

                Example: postern grants export --data /var/lib/postern --format csv > grants.csv
                """
        )

        enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
            case json, jsonl, csv
        }

        @OptionGroup var store: StoreOptions
        @Option(help: "json, jsonl or csv.") var format = Format.json

        func run() async throws {
            let store = try await store.open()
            let output = OutputBuffer()
            let format = format
            switch format {
            case .json: output.write("[")
            case .jsonl: break
            case .csv: output.write(GrantCSV.header)
            }
            let isWhole = try await readStore { () async throws(StoreError) in
                try await store.visitGrants { grant, isFirst in
                    switch format {
                    case .json: output.write((isFirst ? "\n" : ",\n") + GrantOutput.line(grant))
                    case .jsonl: output.write(GrantOutput.line(grant) + "\n")
                    case .csv: output.write(GrantCSV.lines(grant))
                    }
                    return output.isOpen
                }
            }
            if format == .json { output.write("\n]\n") }
            guard output.flush(), isWhole else {
                throw CommandFailure(message: "The output could not be written to its end.")
            }
        }
    }
}
