/// Markup that is safe to send: only literals of our own source are taken as they are, everything put into one is escaped.
///
///     let greeting: HTML = "<p title=\"\(name)\">Hello \(name)</p>"
///
/// Escaping covers text and attribute values in double quotes. Nothing from outside may stand anywhere else: not in a tag's
/// or an attribute's name, not in an unquoted value, not in `<style>` or `<script>` (we have neither). An address that the
/// browser will follow goes in with `\(address:)`, which lets only harmless schemes through.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// UTF-8.
    package private(set) var bytes: [UInt8]

    /// `StaticString`, not `String`: a string made at run time cannot become markup, whichever initializer is called.
    package init(stringLiteral literal: StaticString) {
        bytes = Array(literal.description.utf8)
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        bytes = interpolation.bytes
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static let empty = HTML(bytes: [])

    package var isEmpty: Bool { bytes.isEmpty }

    /// For tests and for tools that print a page.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package static func joined(_ parts: some Sequence<HTML>, separator: HTML = .empty) -> HTML {
        var joined: [UInt8] = []
        for (number, part) in parts.enumerated() {
            if number > 0 { joined += separator.bytes }
            joined += part.bytes
        }
        return HTML(bytes: joined)
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 48 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            bytes += literal.description.utf8
        }

        package mutating func appendInterpolation(_ text: some StringProtocol) {
            appendEscaped(String(text), to: &bytes)
        }

        /// The same for what nearly all text is: a generic function of another module runs unspecialized.
        package mutating func appendInterpolation(_ text: String) {
            appendEscaped(text, to: &bytes)
        }

        package mutating func appendInterpolation(_ number: Int) {
            bytes += String(number).utf8
        }

        package mutating func appendInterpolation(_ html: HTML) {
            bytes += html.bytes
        }

        /// Nothing for nil.
        package mutating func appendInterpolation(_ html: HTML?) {
            if let html { bytes += html.bytes }
        }

        package mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { bytes += part.bytes }
        }

        /// An address for `href`, `src` or `action`: a path of ours, `https:`, `http:` or `mailto:`. Anything else, such as
        /// `javascript:` or `//other.example`, becomes `#`, which goes nowhere.
        package mutating func appendInterpolation(address: String) {
            appendEscaped(isHarmless(address) ? address : "#", to: &bytes)
        }
    }
}

/// Works on code units, not on `Character`s: a combining mark after `<` would make one character of both and hide it.
private func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
    let units = text.utf8Span.span
    for index in units.indices {
        let unit = units[index]
        switch unit {
        case UInt8(ascii: "&"): bytes += "&amp;".utf8
        case UInt8(ascii: "<"): bytes += "&lt;".utf8
        case UInt8(ascii: ">"): bytes += "&gt;".utf8
        case UInt8(ascii: "\""): bytes += "&quot;".utf8
        case UInt8(ascii: "'"): bytes += "&#39;".utf8
        // A parser error inside a document; shown as what it is, a character that cannot be shown.
        case 0: bytes += "\u{FFFD}".utf8
        default: bytes.append(unit)
        }
    }
}

/// Browsers drop tabs and line ends from addresses and take `\` for `/`, so an address with any of them is refused whole.
private func isHarmless(_ address: String) -> Bool {
    guard address.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else { return false }
    if address.hasPrefix("/") { return !address.hasPrefix("//") }
    let scheme = address.prefix { $0 != ":" }.lowercased()
    return scheme.utf8.count < address.utf8.count && ["https", "http", "mailto"].contains(scheme)
}
