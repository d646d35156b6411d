import FoundationEssentials
import GrantStore
import Grants
import Timekeeping

/// Grants as the command line prints them.
enum GrantOutput {
    /// A grant as JSON; the names are those of Nylas where it has one.
    struct Object: Encodable {
        struct Owner: Encodable {
            var owner: String
            var since: String
            var tags: [String: String]
        }

        var grant_id: String
        var provider: String
        var email: String?
        var grant_status: String
        var scope: [String]
        var created_at: String
        var updated_at: String
        var saved_at: String
        var owners: [Owner]
        /// Since when nobody has it and its deletion at Nylas is due.
        var deletion_requested_at: String?

        init(_ grant: StoredGrant) {
            grant_id = grant.id.text
            provider = grant.providerName
            email = grant.address
            grant_status = grant.status.rawValue
            scope = grant.scopes
            created_at = grant.createdAt.rfc3339
            updated_at = grant.updatedAt.rfc3339
            saved_at = grant.savedAt.rfc3339
            owners = grant.owners.map { Owner(owner: $0.owner.text, since: $0.since.rfc3339, tags: $0.tags) }
            deletion_requested_at = grant.deletionRequestedAt?.rfc3339
        }
    }

    static func json(_ grant: StoredGrant) -> String { encode(Object(grant)) }

    static func jsonArray(_ grants: [StoredGrant]) -> String { encode(grants.map(Object.init)) }

    /// On one line.
    static func line(_ grant: StoredGrant) -> String { compact(Object(grant)) }

    static func table(_ grants: [StoredGrant]) -> String {
        guard !grants.isEmpty else { return "No mailbox is connected yet." }
        let rows =
            [["GRANT", "MAILBOX", "PROVIDER", "STATUS", "OWNER", "SAVED"]]
            + grants.map { grant in
                [
                    grant.id.text, grant.address ?? "–", grant.providerName,
                    grant.deletionRequestedAt == nil ? grant.status.rawValue : "to be deleted",
                    grant.owners.isEmpty ? "–" : grant.owners.map(\.owner.text).joined(separator: ", "),
                    grant.savedAt.rfc3339,
                ].map(printable)
            }
        return columns(rows)
    }

    static func lines(_ grant: StoredGrant) -> String {
        var rows = [
            ["grant", grant.id.text], ["mailbox", grant.address ?? "–"], ["provider", grant.providerName],
            ["status", grant.status.rawValue], ["scopes", grant.scopes.joined(separator: " ")],
            ["made at Nylas", grant.createdAt.rfc3339], ["last authenticated", grant.updatedAt.rfc3339],
            ["saved here", grant.savedAt.rfc3339],
        ]
        if let since = grant.deletionRequestedAt { rows.append(["to be deleted at Nylas", "since \(since.rfc3339)"]) }
        for owner in grant.owners { rows.append(["owner", "\(owner.owner.text), since \(owner.since.rfc3339)"]) }
        return columns(rows.map { $0.map(printable) })
    }

    /// Left-aligned columns, two spaces apart; the last is not padded.
    static func columns(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }.joined()
        }.joined(separator: "\n")
    }

    /// Text from outside, safe for a terminal: no control characters.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }
            )
        )
    }

    static func compact(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // As below.
        guard let data = try? encoder.encode(value) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Encoding strings cannot fail; an empty text would be a fault of the encoder.
        guard let data = try? encoder.encode(value) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
