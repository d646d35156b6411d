package import Cryptography
package import Grants
package import HTTPSemantics
package import Nylas

/// What an instance of the application is told at start and never changes: the typed end of the configuration.
package struct ConnectSettings: Sendable {
    /// How the company introduces itself on the pages. Plain text; the pages escape it.
    package struct Brand: Sendable {
        /// The company or product that asks for the mailbox: "Acme".
        package var name: String
        /// Whom to write to when something is wrong; shown as text and as a mailto link.
        package var supportAddress: String?
        /// An https address of the company's privacy notice.
        package var privacyURL: String?

        package init(name: String, supportAddress: String? = nil, privacyURL: String? = nil) {
            self.name = name
            self.supportAddress = supportAddress
            self.privacyURL = privacyURL
        }
    }

    /// The origin people reach Postern at: redirect URIs and links are built from it, never from `Host`.
    package var publicURL: HTTPOrigin
    package var brand: Brand
    /// Whether anyone may connect at `/`, without a link.
    package var isOpen: Bool
    /// The providers offered, in the order shown. Not empty.
    package var providers: [Provider]
    /// Whether "another provider: let Nylas ask" is offered too.
    package var offersNylasChooser: Bool
    /// What open connecting asks for.
    package var profile: AccessProfile
    /// The operator's own profiles, which links may name too.
    package var profiles: [AccessProfile]
    /// Where in the host app people may be sent back to; used byte for byte.
    package var returnURLs: [String]
    /// Where the host app says who is signed in, for links under confirmed binding; nil makes no such links.
    package var confirmationURL: String?
    package var nylas: NylasApplication
    package var sealingKeys: SealingKeys
    /// True in the demo and with a sandbox: pages say that nothing here is real.
    package var isSandbox: Bool
    package var limits: Limits
    /// How long an administrator's approval takes to reach every server of the provider: Nylas asks to wait five minutes.
    package var consentDelay = Duration.seconds(300)
    /// Who is never a client of their own.
    package var proxies: TrustedProxies

    package init(
        publicURL: HTTPOrigin,
        brand: Brand,
        isOpen: Bool,
        providers: [Provider],
        offersNylasChooser: Bool,
        profile: AccessProfile,
        profiles: [AccessProfile] = [],
        returnURLs: [String] = [],
        confirmationURL: String? = nil,
        nylas: NylasApplication,
        sealingKeys: SealingKeys,
        isSandbox: Bool,
        limits: Limits = Limits(),
        proxies: TrustedProxies = TrustedProxies()
    ) {
        self.publicURL = publicURL
        self.brand = brand
        self.isOpen = isOpen
        self.providers = providers
        self.offersNylasChooser = offersNylasChooser
        self.profile = profile
        self.profiles = profiles
        self.returnURLs = returnURLs
        self.confirmationURL = confirmationURL
        self.nylas = nylas
        self.sealingKeys = sealingKeys
        self.isSandbox = isSandbox
        self.limits = limits
        self.proxies = proxies
    }

    /// An access profile that a link may name.
    func profile(named name: String) -> AccessProfile? {
        allProfiles.first { $0.name == name }
    }

    /// The one for whoever names none, those that are always there, the operator's own; the first of a name counts.
    package var allProfiles: [AccessProfile] { [profile] + AccessProfile.builtIn + profiles }

    /// Whether the address is, byte for byte, one of the configured ones: what Unicode calls equal is another address.
    func hasReturnURL(_ text: String) -> Bool {
        returnURLs.contains { $0.utf8.elementsEqual(text.utf8) }
    }

    /// What the page of a link offers, in the order shown. Not empty: a link whose providers are no longer configured offers all.
    func providers(of link: ConnectLink) -> [Provider] {
        let kept = link.providers.filter(providers.contains)
        return kept.isEmpty ? providers : kept
    }

    /// "Let Nylas ask" is only offered beside everything else: a link for one provider means that one.
    func offersChooser(among offered: [Provider]) -> Bool {
        offersNylasChooser && offered.count == providers.count
    }

    /// Where the connect page's form leads, one redirect after the other: to Nylas, and under confirmed binding to the host app.
    package var formTargets: [HTTPOrigin] {
        [nylas.origin] + (confirmationURL.flatMap(HostURL.origin).map { [$0] } ?? [])
    }

    /// The one address Nylas sends people back to; registered there byte for byte.
    package var redirectURI: String { "\(publicURL)/callback" }
}

/// The keys that seal flow cookies: the first seals, all of them open.
package struct SealingKeys: Sendable {
    /// One key of 32 random bytes.
    package struct Key: Sendable {
        package var secret: Secret<[UInt8]>

        package init(secret: Secret<[UInt8]>) {
            self.secret = secret
        }
    }

    package var current: Key
    package var previous: [Key]

    package init(current: Key, previous: [Key] = []) {
        self.current = current
        self.previous = previous
    }
}
