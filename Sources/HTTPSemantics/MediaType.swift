/// What a Content-Type says (RFC 9110 §8.3.1), and the ranges of Accept (§12.5.1).
package struct MediaType: Hashable, Sendable, CustomStringConvertible {
    package struct Parameter: Hashable, Sendable {
        /// In lower case.
        package let name: String
        /// Unquoted, in the case sent.
        package let value: String
    }

    /// In lower case, as ``subtype``.
    package let type: String
    package let subtype: String
    package let parameters: [Parameter]

    /// - Returns: nil for what the grammar does not allow, and for a parameter given twice.
    package init?(_ text: String) {
        var reader = ParameterReader(text)
        guard let type = reader.token(), reader.skip(UInt8(ascii: "/")), let subtype = reader.token(),
            let parameters = reader.parameters(), reader.isAtEnd
        else { return nil }
        self.init(type: type.lowercased(), subtype: subtype.lowercased(), parameters: parameters)
    }

    package init?(_ text: some StringProtocol) {
        self.init(String(text))
    }

    init(type: String, subtype: String, parameters: [Parameter] = []) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// `type/subtype`, in lower case.
    package var essence: String { "\(type)/\(subtype)" }

    package subscript(parameter name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    package var description: String {
        parameters.reduce(essence) { text, parameter in
            let isToken = !parameter.value.isEmpty && parameter.value.utf8.allSatisfy(\.isTokenCharacter)
            return text + "; \(parameter.name)=" + (isToken ? parameter.value : quoted(parameter.value))
        }
    }

    private func quoted(_ value: String) -> String {
        "\"" + value.reduce(into: "") { $0 += $1 == "\"" || $1 == "\\" ? "\\\($1)" : "\($1)" } + "\""
    }
}

/// Reads tokens, quoted strings and parameters (RFC 9110 §5.6.2, §5.6.4, §5.6.6) from a field value.
struct ParameterReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some StringProtocol) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skipWhitespace() {
        while position < bytes.count, bytes[position].isWhitespace { position += 1 }
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func token() -> String? {
        let start = position
        while position < bytes.count, bytes[position].isTokenCharacter { position += 1 }
        return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// `*( OWS ";" OWS [ parameter ] )`; leaves the position before a `,` or at the end.
    mutating func parameters() -> [MediaType.Parameter]? {
        var parameters: [MediaType.Parameter] = []
        while true {
            skipWhitespace()
            guard skip(UInt8(ascii: ";")) else { return parameters }
            skipWhitespace()
            guard let name = token()?.lowercased() else { continue }
            guard skip(UInt8(ascii: "=")), let value = quotedString() ?? token(),
                !parameters.contains(where: { $0.name == name })
            else { return nil }
            parameters.append(MediaType.Parameter(name: name, value: value))
        }
    }

    private mutating func quotedString() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
        var content: [UInt8] = []
        var next = position + 1
        while next < bytes.count, bytes[next].isFieldCharacter {
            if bytes[next] == UInt8(ascii: "\"") {
                position = next + 1
                return String(validating: content, as: UTF8.self)
            }
            if bytes[next] == UInt8(ascii: "\\") {
                next += 1
                guard next < bytes.count, bytes[next].isFieldCharacter else { return nil }
            }
            content.append(bytes[next])
            next += 1
        }
        return nil
    }
}
