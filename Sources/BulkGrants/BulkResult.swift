package import GrantStore
import Grants

/// What has become of a run, as CSV that is a list again: with `onlyFailed` it holds what is to be tried once more.
package struct BulkResult: Sendable {
    private let run: BulkRun
    private let onlyFailed: Bool

    package init(_ run: BulkRun, onlyFailed: Bool) {
        self.run = run
        self.onlyFailed = onlyFailed
    }

    private var hasScopes: Bool { run.provider != .microsoft }

    package var header: String {
        CSVText.record(
            ["email", "owner"] + (hasScopes ? ["scopes"] : []) + run.tagNames.map { "tag:" + $0 }
                + MailboxList.resultColumns
        )
    }

    /// - Returns: nil for a row that is left out.
    package func record(_ row: BulkRow) -> String? {
        guard !onlyFailed || row.standing == .failed else { return nil }
        return CSVText.record(
            [row.address, row.owner?.text ?? ""] + (hasScopes ? [row.scopes.joined(separator: " ")] : [])
                + run.tagNames.map { row.tags[$0] ?? "" }
                + [row.standing.rawValue, row.grantID?.text ?? "", row.reason ?? ""]
        )
    }
}
