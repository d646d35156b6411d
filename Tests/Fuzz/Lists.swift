import GrantStore
import Grants
import Timekeeping

@testable import BulkGrants

// BulkGrants: lists of mailboxes as people's spreadsheets make them.

private let limits: CSVLimits = {
    var limits = CSVLimits()
    (limits.fieldBytes, limits.fields, limits.records) = (200, 12, 100)
    return limits
}()

private let rules: ListRules = {
    let read = "https://www.googleapis.com/auth/gmail.readonly"
    var rules = ListRules(
        provider: .google,
        profiles: ["read": [read], "send": [read, "openid"]],
        defaultProfile: "read"
    )
    rules.limits = limits
    return rules
}()

func readCSV(_ input: [UInt8]) {
    var line = 0
    var count = 0
    for result in CSVReader(input, limits: limits) {
        count += 1
        guard case .success(let record) = result else { continue }
        require(record.line > line, "lines go back")
        line = record.line
        require((1...limits.fields).contains(record.fields.count), "\(record.fields.count) fields")
        for field in record.fields {
            require(field.utf8.count <= limits.fieldBytes, "a long field")
            require(CSVText.unguarded(CSVText.guarded(field)) == field, "guarded and lost")
        }
        checkWriting(record.fields)
    }
    require(count <= limits.records + 1, "\(count) records")
    let owners = OwnerMap(input, limits: limits)
    if owners.faults.isEmpty, let nobody = GrantID("nobody-has-this-one") {
        require(owners.owner(of: nobody, address: nil) == nil, "an owner for everybody")
    }
    checkList(MailboxList(input, rules))
}

/// What is written reads as it was, behind a first line that says what divides fields.
private func checkWriting(_ fields: [String]) {
    guard fields != [""] else { return }
    let text = CSVText.record(["a", "b"]) + CSVText.record(fields)
    let read = CSVReader(Array(text.utf8)).map { try? $0.get().fields.map(CSVText.unguarded) }
    require(read == [["a", "b"], fields], "written, and read otherwise: \(fields)")
}

/// A list's result is the same list.
private func checkList(_ list: MailboxList) {
    var keys: Set<String> = []
    for row in list.rows {
        require(MailboxAddress.isPlausible(row.address), "no address: \(row.address)")
        require(keys.insert(MailboxAddress.key(row.address)).inserted, "an address twice")
        require(row.owner != nil || row.tags.isEmpty, "tags of nobody")
    }
    guard list.faults.isEmpty else { return }
    guard let id = BulkRunID("run"), let credential = CredentialID("c") else { return }
    let run = BulkRun(
        id: id,
        provider: .google,
        credentialID: credential,
        tagNames: list.tagNames,
        createdAt: Timestamp(secondsSince1970: 0)
    )
    let result = BulkResult(run, onlyFailed: false)
    let text = result.header + list.rows.compactMap(result.record).joined()
    var generous = rules
    generous.limits = CSVLimits()
    let again = MailboxList(Array(text.utf8), generous)
    require(again.faults.isEmpty, "a result that is no list: \(again.faults)")
    let pairs = zip(again.rows, list.rows)
    require(again.rows.count == list.rows.count, "rows lost")
    for (left, right) in pairs {
        require(left.address == right.address && left.owner == right.owner, "another mailbox")
        require(left.tags == right.tags && left.scopes == right.scopes, "another order: \(left) \(right)")
    }
}
