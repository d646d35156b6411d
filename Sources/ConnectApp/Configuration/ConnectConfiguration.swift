package import Cryptography
package import Grants
package import HTTPSemantics
package import Nylas

/// The whole configuration of `postern serve`: read once at start, complete and without contradiction, or not at all.
package struct ConnectConfiguration: Sendable {
    package enum LogFormat: String, Sendable {
        case json
        case text
        /// Text on a terminal, JSON elsewhere.
        case auto
    }

    package struct Endpoint: Hashable, Sendable {
        /// An IP address, or `localhost` for both loopback addresses.
        package var address: String
        package var port: UInt16

        package init(address: String, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// Where the server's certificates are.
    package enum TLSSource: Hashable, Sendable {
        case files(certificateChain: String, privateKey: String)
        /// A folder of pairs, and folders of pairs in it.
        case directory(String)
    }

    package var publicURL: HTTPOrigin
    package var dataDirectory: String
    package var brand: ConnectSettings.Brand
    package var listen: Endpoint
    package var operations: Endpoint
    /// Where people who come in the clear are sent on from; nil for nowhere.
    package var redirect: Endpoint?
    package var proxies: TrustedProxies
    package var tls: TLSSource?
    package var nylas: NylasApplication
    /// A PEM file of CAs to trust for Nylas instead of the system's.
    package var trustedCertificates: String?
    package var isOpen: Bool
    package var providers: [Provider]
    package var letsNylasAsk: Bool
    package var profile: AccessProfile
    /// The operator's own, beside those that are always there.
    package var profiles: [AccessProfile]
    /// Where in the host app people may be sent back to; used byte for byte.
    package var returnURLs: [String]
    /// Where the host app says who is signed in.
    package var confirmationURL: String?
    package var logFormat: LogFormat
    package var logLevel: String
    package var limits: Limits
    /// Who may use the operator API; without any there is none.
    package var apiTokens: [APIToken]
    /// Whom events are posted to.
    package var webhookTargets: [WebhookTarget]
    /// A PEM file with the authorities to trust at the targets, instead of the system's.
    package var webhookTrustedCertificates: String?
    /// What Nylas signs its notifications with; nil where they are not received. Empty before Nylas has made the secret.
    package var notificationKeys: [Secret<[UInt8]>]?
    /// nil: `postern serve` keeps one in a file beside the store, made at the first start.
    package var sealingKeys: SealingKeys?
    /// Every setting with where it came from, for `postern check`.
    package var effective: [EffectiveSetting]

    /// Whether the other side is a sandbox on this machine and nothing is real.
    package var isSandbox: Bool { nylas.origin.scheme == .http }

    /// Reads all layers and reports every fault at once.
    package static func read(_ layers: ConfigurationLayers) throws(ConfigurationFaults) -> ConnectConfiguration {
        var reader = ConfigurationReader(layers)
        let publicURL = reader.required(Keys.publicURL)
        let dataDirectory = readDataDirectory(&reader)
        let brandName = reader.required(Keys.brandName)
        let supportAddress = reader.value(Keys.supportAddress)
        let privacyURL = reader.value(Keys.privacyURL)
        let tls = readTLS(&reader, publicURL: publicURL)
        let listenAddress = reader.value(Keys.listenAddress, default: "0.0.0.0", shownAs: "0.0.0.0")
        let standardPort: UInt16 = tls == nil ? 8080 : 8443
        let listenPort = reader.value(Keys.listenPort, default: standardPort, shownAs: String(standardPort))
        let operations = readOperations(&reader)
        let redirect = readRedirect(&reader, publicURL: publicURL)
        let proxies = readProxies(&reader)
        let nylas = readNylas(&reader)
        let trustedCertificates = reader.value(Keys.trustedCertificates)
        let isOpen = reader.required(Keys.connectOpen)
        let providers = reader.value(
            Keys.providers,
            default: Provider.allCases,
            shownAs: Provider.allCases.map(\.rawValue).joined(separator: ", ")
        )
        let letsNylasAsk = reader.value(Keys.letNylasAsk, default: true, shownAs: "true")
        let profiles = readProfiles(&reader, offering: providers)
        refuseTwins(profiles, &reader)
        let profile = reader.value(Keys.profile(among: profiles), default: .read, shownAs: "read")
        let returnURLs = reader.value(Keys.returnURLs, default: [], shownAs: "none")
        let confirmationURL = reader.value(Keys.confirmationURL)
        let logFormat = reader.value(Keys.logFormat, default: .auto, shownAs: "auto")
        let logLevel = reader.value(Keys.logLevel, default: "info", shownAs: "info")
        let limits = Limits.read(&reader)
        let apiTokens = readTokens(&reader)
        let webhookTargets = readWebhookTargets(&reader)
        let webhookTrustedCertificates = reader.value(Keys.webhookTrustedCertificates)
        let notificationKeys = readNotificationKeys(&reader)
        let sealingKeys = readSealingKeys(&reader)
        if listenPort == operations.port {
            reader.conflict("operations.port", "must differ from listen.port, for example 9090.")
        }
        if let redirect, [listenPort, operations.port].contains(redirect.port) {
            reader.conflict("redirect.port", "must differ from listen.port and operations.port, for example 8081.")
        }
        reader.refuseUnknownKeys()
        guard let publicURL, let brandName, let nylas, let isOpen, reader.faults.isEmpty else {
            throw ConfigurationFaults(faults: reader.faults)
        }
        return ConnectConfiguration(
            publicURL: publicURL,
            dataDirectory: dataDirectory,
            brand: ConnectSettings.Brand(name: brandName, supportAddress: supportAddress, privacyURL: privacyURL),
            listen: Endpoint(address: listenAddress, port: listenPort),
            operations: operations,
            redirect: redirect,
            proxies: proxies,
            tls: tls,
            nylas: nylas,
            trustedCertificates: trustedCertificates,
            isOpen: isOpen,
            providers: providers,
            letsNylasAsk: letsNylasAsk,
            profile: profile,
            profiles: profiles,
            returnURLs: returnURLs,
            confirmationURL: confirmationURL,
            logFormat: logFormat,
            logLevel: logLevel,
            limits: limits,
            apiTokens: apiTokens,
            webhookTargets: webhookTargets,
            webhookTrustedCertificates: webhookTrustedCertificates,
            notificationKeys: notificationKeys,
            sealingKeys: sealingKeys,
            effective: reader.effective
        )
    }

    /// Where the second listener is, for `postern health`: it needs neither secrets nor a configuration without faults.
    package static func operationsEndpoint(_ layers: ConfigurationLayers) -> Endpoint {
        var reader = ConfigurationReader(layers)
        return readOperations(&reader)
    }

    /// Where the store is, for commands that read it and nothing else.
    package static func dataDirectory(_ layers: ConfigurationLayers) throws(ConfigurationFaults) -> String {
        var reader = ConfigurationReader(layers)
        let directory = readDataDirectory(&reader)
        guard reader.faults.isEmpty else { throw ConfigurationFaults(faults: reader.faults) }
        return directory
    }

    private static func readDataDirectory(_ reader: inout ConfigurationReader) -> String {
        reader.value(Keys.dataDirectory, default: "/var/lib/postern", shownAs: "/var/lib/postern")
    }

    private static func readOperations(_ reader: inout ConfigurationReader) -> Endpoint {
        Endpoint(
            address: reader.value(Keys.operationsAddress, default: "127.0.0.1", shownAs: "127.0.0.1"),
            port: reader.value(Keys.operationsPort, default: 9090, shownAs: "9090")
        )
    }

    private static func readTLS(_ reader: inout ConfigurationReader, publicURL: HTTPOrigin?) -> TLSSource? {
        let certificateChain = reader.value(Keys.certificateChain)
        let privateKey = reader.value(Keys.privateKey)
        let directory = reader.value(Keys.tlsDirectory)
        if publicURL?.scheme == .http,
            let key = [directory, certificateChain, privateKey].firstIndex(where: { $0 != nil })
        {
            let name = key == 0 ? "tls.directory" : "tls.certificateChain"
            reader.conflict("publicURL", "must begin with https, since \(name) is set.")
        }
        switch (certificateChain, privateKey, directory) {
        case (nil, nil, nil): return nil
        case (nil, nil, let directory?): return .directory(directory)
        case (_, _, _?):
            reader.conflict(
                "tls.directory",
                "is set, and so is tls.certificateChain or tls.privateKey: keep the folder or the files."
            )
        case (let certificateChain?, let privateKey?, nil):
            return .files(certificateChain: certificateChain, privateKey: privateKey)
        case (nil, _, nil): reader.conflict("tls.certificateChain", "is missing beside tls.privateKey.")
        case (_, nil, nil): reader.conflict("tls.privateKey", "is missing beside tls.certificateChain.")
        }
        return nil
    }

    private static func readNylas(_ reader: inout ConfigurationReader) -> NylasApplication? {
        let hadFaults = reader.faults.count
        let region = reader.value(Keys.nylasRegion)
        let custom = reader.value(Keys.nylasOrigin)
        let clientID = reader.required(Keys.nylasClientID)
        let apiKey = reader.secret("NYLAS_API_KEY")
        if region == nil, custom == nil, reader.faults.count == hadFaults, reader.isFileKnown {
            reader.conflict("nylas.region", "must be \"us\" or \"eu\" (or nylas.origin names a host of your own).")
        }
        if region != nil, custom != nil {
            reader.conflict("nylas.origin", "is set, and so is nylas.region: keep one of them.")
        }
        guard let apiKey, !apiKey.isEmpty else {
            reader.conflict(
                "NYLAS_API_KEY",
                "is missing. Set it, or NYLAS_API_KEY_FILE, in the environment; never in the file."
            )
            return nil
        }
        guard apiKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            reader.conflict("NYLAS_API_KEY", "must be printable characters without spaces, as Nylas shows it.")
            return nil
        }
        guard let clientID,
            let origin = custom ?? region.map({ HTTPOrigin(scheme: .https, host: "api.\($0).nylas.com") })
        else { return nil }
        return NylasApplication(origin: origin, clientID: clientID, apiKey: Secret(apiKey))
    }

    private static func readSealingKeys(_ reader: inout ConfigurationReader) -> SealingKeys? {
        let current = reader.secret("POSTERN_SEALING_KEY")
        let previous = reader.secret("POSTERN_SEALING_KEYS_PREVIOUS")
        let advice =
            "must be 32 random bytes as base64url, for example from: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='"
        guard let current else {
            if previous != nil {
                reader.conflict("POSTERN_SEALING_KEYS_PREVIOUS", "is set without POSTERN_SEALING_KEY.")
            }
            return nil
        }
        guard let key = SealingKeys.Key(text: current) else {
            reader.conflict("POSTERN_SEALING_KEY", advice)
            return nil
        }
        var older: [SealingKeys.Key] = []
        for text in (previous ?? "").split(separator: ",") {
            guard let key = SealingKeys.Key(text: String(text)) else {
                reader.conflict("POSTERN_SEALING_KEYS_PREVIOUS", advice + ", separated by commas.")
                return nil
            }
            older.append(key)
        }
        return SealingKeys(current: key, previous: older)
    }
}

extension SealingKeys.Key {
    /// Reads 32 bytes of unpadded base64url; nil otherwise.
    package init?(text: String) {
        guard let bytes = Base64.decodeURL(text), bytes.count == 32 else { return nil }
        self.init(secret: Secret(bytes))
    }
}
