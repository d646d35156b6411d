import Grants
import TestSupport
import Testing
import Timekeeping

@testable import GrantStore

@Suite("How grants are looked for")
struct GrantQueryTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        _ = try FileGrantStore(directory: directory.path)
    }

    static let filters: [GrantFilter] = {
        var filters: [GrantFilter] = []
        for owner in [nil, OwnerID("ada")] {
            for address in [nil, "a@example.com"] {
                for status in [nil, StoredGrant.Status.invalid] {
                    for provider in [nil, "google"] {
                        for after in [
                            nil, GrantID("g").map { GrantPosition(savedAt: .init(secondsSince1970: 9), id: $0) },
                        ] {
                            filters.append(
                                GrantFilter(
                                    owner: owner,
                                    address: address,
                                    status: status,
                                    providerName: provider,
                                    after: after
                                )
                            )
                        }
                    }
                }
            }
        }
        return filters
    }()

    @Test(arguments: filters)
    func `no filter reads more of the table than it answers`(filter: GrantFilter) throws {
        let connection = try Connection(
            path: directory.path + "/postern.db",
            access: .readWrite,
            busyTimeout: .seconds(5)
        )
        let (sql, values) = GrantQuery(filter).statement
        var plan: [String] = []
        try connection.forEachRow("EXPLAIN QUERY PLAN \(sql)", values) { (row) throws(SQLiteFailure) in
            row.skip(3)
            plan.append(try row.text())
        }
        // A walk is a SCAN: allowed only along the index of the order, where nothing is left out.
        for step in plan where step.hasPrefix("SCAN grants") {
            #expect(step.hasSuffix("USING INDEX grants_by_save") && filter.owner == nil && filter.address == nil)
            #expect(filter.status == nil && filter.providerName == nil)
        }
        #expect(plan.contains { $0.contains("grants") }, "\(plan)")
        // Only what an owner or an address has is sorted; the two pages of a provider are merged or sorted, a page each.
        let mayOrder =
            filter.owner != nil || filter.address != nil || (filter.providerName != nil && filter.status == nil)
        #expect(mayOrder || !plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }
}
