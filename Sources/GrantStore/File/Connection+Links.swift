import Grants
import Timekeeping

extension Connection {
    func use(of link: LinkID) throws(SQLiteFailure) -> LinkUse? {
        try row("SELECT standing, digest FROM link_use WHERE link_id = ?", .text(link.text)) {
            (row) throws(SQLiteFailure) in
            let standing = try row.text()
            if standing == "revoked" { return .revoked }
            guard let flow = FlowID(digest: try row.blob()) else { throw .unreadableValue }
            switch standing {
            case "reserved": return .reserved(flow)
            case "used": return .used(flow)
            default: throw .unreadableValue
            }
        }
    }

    /// Whether a flow may have the link.
    func answer(
        reserving link: LinkClaim,
        for flow: FlowID,
        at now: Timestamp
    ) throws(SQLiteFailure) -> LinkRules.Answer {
        let use = try use(of: link.id)
        var holder: FlowRecord.Standing?
        if case .reserved(let other)? = use { holder = try self.flow(other)?.standing }
        return LinkRules.reserving(use, for: flow, holder: holder, at: now)
    }

    func save(_ use: LinkUse, of link: LinkClaim) throws(SQLiteFailure) {
        let (standing, flow): (String, FlowID?) =
            switch use {
            case .reserved(let flow): ("reserved", flow)
            case .used(let flow): ("used", flow)
            case .revoked: ("revoked", nil)
            }
        try run(
            "INSERT OR REPLACE INTO link_use (link_id, standing, digest, expires_at) VALUES (?, ?, ?, ?)",
            .text(link.id.text),
            .text(standing),
            flow.map { .blob($0.digest) } ?? .null,
            .time(link.expiresAt)
        )
    }

    func deleteLinks(expiredBefore moment: Timestamp) throws(SQLiteFailure) -> Int {
        try run("DELETE FROM link_use WHERE expires_at < ?", .time(moment))
    }
}
