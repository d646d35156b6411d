import Web

/// Small pictures of our own, drawn in the color of the text beside them. They repeat what the text says, never replace it.
enum Symbol {
    case check
    case cross
    case pause
    case attention

    var html: HTML {
        switch self {
        case .check: Self.drawing("<path d=\"M5 12.5l4.5 4.5L19 7.5\"/>")
        case .cross: Self.drawing("<path d=\"M7 7l10 10M17 7L7 17\"/>")
        case .pause: Self.drawing("<path d=\"M6 12h.01M12 12h.01M18 12h.01\"/>")
        case .attention: Self.drawing("<path d=\"M12 6v7.5M12 18h.01\"/>")
        }
    }

    private static func drawing(_ paths: HTML) -> HTML {
        "<svg class=\"symbol\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">\(paths)</svg>"
    }
}
