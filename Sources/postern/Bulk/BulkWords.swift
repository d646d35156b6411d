import BulkGrants
import GrantStore
import Grants
import Timekeeping

extension ListFault {
    /// With the line first, as editors want it.
    var sentence: String {
        switch self {
        case .unreadable(let violation): violation.sentence
        case .empty: "the file has no mailbox in it. The first line names the columns; email is one of them."
        case .columnMissing(let name): "line 1: the column \(name) is missing."
        case .columnUnknown(let name):
            "line 1: the column \"\(GrantOutput.printable(name))\" is unknown. There are email, owner, profile or scopes, and up to 8 tag:NAME."
        case .columnTwice(let name): "line 1: the column \"\(GrantOutput.printable(name))\" is there twice."
        case .columnsExclude(let one, let other): "line 1: use \(one) or \(other), not both."
        case .columnWithoutEffect(let name):
            "\(name): at Microsoft the permissions that the tenant approved apply, whatever is asked for. Leave the column out."
        case .fieldCount(let line, let found, let expected):
            "line \(line): \(found) fields where the first line has \(expected)."
        case .address(let line): "line \(line): the e-mail address is missing or is none."
        case .duplicate(let line, let first): "line \(line): the same address as on line \(first)."
        case .owner(let line): "line \(line): an owner is 1 to 128 bytes on one line."
        case .profile(let line, let name):
            "line \(line): there is no access profile \"\(GrantOutput.printable(name))\"."
        case .scopes(let line): "line \(line): scopes are names between spaces, at most 32."
        case .tag(let line, let name):
            "line \(line): tag:\(GrantOutput.printable(name)) is longer than 120 bytes, or not one line."
        case .twice(let line): "line \(line): this grant or address is on an earlier line, too."
        case .grantID(let line): "line \(line): that is not the form of a grant ID."
        case .rowExcludes(let line, let one, let other): "line \(line): use \(one) or \(other), not both."
        case .tagsWithoutOwner(let line): "line \(line): tags are kept with an owner, and there is none."
        }
    }
}

extension CSVViolation {
    var sentence: String {
        switch self {
        case .encodingUTF16: "the file is UTF-16. Save it as CSV UTF-8."
        case .notUTF8(let line): "line \(line): not UTF-8. Save the file as CSV UTF-8."
        case .quoteInsideField(let line): "line \(line): a quotation mark inside a field that does not begin with one."
        case .textAfterQuote(let line):
            "line \(line): text behind a closing quotation mark. One inside a field is written twice."
        case .quoteNotClosed(let line):
            "line \(line): a quotation mark is opened here and never closed. Nothing behind it was read."
        case .controlCharacter(let line): "line \(line): a control character."
        case .fieldTooLong(let line, let limit): "line \(line): a field of more than \(limit) bytes."
        case .tooManyFields(let line, let limit): "line \(line): more than \(limit) fields."
        case .tooManyRecords(let limit): "more than \(limit) lines. Split the file."
        }
    }
}

extension BulkEnd {
    /// What a person is told when a run ends before its end; nil for a finished one.
    func sentence(_ run: BulkRunID) -> String? {
        let goOn = "Go on with: postern grants create --resume \(run)"
        return switch self {
        case .finished: nil
        case .stopped: "Stopped; what was under way is saved. \(goOn)"
        case .unknownRun: "There is no run \(run) in this store."
        case .heldElsewhere:
            "Another process is working on a run of this store. One at a time: Nylas's pace is one for all."
        case .unauthorized: "Nylas does not take the API key (postern check). \(goOn)"
        case .unreachable: "Nylas could not be reached for fifteen minutes. \(goOn)"
        case .throttled: "For fifteen minutes Nylas answered nothing but \"too many requests\". \(goOn)"
        case .store(let error): "The file store: \(error.sentence) \(goOn)"
        }
    }
}

extension BulkProgress.Reason {
    var words: String {
        switch self {
        case .consent: "the administrator's consent is spreading"
        case .pace: "Nylas asks for a slower pace"
        case .provider: "the mail provider asks for a pause"
        case .unreachable: "Nylas cannot be reached"
        case .trouble: "many requests fail at Nylas"
        case .looking: "looking what became of rows without an answer"
        }
    }
}

extension BulkRow.Standing {
    var words: String {
        switch self {
        case .pending: "to be sent"
        case .sent: "without an answer yet"
        case .connected: "connected"
        case .reauthenticated: "authenticated again, with the same grant ID"
        case .skipped: "connected before"
        case .failed: "failed"
        }
    }
}
