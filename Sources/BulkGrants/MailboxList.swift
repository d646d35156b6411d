package import GrantStore
package import Grants

/// What is wrong with a list of mailboxes, and on which line. None of it is sent while there is any.
package enum ListFault: Error, Hashable, Sendable {
    case unreadable(CSVViolation)
    case empty
    case columnMissing(String)
    case columnUnknown(String)
    case columnTwice(String)
    /// `profile` and `scopes` say the same in two ways.
    case columnsExclude(String, String)
    /// At Microsoft the tenant's permissions apply, whatever is asked for.
    case columnWithoutEffect(String)
    case fieldCount(line: Int, found: Int, expected: Int)
    case address(line: Int)
    /// The address stands on an earlier line, perhaps in other case.
    case duplicate(line: Int, firstLine: Int)
    case owner(line: Int)
    case profile(line: Int, name: String)
    case scopes(line: Int)
    case tag(line: Int, name: String)
    /// A grant or an address has an owner on an earlier line.
    case twice(line: Int)
    case grantID(line: Int)
    /// Tags are kept with an owner.
    case tagsWithoutOwner(line: Int)
    /// A row of no file says the same in two ways.
    case rowExcludes(line: Int, String, String)
}

/// How a list is to be read.
package struct ListRules: Sendable {
    package var provider: Provider
    /// The scopes of each access profile, as sent to the provider.
    package var profiles: [String: [String]]
    /// For rows that name none.
    package var defaultProfile: String
    package var limits = CSVLimits()

    package init(provider: Provider, profiles: [String: [String]], defaultProfile: String) {
        self.provider = provider
        self.profiles = profiles
        self.defaultProfile = defaultProfile
    }
}

