import HTTPSemantics

/// How far the extensions of one chunk have been read (RFC 9112 §7.1.1): octet by octet, from behind the first `;`.
///
/// Nobody here uses them, but programs in a row that disagree about where one ends disagree about where a chunk begins. So
/// the grammar is kept to, without the whitespace outside quotes that it calls bad and no program is known to send.
enum ChunkExtension: Sendable {
    case beforeName
    case name
    case beforeValue
    case token
    case quoted
    case escaped
    case behindQuotes

    /// Where this octet leads; nil if it may not stand here.
    func next(_ octet: UInt8) -> ChunkExtension? {
        switch (self, octet) {
        case (.beforeName, _) where octet.isTokenCharacter: .name
        case (.name, _) where octet.isTokenCharacter: .name
        case (.name, UInt8(ascii: "=")): .beforeValue
        case (.beforeValue, UInt8(ascii: "\"")): .quoted
        case (.beforeValue, _) where octet.isTokenCharacter: .token
        case (.token, _) where octet.isTokenCharacter: .token
        case (.name, UInt8(ascii: ";")), (.token, UInt8(ascii: ";")), (.behindQuotes, UInt8(ascii: ";")): .beforeName
        case (.quoted, UInt8(ascii: "\"")): .behindQuotes
        case (.quoted, UInt8(ascii: "\\")): .escaped
        case (.quoted, _) where octet.isFieldCharacter, (.escaped, _) where octet.isFieldCharacter: .quoted
        default: nil
        }
    }

    /// Whether the line may end here.
    var isComplete: Bool {
        switch self {
        case .name, .token, .behindQuotes: true
        case .beforeName, .beforeValue, .quoted, .escaped: false
        }
    }
}
