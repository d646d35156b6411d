import HTTPSemantics
import HTTPTypes

/// Collects the fields of one message, line by line (RFC 9112 §5), and what HTTP1 itself reads from them.
struct FieldSection {
    /// Without Host, which becomes the authority, and without names that contain `_`.
    private(set) var fields = HTTPFields()
    private(set) var framing = FramingFields()
    /// The Host field as it was sent, and whether there was more than one.
    private(set) var host: String?
    private(set) var hostIsRepeated = false
    /// Whether the Host field is octet for octet the one that is known to be valid.
    private(set) var hostIsKnown = false
    private let knownHost: String?
    /// Whether a Connection field has the option `close` (RFC 9112 §9.6).
    private(set) var closesConnection = false
    private(set) var expectation: Expectation?
    private var scanner = LineScanner()
    private var lines = 0
    private var bytes = 0

    /// - Parameter knownHost: the valid Host of the message before, which the next nearly always has too.
    init(knownHost: String? = nil) {
        self.knownHost = knownHost
    }

    enum Expectation {
        case continuation
        case unknown
    }

    /// Reads lines up to and with the empty one; false means that more octets are needed.
    ///
    /// - Parameter position: is moved behind every line that was read; those octets are not needed any more.
    mutating func read(
        _ input: [UInt8],
        from position: inout Int,
        limits: MessageLimits,
        keepingFields: Bool = true
    ) throws(HTTPViolation) -> Bool {
        let span = input.span
        while true {
            let rest = max(limits.fieldSectionBytes - bytes - 2, 0)
            let line = try scanner.nextLine(
                in: span,
                from: &position,
                limit: min(limits.fieldBytes, rest),
                orElse: limits.fieldBytes <= rest
                    ? .fieldTooLarge(limitBytes: limits.fieldBytes)
                    : .fieldSectionTooLarge(limitBytes: limits.fieldSectionBytes)
            )
            guard let line else { return false }
            guard !line.isEmpty else { return true }
            lines += 1
            bytes += line.count + 2
            guard lines <= limits.fields else { throw .tooManyFields(limit: limits.fields) }
            let field = try FieldLine(span, line: line)
            if keepingFields { append(field, span, input) }
        }
    }

    private mutating func append(_ field: FieldLine, _ span: Span<UInt8>, _ input: [UInt8]) {
        let name: HTTPField.Name
        if let known = field.known.map(FieldNames.entry(at:)) {
            name = known.name
            switch known.role {
            case .host:
                hostIsRepeated = host != nil
                hostIsKnown = knownHost.map { span.extracting(field.value).isEqual(to: $0.utf8Span.span) } ?? false
                host = hostIsKnown ? knownHost : String(decoding: input[field.value], as: UTF8.self)
                return
            case .contentLength: framing.addContentLength(input[field.value])
            case .transferEncoding: framing.addTransferEncoding(input[field.value])
            case .connection:
                closesConnection = closesConnection || listContains(input[field.value], member: "close")
            case .expect:
                let isKnown = spells(input[field.value], "100-continue") && expectation == nil
                expectation = isKnown ? .continuation : .unknown
            case .other: break
            }
        } else {
            // Gateways that make variables of names turn `-` into `_`, so that X_Forwarded_For becomes the field their
            // configuration trusts. Dropped, not refused: nothing of ours has such a name, and old programs send some.
            guard !input[field.name].contains(UInt8(ascii: "_")) else { return }
            guard let unknown = HTTPField.Name(String(decoding: input[field.name], as: UTF8.self)) else { return }
            name = unknown
        }
        if fields.isEmpty { fields.reserveCapacity(16) }
        // The value holds no control character and no whitespace at its ends, so HTTPTypes has nothing to repair.
        if let text = try? UTF8Span(validating: span.extracting(field.value)) {
            fields.append(HTTPField(name: name, value: String(copying: text)))
        } else {
            fields.append(HTTPField(name: name, value: input[field.value]))  // obs-text stays the octets it is
        }
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}

/// Whether octets spell a word of lower-case ASCII, in any case.
func spells(_ octets: ArraySlice<UInt8>, _ word: String) -> Bool {
    octets.count == word.utf8.count && zip(octets, word.utf8).allSatisfy { $0.lowercasedASCII == $1 }
}

/// Whether a comma-separated list (RFC 9110 §5.6.1) has a member, in any case.
func listContains(_ octets: ArraySlice<UInt8>, member: String) -> Bool {
    var start = octets.startIndex
    while start < octets.endIndex {
        let comma = octets[start...].firstIndex(of: UInt8(ascii: ",")) ?? octets.endIndex
        if spells(withoutWhitespaceAround(octets[start..<comma]), member) { return true }
        start = comma + 1
    }
    return false
}

/// Without the optional whitespace (RFC 9110 §5.6.3) at both ends.
func withoutWhitespaceAround(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = octets
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return rest
}
