import Grants
import HTTPSemantics

/// Every key of the configuration, in the order of `config.example.json`.
enum Keys {
    static let publicURL = ConfigurationKey<HTTPOrigin>(
        "publicURL",
        "the https origin people open, without a path (http only for localhost)",
        example: "\"https://connect.example.com\""
    ) { $0.string.flatMap(publicOrigin) }

    static let dataDirectory = ConfigurationKey<String>(
        "dataDirectory",
        "the directory of the file store",
        example: "\"/var/lib/postern\""
    ) { $0.string }

    static let brandName = ConfigurationKey<String>(
        "brand.name",
        "the name people know you by, 1 to 60 characters",
        example: "\"Acme\""
    ) { raw in raw.string.flatMap { $0.count <= 60 && isOneLine($0) ? $0 : nil } }

    static let supportAddress = ConfigurationKey<String>(
        "brand.supportAddress",
        "an e-mail address",
        example: "\"support@example.com\""
    ) { raw in raw.string.flatMap { isAddress($0) ? $0 : nil } }

    static let privacyURL = ConfigurationKey<String>(
        "brand.privacyURL",
        "an https address",
        example: "\"https://example.com/privacy\""
    ) { raw in raw.string.flatMap { $0.hasPrefix("https://") && $0.utf8.count > 8 && isAddressText($0) ? $0 : nil } }

    static let listenAddress = ConfigurationKey<String>(
        "listen.address",
        "an IP address of this machine, or localhost",
        example: "\"0.0.0.0\""
    ) { raw in raw.string.flatMap { isListenAddress($0) ? $0 : nil } }

    static let listenPort = ConfigurationKey<UInt16>("listen.port", "a port, 1 to 65535", example: "8443") { port($0) }

    static let operationsAddress = ConfigurationKey<String>(
        "operations.address",
        "an IP address of this machine, or localhost",
        example: "\"127.0.0.1\""
    ) { raw in raw.string.flatMap { isListenAddress($0) ? $0 : nil } }

    static let operationsPort = ConfigurationKey<UInt16>(
        "operations.port",
        "a port, 1 to 65535",
        example: "9090"
    ) { port($0) }

    static let certificateChain = ConfigurationKey<String>(
        "tls.certificateChain",
        "the path of a PEM file, the server's certificate first",
        example: "\"/etc/postern/tls/tls.crt\""
    ) { $0.string }

    static let privateKey = ConfigurationKey<String>(
        "tls.privateKey",
        "the path of a PEM file",
        example: "\"/etc/postern/tls/tls.key\""
    ) { $0.string }

    static let tlsDirectory = ConfigurationKey<String>(
        "tls.directory",
        "the path of a folder of certificates and their keys",
        example: "\"/etc/letsencrypt/live/connect.example.com\""
    ) { $0.string }

    static let nylasRegion = ConfigurationKey<String>(
        "nylas.region",
        "\"us\" or \"eu\"",
        example: "\"us\""
    ) { raw in raw.string.flatMap { ["us", "eu"].contains($0) ? $0 : nil } }

    static let nylasOrigin = ConfigurationKey<HTTPOrigin>(
        "nylas.origin",
        "an https origin without a path (http only for a loopback address: a sandbox)",
        example: "\"https://auth.example.com\""
    ) { $0.string.flatMap(outboundOrigin) }

    static let nylasClientID = ConfigurationKey<String>(
        "nylas.clientID",
        "the client ID of your Nylas application",
        example: "\"00000000-0000-0000-0000-000000000000\""
    ) { raw in raw.string.flatMap { $0.utf8.count <= 128 && isAddressText($0) ? $0 : nil } }

    static let trustedCertificates = ConfigurationKey<String>(
        "nylas.trustedCertificates",
        "the path of a PEM file with the CAs to trust instead of the system's",
        example: "\"/etc/postern/ca.pem\""
    ) { $0.string }

    static let connectOpen = ConfigurationKey<Bool>(
        "connect.open",
        "true (anyone who knows the address may connect a mailbox) or false",
        example: "true"
    ) { $0.bool }

    static let providers = ConfigurationKey<[Provider]>(
        "connect.providers",
        "a list of \(Provider.allCases.map(\.rawValue).joined(separator: ", "))",
        example: "[\"google\", \"microsoft\"]"
    ) { raw in
        guard let names = raw.list, !names.isEmpty, Set(names).count == names.count else { return nil }
        let providers = names.compactMap(Provider.init(rawValue:))
        return providers.count == names.count ? providers : nil
    }

    static let letNylasAsk = ConfigurationKey<Bool>(
        "connect.letNylasAsk",
        "true (offer \"another provider\") or false",
        example: "true"
    ) { $0.bool }

    static func profile(among own: [AccessProfile]) -> ConfigurationKey<AccessProfile> {
        let profiles = AccessProfile.builtIn + own
        return ConfigurationKey<AccessProfile>(
            "connect.profile",
            "one of \(profiles.map(\.name).joined(separator: ", "))",
            example: "\"read\""
        ) { raw in profiles.first { $0.name == raw.string } }
    }

    static let logFormat = ConfigurationKey<ConnectConfiguration.LogFormat>(
        "log.format",
        "\"json\", \"text\" or \"auto\" (text on a terminal)",
        example: "\"auto\""
    ) { raw in raw.string.flatMap(ConnectConfiguration.LogFormat.init(rawValue:)) }

    static let logLevel = ConfigurationKey<String>(
        "log.level",
        "\"debug\", \"info\", \"warning\" or \"error\"",
        example: "\"info\""
    ) { raw in raw.string.flatMap { ["debug", "info", "warning", "error"].contains($0) ? $0 : nil } }

    static func port(_ raw: RawValue) -> UInt16? {
        raw.wholeNumber.flatMap { (1...65_535).contains($0) ? UInt16($0) : nil }
    }
}

private func isOneLine(_ text: String) -> Bool {
    !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
}

/// Printable ASCII without space, quotes and angle brackets.
func isAddressText(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"<>\\^`{|}".utf8.contains($0) }
}

private func isAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".") && isAddressText(text)
}

/// https, or http for `localhost` alone: only there do browsers keep a `__Host-` cookie without TLS.
private func publicOrigin(_ text: String) -> HTTPOrigin? {
    guard let origin = try? HTTPOrigin(parsing: text) else { return nil }
    return origin.scheme == .https || origin.host == "localhost" ? origin : nil
}

private func outboundOrigin(_ text: String) -> HTTPOrigin? {
    guard let origin = try? HTTPOrigin(parsing: text) else { return nil }
    return origin.scheme == .https || origin.isLoopback ? origin : nil
}

func isListenAddress(_ text: String) -> Bool {
    text == "localhost" || NetworkAddress(text) != nil
}
