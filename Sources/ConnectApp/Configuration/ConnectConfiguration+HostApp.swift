import HTTPSemantics

extension Keys {
    static let returnURLs = ConfigurationKey<[String]>(
        "connect.returnURLs",
        "a list of the addresses of your software that people may be sent back to: https (http only for a loopback address), "
            + "no fragment, no user, at most \(HostURL.limitBytes) bytes, each once",
        example: "[\"https://app.example.com/mailboxes\"]"
    ) { raw in
        guard let texts = raw.list, texts.allSatisfy(HostURL.isValid), Set(texts).count == texts.count else {
            return nil
        }
        return texts
    }

    static let confirmationURL = ConfigurationKey<String>(
        "connect.confirmationURL",
        "the address of your software that confirms who is signed in: https (http only for a loopback address), no fragment, "
            + "no user, at most \(HostURL.limitBytes) bytes",
        example: "\"https://app.example.com/mailboxes/confirm\""
    ) { raw in raw.string.flatMap { HostURL.isValid($0) ? $0 : nil } }
}

/// Addresses of the host app: only from the configuration, used byte for byte.
enum HostURL {
    /// It travels in links and cookies.
    static let limitBytes = 300
    /// Our own parameters, which the address must not bring along.
    static let resultParameter = "postern_result"
    static let confirmationParameter = "postern_confirmation"

    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= limitBytes, isAddressText(text), !text.utf8.contains(UInt8(ascii: "#")),
            let origin = origin(of: text)
        else { return false }
        let query = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        let isOurs = query.split(separator: "&").contains { $0.hasPrefix("postern_") }
        return (origin.scheme == .https || origin.isLoopback) && !isOurs
    }

    static func origin(of url: String) -> HTTPOrigin? {
        guard let slashes = url.firstRange(of: "://") else { return nil }
        let authority = url[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" }
        return try? HTTPOrigin(parsing: url[..<slashes.upperBound] + authority)
    }

    /// The address with one parameter more; values are base64url and need no encoding.
    static func adding(_ parameter: String, _ value: String, to url: String) -> String {
        let separator =
            if !url.utf8.contains(UInt8(ascii: "?")) { "?" } else {
                url.hasSuffix("?") || url.hasSuffix("&") ? "" : "&"
            }
        return "\(url)\(separator)\(parameter)=\(value)"
    }
}
