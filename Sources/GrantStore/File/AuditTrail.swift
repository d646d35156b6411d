import Cryptography
package import Grants
package import Timekeeping

/// One line of the audit trail: what changed in the store, by which request.
///
/// It names the grant and its owner, never the mailbox: an entry can't be erased.
package struct AuditEntry: Hashable, Sendable {
    package enum Event: String, Sendable {
        /// A flow ended with a grant: a new one, or a known one with new values or a new owner.
        case grantSaved = "grant.saved"
        /// A known grant's values were brought up to date outside of a flow.
        case grantRefreshed = "grant.refreshed"
        /// A browser came back from an administrator's consent; the detail is its ID, here as below.
        case consentReported = "consent.reported"
        case consentVerified = "consent.verified"
        case consentFailed = "consent.failed"
        /// An owner, or whoever connected it openly, gave a grant up; the detail says who wanted it.
        case grantLeft = "grant.left"
        /// A grant is gone at Nylas, and forgotten here; the detail says how it came to that.
        case grantRevoked = "grant.revoked"
        /// A grant that Nylas had was taken over, or a known one's values were.
        case grantImported = "grant.imported"
        /// A connect link was ended early; the detail is its ID.
        case linkRevoked = "link.revoked"
        /// The host app has confirmed who came back with a code, or denied it.
        case flowConfirmed = "flow.confirmed"
        case flowRefused = "flow.refused"
    }

    /// From 1, without gaps.
    package var number: Int64
    package var at: Timestamp
    package var event: Event
    package var grantID: GrantID?
    /// Who gained or lost the grant by it.
    package var owner: OwnerID?
    /// The request whose log line tells more.
    package var reference: String?
    /// The verdict, or the reason of a refresh.
    package var detail: String?
    /// On whose word; nil where it was a flow, a person with a link, or Postern by itself.
    package var actor: Actor?
    /// SHA-256 of the hash before (32 zero bytes before the first) and this entry's content.
    package var hash: [UInt8]

    static let firstPredecessor = [UInt8](repeating: 0, count: SHA256.digestBytes)

    /// The hash that fits behind another entry's.
    func hash(after predecessor: [UInt8]) -> [UInt8] {
        var content = predecessor
        content += bytes(number) + bytes(at.microsecondsSince1970)
        for field in [event.rawValue, grantID?.text, owner?.text, reference, detail] {
            // Each field with its length, so that no two entries have one content; -1 is the length of none.
            content += bytes(field.map { Int64($0.utf8.count) } ?? -1)
            content += field.map { Array($0.utf8) } ?? []
        }
        // Entries without one are as they were before there were any; with one, there is a sixth field behind the five.
        if let actor { content += bytes(Int64(actor.text.utf8.count)) + Array(actor.text.utf8) }
        return SHA256.digest(content)
    }

    /// Eight bytes, the most significant first.
    private func bytes(_ number: Int64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> Int64($0)) }
    }
}

/// What recomputing the whole trail found.
package enum AuditVerification: Hashable, Sendable {
    /// Whoever noted the head elsewhere can tell that nothing was cut off behind it.
    case intact(entries: Int64, head: [UInt8])
    /// The first entry that is missing or does not fit the one before.
    case broken(at: Int64)
}

extension Connection {
    func appendToAudit(
        _ event: AuditEntry.Event,
        grant: GrantID?,
        owner: OwnerID?,
        reference: String?,
        detail: String?,
        actor: Actor? = nil,
        at moment: Timestamp
    ) throws(SQLiteFailure) {
        let last = try row("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1") {
            (row) throws(SQLiteFailure) in (number: try row.integer(), hash: try row.blob())
        }
        var entry = AuditEntry(
            number: (last?.number ?? 0) + 1,
            at: moment,
            event: event,
            grantID: grant,
            owner: owner,
            reference: reference,
            detail: detail,
            actor: actor,
            hash: []
        )
        entry.hash = entry.hash(after: last?.hash ?? AuditEntry.firstPredecessor)
        try run(
            "INSERT INTO audit (\(auditColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .integer(entry.number),
            .time(entry.at),
            .text(event.rawValue),
            .text(grant?.text),
            .text(owner?.text),
            .text(reference),
            .text(detail),
            .text(actor?.text),
            .blob(entry.hash)
        )
    }

    func auditTrail(after number: Int64, limit: Int) throws(SQLiteFailure) -> [AuditEntry] {
        try rows(
            "SELECT \(auditColumns) FROM audit WHERE number > ? ORDER BY number LIMIT ?",
            .integer(number),
            .integer(Int64(limit)),
            read: auditEntry
        )
    }

    func verifyAuditChain() throws(SQLiteFailure) -> AuditVerification {
        var (number, head) = (Int64(0), AuditEntry.firstPredecessor)
        var broken: Int64?
        try forEachRow("SELECT \(auditColumns) FROM audit ORDER BY number", []) { (row) throws(SQLiteFailure) in
            guard broken == nil else { return }
            number += 1
            // An entry that can't be read is one that does not fit.
            guard let entry = try? auditEntry(&row), entry.number == number, entry.hash == entry.hash(after: head)
            else {
                broken = number
                return
            }
            head = entry.hash
        }
        return broken.map { .broken(at: $0) } ?? .intact(entries: number, head: head)
    }
}

private let auditColumns = "number, at, event, grant_id, owner, reference, detail, actor, hash"

private func auditEntry(_ row: inout Row) throws(SQLiteFailure) -> AuditEntry {
    let (number, at) = (try row.integer(), try row.time())
    guard let event = AuditEntry.Event(rawValue: try row.text()) else { throw .unreadableValue }
    return AuditEntry(
        number: number,
        at: at,
        event: event,
        grantID: try row.optional(GrantID.init),
        owner: try row.optional(OwnerID.init),
        reference: try row.optionalText(),
        detail: try row.optionalText(),
        actor: try row.optional(Actor.init),
        hash: try row.blob()
    )
}
