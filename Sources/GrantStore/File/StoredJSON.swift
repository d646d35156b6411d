/// Lists of scopes and tags as JSON text, with one text per value: keys are sorted.
///
/// Written and read here and not by Foundation's coders: a connect has some twenty of these, and each cost more than its statement.
enum StoredJSON {
    static func text(_ list: [String]) -> SQLValue { .text(string(list)) }

    static func text(_ map: [String: String]) -> SQLValue { .text(string(map)) }

    static func string(_ list: [String]) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (index, text) in list.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    static func string(_ map: [String: String]) -> String {
        guard !map.isEmpty else { return "{}" }
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (index, (name, text)) in map.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: nil unless the text is an array of strings.
    static func list(_ text: String) -> [String]? {
        guard text != "[]" else { return [] }
        var reader = StoredJSONReader(text)
        var list: [String] = []
        let isRead = reader.elements("[", "]") { reader in
            reader.string().map { list.append($0) } != nil
        }
        return isRead ? list : nil
    }

    /// - Returns: nil unless the text is an object of strings, each name once.
    static func map(_ text: String) -> [String: String]? {
        guard text != "{}" else { return [:] }
        var reader = StoredJSONReader(text)
        var map: [String: String] = [:]
        let isRead = reader.elements("{", "}") { reader in
            guard let name = reader.string(), reader.skip(":"), let text = reader.string() else { return false }
            return map.updateValue(text, forKey: name) == nil
        }
        return isRead ? map : nil
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension Row {
    mutating func list() throws(SQLiteFailure) -> [String] {
        guard let list = StoredJSON.list(try text()) else { throw .unreadableValue }
        return list
    }

    mutating func map() throws(SQLiteFailure) -> [String: String] {
        guard let map = StoredJSON.map(try text()) else { throw .unreadableValue }
        return map
    }
}
