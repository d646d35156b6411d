package import Grants

/// Who owns which grant, for an import: a CSV with `owner` and `grant_id` or `email`, or both.
package struct OwnerMap: Sendable {
    package private(set) var faults: [ListFault] = []
    private var byGrant: [GrantID: OwnerID] = [:]
    private var byAddress: [String: OwnerID] = [:]

    package init() {}

    package init(_ bytes: [UInt8], limits: CSVLimits = CSVLimits()) {
        var reader = CSVReader(bytes, limits: limits)
        var names: [String] = []
        switch reader.next() {
        case nil: faults.append(.empty)
        case .failure(let violation): faults.append(.unreadable(violation))
        case .success(let header): names = header.fields.map { CSVText.unguarded($0).lowercased() }
        }
        guard faults.isEmpty else { return }
        for name in names where !["owner", "grant_id", "email"].contains(name) { faults.append(.columnUnknown(name)) }
        for name in Set(names) where names.count(where: { $0 == name }) > 1 { faults.append(.columnTwice(name)) }
        if !names.contains("owner") { faults.append(.columnMissing("owner")) }
        if !names.contains("grant_id"), !names.contains("email") { faults.append(.columnMissing("grant_id")) }
        guard faults.isEmpty else { return }
        while let record = reader.next() {
            do throws(ListFault) {
                switch record {
                case .failure(let violation): throw .unreadable(violation)
                case .success(let record): try read(record, names)
                }
            } catch {
                faults.append(error)
            }
        }
    }

    /// By the grant's ID, else by its address.
    package func owner(of grant: GrantID, address: String?) -> OwnerID? {
        byGrant[grant] ?? address.flatMap { byAddress[MailboxAddress.key($0)] }
    }

    private mutating func read(_ record: CSVRecord, _ names: [String]) throws(ListFault) {
        guard record.fields.count == names.count else {
            throw .fieldCount(line: record.line, found: record.fields.count, expected: names.count)
        }
        var fields: [String: String] = [:]
        for (name, field) in zip(names, record.fields) { fields[name] = CSVText.unguarded(field) }
        guard let owner = OwnerID(fields["owner", default: ""]) else { throw .owner(line: record.line) }
        let (id, address) = (fields["grant_id", default: ""], fields["email", default: ""])
        if !id.isEmpty {
            guard let grant = GrantID(id) else { throw .grantID(line: record.line) }
            guard byGrant.updateValue(owner, forKey: grant) == nil else { throw .twice(line: record.line) }
        } else {
            guard MailboxAddress.isPlausible(address) else { throw .address(line: record.line) }
            guard byAddress.updateValue(owner, forKey: MailboxAddress.key(address)) == nil else {
                throw .twice(line: record.line)
            }
        }
    }
}
