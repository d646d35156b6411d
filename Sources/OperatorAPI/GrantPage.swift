import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping

/// Grants as the API shows them, one or a page of them.
enum GrantPage {
    static let standardLimit: Int64 = 50

    static let parameters: [Operation.Parameter] = [
        .query("cursor", .text(1...200), "The next_cursor of the page before."),
        .query("limit", .integer(1...200), "How many at most; 50 if absent."),
    ]

    static var nothing: APIAnswer { answer([], limit: 1) }

    /// - Parameter grants: up to one more than the limit: then there is another page.
    static func answer(_ grants: [StoredGrant], limit: Int) -> APIAnswer {
        let page = grants.prefix(limit)
        let next = grants.count > limit ? page.last?.position.cursor : nil
        return APIAnswer(.ok, ["grants": .array(page.map(json)), "next_cursor": JSON(next)])
    }

    static func json(_ grant: StoredGrant) -> JSON {
        [
            "grant_id": .string(grant.id.text),
            "provider": .string(grant.providerName),
            "address": JSON(grant.address),
            "status": .string(grant.status.rawValue),
            "scopes": JSON(grant.scopes),
            "created_at": .string(grant.createdAt.rfc3339),
            "updated_at": .string(grant.updatedAt.rfc3339),
            "saved_at": .string(grant.savedAt.rfc3339),
            "changed_at": .string(grant.changedAt.rfc3339),
            "deletion_requested_at": JSON(grant.deletionRequestedAt?.rfc3339),
            "owners": .array(
                grant.owners.map { ownership in
                    [
                        "owner": .string(ownership.owner.text),
                        "since": .string(ownership.since.rfc3339),
                        "link_id": JSON(ownership.linkID?.text),
                        "tags": JSON(ownership.tags),
                    ]
                }
            ),
        ]
    }

    static let grant = Schema.named(
        "Grant",
        .object([
            .init("grant_id", .text(1...64), "Nylas's durable handle for the mailbox."),
            .init("provider", .text(1...64), "As Nylas names it."),
            .init("address", .nullable(.text(0...512)), "The mailbox; null where Nylas gave none."),
            .init("status", .word(["valid", "invalid"]), "invalid: the person must connect again."),
            .init("scopes", .list(of: .text(), atMost: 1000), "What was granted, as Nylas says it."),
            .init("created_at", .moment, "When Nylas made it."),
            .init("updated_at", .moment, "When it last authenticated."),
            .init("saved_at", .moment, "When Postern saved it first."),
            .init("changed_at", .moment, "When Postern last changed it."),
            .init(
                "deletion_requested_at",
                .nullable(.moment),
                "Since when nobody has it: the access exists until Nylas has deleted it."
            ),
            .init("owners", .list(of: owner, atMost: 100_000), "Who it belongs to, the oldest first."),
        ])
    )

    private static let owner = Schema.named(
        "Ownership",
        .object([
            .init("owner", .text(1...128), "Your own ID of the user."),
            .init("since", .moment, "Since when."),
            .init("link_id", .nullable(.text(1...64)), "The link it was connected with."),
            .init("tags", .map(of: .text(0...120), atMost: 8), "The link's tags."),
        ])
    )

    static let schema = Schema.named(
        "GrantPage",
        .object([
            .init("grants", .list(of: grant, atMost: 200), "In the order in which they were saved, the newest first."),
            .init("next_cursor", .nullable(.text(1...200)), "Where the next page begins; null on the last one."),
        ])
    )
}

extension GrantPosition {
    private static let version: UInt8 = 1

    /// A version, eight bytes of time, the ID: opaque to others, and no secret.
    var cursor: String {
        let time = stride(from: 56, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: savedAt.microsecondsSince1970 >> Int64($0))
        }
        return Base64.encode([Self.version] + time + Array(id.text.utf8), .url)
    }

    init?(cursor: String) {
        guard let bytes = Base64.decodeURL(cursor), bytes.count > 9, bytes[0] == Self.version,
            let text = String(validating: bytes[9...], as: UTF8.self), let id = GrantID(text)
        else { return nil }
        let time = bytes[1...8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        self.init(savedAt: Timestamp(microsecondsSince1970: Int64(bitPattern: time)), id: id)
    }
}
