/// What keeps a spreadsheet from computing what somebody wrote into a field, and lets the text come back as it was.
///
/// A field that a spreadsheet would take for a formula is written with an apostrophe before it, which spreadsheets show as text. Reading
/// takes the apostrophe away from exactly those. So that nothing else changes, a field that begins with an apostrophe gets one more.
package enum CSVText {
    package static func guarded(_ text: String) -> String {
        isGuardedStart(text.unicodeScalars.first) ? "'" + text : text
    }

    package static func unguarded(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.first == "'", isGuardedStart(scalars.dropFirst().first) else { return text }
        return String(scalars.dropFirst())
    }

    /// The first characters of formulas, also in their wide forms, and those that a spreadsheet drops before it looks.
    private static func isGuardedStart(_ scalar: Unicode.Scalar?) -> Bool {
        switch scalar {
        case "=", "+", "-", "@", "\t", "\r", "\n", "'", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
        default: false
        }
    }

    /// One record with its line end (RFC 4180 §2.1), every field guarded.
    package static func record(_ fields: [String]) -> String {
        fields.map { field(guarded($0)) }.joined(separator: ",") + "\r\n"
    }

    private static func field(_ text: String) -> String {
        let needsQuotes =
            text.utf8.contains { [0x22, 0x2C, 0x3B, 0x09, 0x0A, 0x0D].contains($0) } || text.hasPrefix(" ")
            || text.hasSuffix(" ")
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
