package import HTTPTypes

/// Whether an answer, an error above all, should be a page or JSON (RFC 9110 §12.5.1).
package enum ContentPreference: Hashable, Sendable {
    case html
    case json

    /// What the Accept fields prefer: the representation with the higher quality value, each taken from the most
    /// specific range that covers it.
    ///
    /// - Parameter fallback: for an equal preference, for neither, and for no Accept at all, as API routes differ from
    ///   pages there.
    package init(accepting fields: HTTPFields, otherwise fallback: ContentPreference = .html) {
        let (html, json) = (fields.quality(of: "text", "html"), fields.quality(of: "application", "json"))
        self = html == json ? fallback : html > json ? .html : .json
    }
}

extension HTTPFields {
    /// The weight that the Accept fields give to a media type, 0 to 1000, taken from the most specific range that covers it;
    /// 0 if none does, and without Accept.
    package func quality(of type: String, _ subtype: String) -> Int {
        var quality = Quality()
        for field in self where field.name == .accept {
            var reader = ParameterReader(field.value)
            // What cannot be read ends the field: a wrong Accept is no reason to refuse (§12.1).
            while let range = reader.mediaRange() { quality.consider(range, type: type, subtype: subtype) }
        }
        return quality.thousandths
    }
}

private struct Quality {
    var thousandths = 0
    private var specificity = -1

    mutating func consider(_ range: MediaRange, type: String, subtype: String) {
        let level: Int
        switch (range.type, range.subtype) {
        case (type, subtype): level = 2
        case (type, "*"): level = 1
        case ("*", "*"): level = 0
        default: return
        }
        guard level > specificity else { return }
        specificity = level
        thousandths = range.thousandths
    }
}

private struct MediaRange {
    var type: String
    var subtype: String
    /// The weight (RFC 9110 §12.4.2), 0 to 1000.
    var thousandths: Int
}

extension ParameterReader {
    /// The next element of Accept, or nil at the end and at what is no media range.
    fileprivate mutating func mediaRange() -> MediaRange? {
        repeat { skipWhitespace() } while skip(UInt8(ascii: ","))
        guard let type = token(), skip(UInt8(ascii: "/")), let subtype = token(), let parameters = parameters() else {
            return nil
        }
        let weight = parameters.first { $0.name == "q" }.map { thousandths($0.value) } ?? 1000
        guard let weight, isAtEnd || skip(UInt8(ascii: ",")) else { return nil }
        return MediaRange(type: type.lowercased(), subtype: subtype.lowercased(), thousandths: weight)
    }

    /// `0` or `1`, with up to three decimals.
    private func thousandths(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), bytes.count <= 5,
            bytes.count == 1 || bytes[1] == UInt8(ascii: ".")
        else { return nil }
        var thousandths = Int(first - UInt8(ascii: "0")) * 1000
        var place = 100
        for byte in bytes.dropFirst(2) {
            guard byte.isDigit else { return nil }
            thousandths += Int(byte - UInt8(ascii: "0")) * place
            place /= 10
        }
        return thousandths <= 1000 ? thousandths : nil
    }
}
