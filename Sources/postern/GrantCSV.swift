import GrantStore
import Grants
import Timekeeping

/// Grants as CSV (RFC 4180): a line for each owner, so that every cell holds one value.
enum GrantCSV {
    static let header =
        line([
            "grant_id", "email", "provider", "grant_status", "scope", "owner", "owner_since", "tags", "created_at",
            "updated_at",
            "saved_at", "deletion_requested_at",
        ])

    static func lines(_ grant: StoredGrant) -> String {
        let owners = grant.owners.isEmpty ? [nil] : grant.owners.map(Optional.some)
        return owners.map { ownership in
            line([
                grant.id.text, grant.address ?? "", grant.providerName, grant.status.rawValue,
                grant.scopes.joined(separator: " "), ownership?.owner.text ?? "", ownership?.since.rfc3339 ?? "",
                ownership.map { $0.tags.isEmpty ? "" : GrantOutput.compact($0.tags) } ?? "", grant.createdAt.rfc3339,
                grant.updatedAt.rfc3339, grant.savedAt.rfc3339, grant.deletionRequestedAt?.rfc3339 ?? "",
            ])
        }.joined()
    }

    static func line(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    /// A cell that means its text and nothing else, to a parser and to a spreadsheet: what begins like a formula is preceded by
    /// an apostrophe, which spreadsheets take for "this is text".
    static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, isDangerous(first) { text = "'" + text }
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// `= + - @` in both widths, and what some programs skip before them.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}\t\r\n".unicodeScalars.contains(scalar)
    }
}
