/// One record of a CSV file, with the line it begins on.
package struct CSVRecord: Hashable, Sendable {
    /// From 1. A field with line breaks in it makes the next record's line more than one higher.
    package var line: Int
    package var fields: [String]
}

/// What is wrong with a record.
package enum CSVViolation: Error, Hashable, Sendable {
    /// UTF-16, as Excel saves "Unicode text". Ends the reading.
    case encodingUTF16
    /// A field is not UTF-8.
    case notUTF8(line: Int)
    /// RFC 4180 §2.5: a quote in a field that did not begin with one.
    case quoteInsideField(line: Int)
    /// RFC 4180 §2.7: something other than the end of the field behind its closing quote.
    case textAfterQuote(line: Int)
    /// A quote is opened here and never closed. Ends the reading.
    case quoteNotClosed(line: Int)
    /// A control character: no address, owner or tag has one.
    case controlCharacter(line: Int)
    case fieldTooLong(line: Int, limitBytes: Int)
    case tooManyFields(line: Int, limit: Int)
    /// Ends the reading.
    case tooManyRecords(limit: Int)
}

package struct CSVLimits: Sendable {
    package var fieldBytes = 4096
    package var fields = 64
    package var records = 100_000

    package init() {}
}

/// Reads CSV by RFC 4180, as spreadsheets write it: LF as well as CRLF, a byte order mark, empty lines left out, and, where the first
/// line has no comma, semicolons or tabs between the fields.
///
/// Pure: bytes in, records or violations out. A violation costs its record alone, except those that say otherwise.
package struct CSVReader: Sequence, IteratorProtocol, Sendable {
    private let bytes: [UInt8]
    private let limits: CSVLimits
    private let separator: UInt8
    private var position = 0
    private var line = 1
    private var records = 0
    private var isOver = false

    package init(_ bytes: [UInt8], limits: CSVLimits = CSVLimits()) {
        self.bytes = bytes
        self.limits = limits
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let first = bytes[position...].prefix { $0 != lineFeed && $0 != carriageReturn }
        separator =
            if first.contains(comma) {
                comma
            } else if first.contains(semicolon) {
                semicolon
            } else {
                first.contains(tab) ? tab : comma
            }
    }

    package mutating func next() -> Result<CSVRecord, CSVViolation>? {
        guard !isOver else { return nil }
        if position == 0, bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return end(with: .encodingUTF16)
        }
        skipEmptyLines()
        guard position < bytes.count else {
            isOver = true
            return nil
        }
        guard records < limits.records else { return end(with: .tooManyRecords(limit: limits.records)) }
        records += 1
        return record()
    }

    private mutating func skipEmptyLines() {
        while position < bytes.count, bytes[position] == lineFeed || bytes[position] == carriageReturn { skipLineEnd() }
    }

    private mutating func record() -> Result<CSVRecord, CSVViolation> {
        var record = CSVRecord(line: line, fields: [])
        var violation: CSVViolation?
        while true {
            let field: Field
            do throws(CSVViolation) {
                field = try self.field()
            } catch {
                return end(with: error)
            }
            violation = violation ?? field.violation
            if record.fields.count < limits.fields {
                record.fields.append(field.text)
            } else {
                violation = violation ?? .tooManyFields(line: record.line, limit: limits.fields)
            }
            guard position < bytes.count, bytes[position] == separator else { break }
            position += 1
        }
        if position < bytes.count { skipLineEnd() }
        return violation.map { .failure($0) } ?? .success(record)
    }

    private struct Field {
        var text = ""
        var violation: CSVViolation?
    }

    /// Reads up to the separator or the line's end.
    ///
    /// - Throws: `.quoteNotClosed`: where the field ends can't be known.
    private mutating func field() throws(CSVViolation) -> Field {
        let beginning = line
        var content: [UInt8] = []
        var violation: CSVViolation?
        if position < bytes.count, bytes[position] == quote {
            position += 1
            try quoted(into: &content, from: beginning)
            if position < bytes.count, !endsField(bytes[position]) {
                violation = .textAfterQuote(line: line)
                while position < bytes.count, !endsField(bytes[position]) { position += 1 }
            }
        } else {
            let start = position
            while position < bytes.count, !endsField(bytes[position]) { position += 1 }
            content = Array(bytes[start..<position])
            if content.contains(quote) { violation = .quoteInsideField(line: line) }
        }
        guard content.count <= limits.fieldBytes else {
            return Field(violation: .fieldTooLong(line: beginning, limitBytes: limits.fieldBytes))
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            return Field(violation: violation ?? .notUTF8(line: beginning))
        }
        let allowed = [tab, lineFeed, carriageReturn]
        if violation == nil, content.contains(where: { ($0 < 0x20 && !allowed.contains($0)) || $0 == 0x7F }) {
            violation = .controlCharacter(line: beginning)
        }
        return Field(text: text, violation: violation)
    }

    /// Reads behind an opening quote up to behind the closing one; two quotes are one (RFC 4180 §2.7).
    private mutating func quoted(into content: inout [UInt8], from beginning: Int) throws(CSVViolation) {
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote {
                guard position < bytes.count, bytes[position] == quote else { return }
                position += 1
            } else if byte == lineFeed
                || (byte == carriageReturn && !(position < bytes.count && bytes[position] == lineFeed))
            {
                line += 1
            }
            // One byte beyond the limit is enough to know; the rest is read and not kept.
            if content.count <= limits.fieldBytes { content.append(byte) }
        }
        throw .quoteNotClosed(line: beginning)
    }

    private func endsField(_ byte: UInt8) -> Bool {
        byte == separator || byte == lineFeed || byte == carriageReturn
    }

    /// CRLF, LF, or the CR alone that old spreadsheets write.
    private mutating func skipLineEnd() {
        if bytes[position] == carriageReturn, position + 1 < bytes.count, bytes[position + 1] == lineFeed {
            position += 1
        }
        position += 1
        line += 1
    }

    private mutating func end(with violation: CSVViolation) -> Result<CSVRecord, CSVViolation> {
        isOver = true
        return .failure(violation)
    }
}

private let comma = UInt8(ascii: ",")
private let semicolon = UInt8(ascii: ";")
private let tab = UInt8(ascii: "\t")
private let quote = UInt8(ascii: "\"")
private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
