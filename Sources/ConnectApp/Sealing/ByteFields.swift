/// Appends values one after the other, each with its length where that is not fixed; ``ByteFieldReader`` reads them back.
struct ByteFieldWriter {
    private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: for how many bytes there is room from the start.
    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    mutating func write(_ byte: UInt8) {
        bytes.append(byte)
    }

    mutating func write(_ number: Int64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
        }
    }

    /// Bytes whose number the reader knows.
    mutating func writeFixed(_ fixed: [UInt8]) {
        bytes += fixed
    }

    /// At most 65,535 bytes of UTF-8.
    mutating func write(_ text: String) {
        let utf8 = text.utf8
        precondition(utf8.count <= Int(UInt16.max), "what travels in a cookie is checked to be far shorter than this")
        bytes.append(UInt8(utf8.count >> 8))
        bytes.append(UInt8(utf8.count & 0xFF))
        bytes += utf8
    }

    mutating func write(_ text: String?) {
        write(text == nil ? 0 : 1 as UInt8)
        if let text { write(text) }
    }

    mutating func write(_ list: [String]) {
        precondition(list.count <= Int(UInt8.max), "what travels in a cookie is checked to be far fewer than this")
        write(UInt8(list.count))
        for text in list { write(text) }
    }
}

/// Reads what ``ByteFieldWriter`` wrote; nil at the first value that is not there whole.
struct ByteFieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? {
        rest.popFirst()
    }

    mutating func number() -> Int64? {
        guard let bytes = fixed(8) else { return nil }
        return Int64(bitPattern: bytes.reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
    }

    mutating func fixed(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// Everything that is left.
    mutating func remaining() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    mutating func text() -> String? {
        guard let length = fixed(2), let bytes = fixed(Int(length[0]) << 8 | Int(length[1])) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// - Returns: nil if it cannot be read, a nil text if none was written.
    mutating func optionalText() -> String?? {
        switch byte() {
        case 0: .some(nil)
        case 1: text().map { .some($0) }
        default: nil
        }
    }

    mutating func list() -> [String]? {
        guard let count = byte() else { return nil }
        var list: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            list.append(text)
        }
        return list
    }
}
