import BulkGrants
import GrantStore
import Grants
import HTTPSemantics
import Timekeeping

extension BulkRunRoutes {
    func json(_ run: BulkRun) async throws(APIProblem) -> JSON {
        let counts = try await stored { () async throws(StoreError) in try await service.store.counts(of: run.id) }
        let standing = service.standing(of: run, counts)
        return [
            "id": .string(run.id.text),
            "state": .string(standing.state.rawValue),
            "stop_reason": JSON(run.stopReason),
            "provider": .string(run.provider.rawValue),
            "credential_id": .string(run.credentialID.text),
            "mailboxes": .integer(Int64(counts.total)),
            "outcomes": .object(
                BulkRow.Standing.allCases.map { .init($0.rawValue, .integer(Int64(counts[$0]))) }
            ),
            "waiting_for": JSON(standing.waiting?.reason.name),
            "waiting_seconds": standing.waiting.map { .integer($0.remaining.wholeSeconds) } ?? .null,
            "seconds_left": standing.left.map { .integer($0.wholeSeconds) } ?? .null,
            "ready_at": JSON(run.readyAt?.rfc3339),
            "created_at": .string(run.createdAt.rfc3339),
            "cancelled_at": JSON(run.cancelledAt?.rfc3339),
            "finished_at": JSON(run.finishedAt?.rfc3339),
        ]
    }

    static func json(_ row: BulkRow) -> JSON {
        [
            "line": .integer(Int64(row.line)),
            "email": .string(row.address),
            "owner": JSON(row.owner?.text),
            "tags": JSON(row.tags),
            "outcome": .string(row.standing.rawValue),
            "grant_id": JSON(row.grantID?.text),
            "reason": JSON(row.reason),
        ]
    }
}

extension MailboxList.Entry {
    /// - Parameter content: fits the schema.
    init(_ content: JSON) {
        self.init(
            address: content["email"]?.text ?? "",
            owner: content["owner"]?.text,
            profile: content["profile"]?.text,
            scopes: content["scopes"]?.elements?.compactMap(\.text)
        )
        for tag in content["tags"]?.members ?? [] { tags[tag.name] = tag.value.text }
    }
}

extension Duration {
    /// Rounded up, and never less than nothing.
    fileprivate var wholeSeconds: Int64 { max(0, (wholeMicroseconds + 999_999) / 1_000_000) }
}

extension BulkProgress.Reason {
    fileprivate var name: String {
        switch self {
        case .consent: "consent"
        case .pace: "pace"
        case .provider: "provider"
        case .unreachable: "unreachable"
        case .trouble: "trouble"
        case .looking: "looking"
        }
    }

    static let names = ["consent", "pace", "provider", "unreachable", "trouble", "looking"]
}

extension ListFault {
    /// Where it is in the order, and what would be right; without anything of the value.
    var misfit: Misfit {
        func misfit(_ line: Int, _ member: String, _ detail: String) -> Misfit {
            Misfit(pointer: "/mailboxes/\(line - MailboxList.line(ofEntry: 0))\(member)", detail: detail)
        }
        return switch self {
        case .address(let line): misfit(line, "/email", "Must be an e-mail address.")
        case .duplicate(let line, let first):
            misfit(line, "/email", "Is also that of /mailboxes/\(first - MailboxList.line(ofEntry: 0)).")
        case .owner(let line): misfit(line, "/owner", "Must be 1 to 128 bytes on one line.")
        case .profile(let line, _): misfit(line, "/profile", "There is no access profile of this name.")
        case .scopes(let line): misfit(line, "/scopes", "Must be at most 32 names of visible ASCII characters.")
        case .columnWithoutEffect:
            Misfit(
                pointer: "/mailboxes",
                detail: "scopes: at Microsoft what the tenant approved applies. Leave them out."
            )
        case .rowExcludes(let line, let one, let other):
            misfit(line, "/\(one)", "Use \(one) or \(other), not both.")
        case .tag(let line, _): misfit(line, "/tags", "Values are at most 120 bytes on one line.")
        case .tagsWithoutOwner(let line): misfit(line, "/tags", "Are kept with an owner, and there is none.")
        case .columnUnknown:
            Misfit(pointer: "/mailboxes", detail: "At most 8 names of tags in all, each of 1 to 40 bytes.")
        // Of files alone, but for the first.
        case .empty, .unreadable, .columnMissing, .columnTwice, .columnsExclude, .fieldCount, .twice, .grantID:
            Misfit(pointer: "/mailboxes", detail: "There must be at least one.")
        }
    }
}
