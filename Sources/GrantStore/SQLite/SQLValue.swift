import Timekeeping

/// A value bound to a parameter of a statement.
enum SQLValue {
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    case null

    static func time(_ moment: Timestamp) -> SQLValue { .integer(moment.microsecondsSince1970) }
    static func text(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
}
