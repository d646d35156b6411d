import Grants
package import HTTPSemantics
import Nylas
package import Timekeeping

/// Looks at everything that has to be right before a person can connect a mailbox, and says what to do about the rest.
package struct Doctor: Sendable {
    let configuration: ConnectConfiguration
    private let exchange: DateNotingExchange
    let wallClock: WallClock

    package init(configuration: ConnectConfiguration, exchange: any HTTPExchange, wallClock: WallClock) {
        self.configuration = configuration
        self.exchange = DateNotingExchange(exchange)
        self.wallClock = wallClock
    }

    /// What can be said without asking anybody.
    ///
    /// - Parameter certificates: nil if Postern is to serve plain http.
    package func examineConfiguration(certificates: [CertificateFacts]?) -> [Finding] {
        var findings: [Finding] = []
        if configuration.isOpen, configuration.publicURL.host != "localhost" {
            findings.append(
                Finding(
                    "connect.open",
                    .warning,
                    "anybody who knows the address can add a mailbox to your Nylas plan",
                    advice:
                        "Fine for a trial or a private network. Set connect.open to false to require personal links."
                )
            )
        } else {
            findings.append(Finding("connect.open", .ok, configuration.isOpen ? "open, on localhost" : "closed"))
        }
        findings += examineProfiles()
        findings += examine(certificates)
        findings.append(examineProxies())
        findings.append(examineTokens())
        findings.append(examineHostApp())
        findings += examineWebhooks()
        return findings
    }

    private func examineTokens() -> Finding {
        let names = configuration.apiTokens.map(\.name)
        let twice = Set(names.filter { name in names.count { $0 == name } > 1 }).sorted()
        guard twice.isEmpty else {
            return Finding(
                "api.tokens",
                .warning,
                "\(twice.joined(separator: ", ")): more than one token of this name",
                advice: "Fine while one is changed for another: they count as one caller. Take the old one out then."
            )
        }
        guard names.isEmpty else {
            return Finding("api.tokens", .ok, names.count == 1 ? "1 token" : "\(names.count) tokens")
        }
        guard !configuration.isOpen else { return Finding("api.tokens", .ok, "none: there is no operator API") }
        return Finding(
            "api.tokens",
            .warning,
            "none, and connecting needs links: only postern link create makes them",
            advice: "Fine if that is meant. Your software makes links by the operator API: postern tokens create."
        )
    }

    /// Whether somebody stands in front can be seen only where Postern leaves TLS to them; the running server warns of the rest.
    private func examineProxies() -> Finding {
        let proxies = configuration.proxies
        guard proxies.networks.isEmpty else {
            let list = proxies.networks.map(\.description).joined(separator: ", ")
            return Finding("proxies", .ok, "\(proxies.field.rawValue) is believed from \(list)")
        }
        guard configuration.tls == nil, configuration.publicURL.scheme == .https else {
            return Finding("proxies", .ok, "nobody is believed about a client's address")
        }
        return Finding(
            "proxies",
            .warning,
            "somebody in front terminates TLS, and all their clients count as one",
            advice: "Name them in proxies.networks: limits and rates are for each client, and the log names it."
        )
    }

    /// Asks Nylas; a few small requests, none of which changes anything.
    package func examineNylas() async -> [Finding] {
        let client = NylasClient(application: configuration.nylas, exchange: exchange)
        let host = configuration.nylas.origin.description
        var findings: [Finding] = []
        do throws(NylasError) {
            let application = try await client.applicationDetails()
            findings.append(Finding("Nylas", .ok, "\(host) answers and accepts the API key"))
            findings.append(examine(application))
        } catch {
            findings.append(explain(error, host: host))
            findings += ["client ID", "redirect URI", "connectors"].map {
                Finding($0, .skipped, "Nylas could not be asked")
            }
            if let clock = examineClock() { findings.append(clock) }
            return findings
        }
        do throws(NylasError) {
            findings.append(examine(try await client.redirectURIs()))
        } catch {
            findings.append(Finding("redirect URI", .skipped, error.summary))
        }
        do throws(NylasError) {
            findings += examine(try await client.connectors())
        } catch {
            findings.append(Finding("connectors", .skipped, error.summary))
        }
        if let clock = examineClock() { findings.append(clock) }
        return findings
    }

    private func explain(_ error: NylasError, host: String) -> Finding {
        switch error {
        case .unauthorized:
            Finding(
                "Nylas",
                .fault,
                "\(host) does not accept the API key",
                advice:
                    "Check the key, and that nylas.region is the application's: a key of the other region always gets 401."
            )
        case .notSent(.certificateNotTrusted):
            Finding(
                "Nylas",
                .fault,
                "the certificate of \(host) is not trusted",
                advice: "Install the system's CA certificates, or name yours with nylas.trustedCertificates."
            )
        case .notSent, .noAnswer:
            Finding(
                "Nylas",
                .fault,
                "\(host) cannot be reached (\(error.summary))",
                advice: "Check the name, and that this machine may open connections to it."
            )
        case .rateLimited:
            Finding("Nylas", .warning, "\(host) says that we ask too often", advice: "Try again in a minute.")
        case .failed, .unreadable, .refused, .notFound:
            Finding(
                "Nylas",
                .fault,
                "\(host) answered: \(error.summary)",
                advice: "Try again; see Nylas's status page."
            )
        }
    }

    private func examine(_ application: NylasApplicationDetails) -> Finding {
        guard application.applicationID == configuration.nylas.clientID else {
            return Finding(
                "client ID",
                .fault,
                "the API key belongs to another application than nylas.clientID",
                advice: "Copy client ID and API key from the same application in Nylas's dashboard."
            )
        }
        return Finding("client ID", .ok, "is the API key's own application")
    }

    private func examine(_ registered: [RegisteredRedirectURI]) -> Finding {
        let wanted = "\(configuration.publicURL)/callback"
        if registered.contains(where: { $0.url == wanted }) {
            return Finding("redirect URI", .ok, "\(wanted) is registered")
        }
        let near = registered.first { similar($0.url, wanted) }
        return Finding(
            "redirect URI",
            .fault,
            near.map { "\($0.url) is registered, which is not \(wanted)" } ?? "\(wanted) is not registered",
            advice:
                "Register exactly \(wanted) (platform web) as a callback URI of the application: it is compared byte for byte."
        )
    }

    private func examine(_ connectors: [Connector]) -> [Finding] {
        configuration.providers.map { provider in
            let subject = "connector \(provider.rawValue)"
            guard let connector = connectors.first(where: { $0.provider == provider.rawValue }) else {
                return Finding(
                    subject,
                    .fault,
                    "the application has none",
                    advice: "Create it (postern connectors create \(provider.rawValue)), "
                        + "or take \(provider.rawValue) out of connect.providers."
                )
            }
            let missing = missingScopes(of: connector, provider)
            guard missing.isEmpty else {
                return Finding(
                    subject,
                    .warning,
                    "is set up without \(missing.joined(separator: " "))",
                    advice:
                        "Who chooses \"another provider\" is asked for the connector's scopes alone: add these there, "
                        + "or set connect.letNylasAsk to false."
                )
            }
            return Finding(subject, .ok, "is set up")
        }
    }

    /// What the access profile needs and the connector would not ask for by itself, where Nylas is left to ask.
    private func missingScopes(of connector: Connector, _ provider: Provider) -> [String] {
        guard configuration.letsNylasAsk else { return [] }
        let granted = Set((connector.scope ?? []).map(Scope.init))
        // Nylas adds the scopes that only say who somebody is.
        let implied: Set = [Scope("offline_access"), Scope("email")]
        return configuration.profile.scopes(for: provider).filter {
            !granted.contains(Scope($0)) && !implied.contains(Scope($0))
        }
    }

    private func examineClock() -> Finding? {
        guard let theirs = exchange.lastDate else { return nil }
        let seconds = abs(wallClock.now().duration(since: theirs).components.seconds)
        return seconds <= 60
            ? Finding("clock", .ok, "agrees with Nylas's to a minute")
            : Finding(
                "clock",
                .warning,
                "differs from Nylas's by \(seconds) seconds",
                advice: "Set the machine's clock (NTP): flows expire by it."
            )
    }
}

/// Whether two addresses differ only in what people overlook: scheme, case, a final slash.
private func similar(_ left: String, _ right: String) -> Bool {
    func essence(_ text: String) -> String {
        var text = text.lowercased()
        for prefix in ["https://", "http://"] where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
    return essence(left) == essence(right)
}
