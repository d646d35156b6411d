import FoundationEssentials

/// Lists of scopes and tags as JSON text, with one text per value: keys are sorted.
enum StoredJSON {
    static func text(_ value: some Encodable) -> SQLValue {
        .text(string(value))
    }

    static func string(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("strings, lists and dictionaries of strings always encode")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

extension Row {
    mutating func json<Value: Decodable>(_ type: Value.Type) throws(SQLiteFailure) -> Value {
        guard let value = try? JSONDecoder().decode(type, from: Data(try text().utf8)) else { throw .unreadableValue }
        return value
    }
}
