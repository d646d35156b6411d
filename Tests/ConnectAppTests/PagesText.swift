import HTTPSemantics
import HTTPTypes

/// What tests ask of a page's text.
extension Response {
    var text: String { String(decoding: content, as: UTF8.self) }

    subscript(name: HTTPField.Name) -> String? { head.headerFields[name] }
}

extension String {
    func count(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }

    func between(_ start: String, _ end: String) -> String {
        let rest = split(separator: start, maxSplits: 1, omittingEmptySubsequences: false).last ?? ""
        return String(rest.split(separator: end, maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
    }

    /// What a person sees of it, roughly.
    var withoutTags: String {
        var visible = ""
        var isTag = false
        for character in self {
            if character == "<" { isTag = true }
            if !isTag { visible.append(character) }
            if character == ">" { isTag = false }
        }
        return visible
    }

    func contains(word: String) -> Bool {
        split { !$0.isLetter && !$0.isNumber && $0 != "(" && $0 != "\\" }.contains {
            $0 == word || $0.hasPrefix("\(word)s")
        }
    }

    /// Whether a tag has an attribute whose name begins so.
    func contains(attributeBeginning start: String) -> Bool {
        split(separator: "<").contains { tag in
            (tag.split(separator: ">", omittingEmptySubsequences: false).first ?? "").contains(start)
        }
    }
}