/// A list of mailboxes: what of it can be sent, and everything that is wrong with it.
package struct MailboxList: Sendable {
    /// Without those that have a fault; by line.
    package private(set) var rows: [BulkRow] = []
    package private(set) var faults: [ListFault] = []
    /// In the order of the file.
    package private(set) var tagNames: [String] = []

    /// What a result has beside the columns of a list; in a list they are read over, so that a result is a list.
    package static let resultColumns = ["result", "grant_id", "reason"]

    private enum Column {
        case email, owner, profile, scopes, ignored
        case tag(String)
    }

    /// A mailbox that does not come from a file.
    package struct Entry: Sendable {
        package var address: String
        package var owner: String?
        package var profile: String?
        package var scopes: [String]?
        package var tags: [String: String]

        package init(
            address: String,
            owner: String? = nil,
            profile: String? = nil,
            scopes: [String]? = nil,
            tags: [String: String] = [:]
        ) {
            self.address = address
            self.owner = owner
            self.profile = profile
            self.scopes = scopes
            self.tags = tags
        }
    }

    /// The line of an entry: where it would be in a file with a line of column names.
    package static func line(ofEntry index: Int) -> Int { index + 2 }

    /// The same rules for mailboxes that are no text: an entry's line is that of a file with each on one.
    package init(_ entries: [Entry], _ rules: ListRules) {
        tagNames = Set(entries.flatMap(\.tags.keys)).sorted()
        for name in tagNames where !(1...40).contains(name.utf8.count) { faults.append(.columnUnknown("tag:" + name)) }
        if tagNames.count > Self.tagsAtMost { faults.append(.columnUnknown("tag:" + tagNames[Self.tagsAtMost])) }
        if entries.isEmpty { faults.append(.empty) }
        guard faults.isEmpty else { return }
        let columns: [Column] = [.email, .owner, .profile, .scopes] + tagNames.map { .tag($0) }
        var lines: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            let line = Self.line(ofEntry: index)
            let fields =
                [entry.address, entry.owner ?? "", entry.profile ?? "", entry.scopes?.joined(separator: " ") ?? ""]
                + tagNames.map { entry.tags[$0] ?? "" }
            do throws(ListFault) {
                guard entry.profile == nil || entry.scopes == nil else {
                    throw .rowExcludes(line: line, "profile", "scopes")
                }
                add(try Self.row(line, zip(fields, columns), rules), &lines)
            } catch {
                faults.append(error)
            }
        }
    }

    package init(_ bytes: [UInt8], _ rules: ListRules) {
        var reader = CSVReader(bytes, limits: rules.limits)
        var columns: [Column] = []
        switch reader.next() {
        case nil: faults.append(.empty)
        case .failure(let violation): faults.append(.unreadable(violation))
        case .success(let header): columns = readHeader(header.fields, rules)
        }
        guard faults.isEmpty else { return }
        var lines: [String: Int] = [:]
        while let record = reader.next() {
            switch record {
            case .failure(let violation): faults.append(.unreadable(violation))
            case .success(let record):
                do throws(ListFault) {
                    guard record.fields.count == columns.count else {
                        throw .fieldCount(line: record.line, found: record.fields.count, expected: columns.count)
                    }
                    let fields = record.fields.lazy.map { CSVText.unguarded($0) }
                    add(try Self.row(record.line, zip(fields, columns), rules), &lines)
                } catch {
                    faults.append(error)
                }
            }
        }
        if rows.isEmpty, faults.isEmpty { faults.append(.empty) }
    }

    private static let tagsAtMost = 8

    /// Adds a row, unless its address stands on an earlier line.
    private mutating func add(_ row: BulkRow, _ lines: inout [String: Int]) {
        let key = MailboxAddress.key(row.address)
        if let first = lines[key] {
            faults.append(.duplicate(line: row.line, firstLine: first))
        } else {
            lines[key] = row.line
            rows.append(row)
        }
    }

    private mutating func readHeader(_ fields: [String], _ rules: ListRules) -> [Column] {
        var names: Set<String> = []
        let columns = fields.map { field -> Column in
            let name = CSVText.unguarded(field).trimmed
            let lowered = name.lowercased()
            if lowered.hasPrefix("tag:") {
                let tag = String(name.dropFirst(4)).trimmed
                if !(1...40).contains(tag.utf8.count) { faults.append(.columnUnknown(name)) }
                if !names.insert("tag:" + tag).inserted { faults.append(.columnTwice(name)) }
                tagNames.append(tag)
                return .tag(tag)
            }
            if !names.insert(lowered).inserted { faults.append(.columnTwice(lowered)) }
            switch lowered {
            case "email": return .email
            case "owner": return .owner
            case "profile": return .profile
            case "scopes": return .scopes
            case _ where Self.resultColumns.contains(lowered): return .ignored
            default:
                faults.append(.columnUnknown(name))
                return .ignored
            }
        }
        if !names.contains("email") { faults.append(.columnMissing("email")) }
        if names.contains("profile"), names.contains("scopes") { faults.append(.columnsExclude("profile", "scopes")) }
        if tagNames.count > Self.tagsAtMost { faults.append(.columnUnknown("tag:" + tagNames[Self.tagsAtMost])) }
        return columns
    }

    private static func row(
        _ line: Int,
        _ fields: some Sequence<(String, Column)>,
        _ rules: ListRules
    ) throws(ListFault) -> BulkRow {
        var row = BulkRow(line: line, address: "", scopes: rules.profiles[rules.defaultProfile] ?? [])
        for (field, column) in fields {
            let text = field.trimmed
            switch column {
            case .ignored: break
            case .email:
                guard MailboxAddress.isPlausible(text) else { throw .address(line: line) }
                row.address = text
            case .owner where !text.isEmpty:
                guard let owner = OwnerID(text) else { throw .owner(line: line) }
                row.owner = owner
            case .profile where !text.isEmpty:
                guard let scopes = rules.profiles[text.lowercased()] else { throw .profile(line: line, name: text) }
                row.scopes = scopes
            case .scopes where !text.isEmpty:
                guard rules.provider != .microsoft else { throw .columnWithoutEffect("scopes") }
                row.scopes = try scopes(text, line)
            case .tag(let name) where !text.isEmpty:
                guard text.utf8.count <= 120, !text.utf8.contains(where: { $0 < 0x20 }) else {
                    throw .tag(line: line, name: name)
                }
                row.tags[name] = text
            case .owner, .profile, .scopes, .tag: break
            }
        }
        guard row.tags.isEmpty || row.owner != nil else { throw .tagsWithoutOwner(line: line) }
        if rules.provider == .microsoft { row.scopes = [] }
        return row
    }

    /// Scopes between spaces, short or in full, as Google has them: in full.
    private static func scopes(_ text: String, _ line: Int) throws(ListFault) -> [String] {
        let names = text.split(whereSeparator: { $0 == " " || $0.isNewline }).map(String.init)
        guard names.count <= 32, names.allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw .scopes(line: line)
        }
        return names.map { name in
            name.contains("://") || name == "openid" ? name : "https://www.googleapis.com/auth/" + name
        }
    }
}

extension String {
    /// Without the spaces that get into cells by accident.
    fileprivate var trimmed: String {
        let scalars = unicodeScalars
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }
}
