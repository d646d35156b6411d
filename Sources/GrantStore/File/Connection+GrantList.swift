import Grants
import Timekeeping

/// Lists of grants. Each filter has an index to walk along, so that a page costs a page, however many grants there are.
extension Connection {
    func grants(matching filter: GrantFilter) throws(SQLiteFailure) -> [StoredGrant] {
        let (sql, values) = GrantQuery(filter).statement
        var grants: [StoredGrant] = []
        try forEachRow(sql, values) { (row) throws(SQLiteFailure) in grants.append(try grant(in: &row)) }
        for index in grants.indices { grants[index].owners = try owners(of: grants[index].id) }
        return grants
    }
}

/// A filter as SQL.
struct GrantQuery {
    private static let order = "ORDER BY saved_at DESC, id LIMIT ?"

    let filter: GrantFilter

    init(_ filter: GrantFilter) {
        self.filter = filter
    }

    var statement: (sql: String, values: [SQLValue]) {
        guard filter.owner == nil, filter.address == nil, filter.providerName != nil, filter.status == nil else {
            return page(filter.status)
        }
        // The index of providers has the status before the time: a page of each, and of these the first.
        let (valid, invalid) = (page(.valid), page(.invalid))
        return (
            "SELECT * FROM (\(valid.sql)) UNION ALL SELECT * FROM (\(invalid.sql)) \(Self.order)",
            valid.values + invalid.values + [limit]
        )
    }

    private var limit: SQLValue { .integer(Int64(filter.boundedLimit)) }

    private func page(_ status: StoredGrant.Status?) -> (sql: String, values: [SQLValue]) {
        var conditions: [String] = []
        var values: [SQLValue] = []
        func require(_ condition: String, _ newValues: SQLValue...) {
            conditions.append(condition)
            values += newValues
        }
        if let owner = filter.owner { require("owner = ?", .text(owner.text)) }
        if let address = filter.address { require("address = ?", .text(address)) }
        if let provider = filter.providerName { require("provider = ?", .text(provider)) }
        if let status { require("status = ?", .text(status.rawValue)) }
        if let after = filter.after {
            require(
                "saved_at <= ? AND (saved_at < ? OR id > ?)",
                .time(after.savedAt),
                .time(after.savedAt),
                .text(after.id.text)
            )
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return ("SELECT \(grantColumns) FROM \(source(status)) \(condition) \(Self.order)", values + [limit])
    }

    /// Where the rows come from, as the planner must not choose it: an owner and an address have few, and the rest is in order.
    private func source(_ status: StoredGrant.Status?) -> String {
        if filter.owner != nil { return "ownership CROSS JOIN grants ON id = grant_id" }
        if filter.address != nil { return "grants INDEXED BY grants_by_address" }
        if filter.providerName != nil { return "grants INDEXED BY grants_by_provider" }
        return status == nil ? "grants INDEXED BY grants_by_save" : "grants INDEXED BY grants_by_status"
    }
}
