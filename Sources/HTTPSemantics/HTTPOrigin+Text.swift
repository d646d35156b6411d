/// Why a text is not an origin. For the person who wrote the configuration.
package enum HTTPOriginFault: Error, Hashable, Sendable {
    /// Neither `http://` nor `https://`.
    case unsupportedScheme
    /// No host, or one that is neither a name nor an address.
    case invalidHost
    /// Not 1 to 65535.
    case invalidPort
    /// `user@`.
    case userInformation
    /// A path other than `/`, a query or a fragment.
    case moreThanOrigin
}

extension HTTPOrigin {
    /// Reads `http[s]://host[:port]`, with or without one final `/` (RFC 6454 §6.2, RFC 3986 §6.2.3).
    ///
    /// The scheme's own port is the same as none; host and scheme are compared in lower case.
    package init(parsing text: some StringProtocol) throws(HTTPOriginFault) {
        let scheme: Scheme
        var rest = Substring(text)
        if rest.prefix(8).equalsIgnoringASCIICase("https://") {
            scheme = .https
            rest = rest.dropFirst(8)
        } else if rest.prefix(7).equalsIgnoringASCIICase("http://") {
            scheme = .http
            rest = rest.dropFirst(7)
        } else {
            throw .unsupportedScheme
        }
        if rest.utf8.last == UInt8(ascii: "/") { rest.removeLast() }
        guard
            !rest.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
            )
        else { throw .moreThanOrigin }
        guard !rest.utf8.contains(UInt8(ascii: "@")) else { throw .userInformation }
        guard let authority = Authority(rest) else {
            // Which half is wrong? If the host alone is fine, it is the port.
            let host = rest.utf8.lastIndex(of: UInt8(ascii: ":")).map { rest[..<$0] }
            throw host.flatMap { Authority($0) } == nil ? .invalidHost : .invalidPort
        }
        self.init(scheme: scheme, host: authority.host, port: authority.port)
    }

    /// Whether it can only be this machine: `localhost`, a name below it (RFC 6761 §6.3), or a loopback address.
    package var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        return Authority(host)?.address?.isLoopback ?? false
    }

    /// Whether a Host field names this origin: the same host, and the same port where the scheme's own may be left out
    /// (RFC 9110 §4.2.3).
    package func isNamed(by authority: Authority) -> Bool {
        authority.host == host && (authority.port ?? (scheme == .https ? 443 : 80)) == port
    }
}
