/// An address as lists of an organisation have them: narrower than RFC 5321 §4.1.2, which allows what no provider gives out.
enum MailboxAddress {
    static let limitBytes = 254

    static func isPlausible(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= limitBytes, (1...64).contains(parts[0].utf8.count) else {
            return false
        }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return isDotted(parts[0], by: isLocal) && labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.unicodeScalars.allSatisfy(isOfLabel)
            }
    }

    /// Addresses that differ by this alone are one mailbox: no provider has two.
    static func key(_ text: String) -> String { text.lowercased() }

    private static func isDotted(_ text: Substring, by isAllowed: (Unicode.Scalar) -> Bool) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0.unicodeScalars.allSatisfy(isAllowed)
        }
    }

    /// `atext` of RFC 5322 §3.2.3, and letters beyond ASCII (RFC 6531).
    private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar)
    }

    private static func isOfLabel(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "-" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
