import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import Timekeeping
import Web

/// `POST /connect`: makes a flow, seals it into a cookie and sends the browser to Nylas (design §4.1).
struct StartFlow: Sendable {
    /// The form's field for the choice, and its value for "let Nylas ask".
    static let field = "provider"
    private static let chooser = "ask"
    /// The choice that leaves it to the address.
    static let detection = "detect"
    static let addressField = "address"
    static let sureField = "sure"
    /// The form's other field, where the page was a link's: the sealed link.
    static let linkField = "link"

    let settings: ConnectSettings
    /// Of ``settings``, as ``redirectURI``.
    let audience: [UInt8]
    let redirectURI: String
    let pages: Pages
    let cookies: FlowCookies
    let rate: RateLimit
    let links: LinkPage
    let linkCookie: LinkCookie
    let detection: ProviderDetection
    let wallClock: WallClock
    let random: RandomSource
    let log: FlowLog

    private enum Choice {
        case provider(Provider)
        case nylasAsks
    }

    func response(to request: Request) async -> Response {
        let fields = request.head.headerFields
        // First of all, so that a foreign page learns nothing from how the rest is answered.
        guard isSameOrigin(fields, publicURL: settings.publicURL) else {
            return refuse(.notSameOrigin, pages.problem(.startRefused, reference: request.id), request)
        }
        let types = fields[values: .contentType]
        guard types.count == 1, isForm(types[0]) else {
            return refuse(.malformedForm, pages.errors.response(.unsupportedMediaType, to: request), request)
        }
        let form: [(name: String, value: String)]
        do throws(FormViolation) {
            form = try FormCoding.decode(request.content)
        } catch {
            return refuse(.malformedForm, pages.errors.response(.badRequest, to: request), request)
        }
        guard let entry = Entry(form) else {
            return refuse(.malformedForm, pages.errors.response(.badRequest, to: request), request)
        }
        guard let sealed = entry.link else {
            guard settings.isOpen else { return refuse(.closed, pages.connect(), request) }
            return await begin(entry, nil, among: settings.providers, request)
        }
        guard let link = links.seal.open(sealed) else {
            let page = pages.problem(.linkUnreadable, reference: request.id, back: links.returns.back(from: nil))
            return refuse(.linkUnreadable, page, request)
        }
        if let problem = await links.obstacle(to: link, reference: request.id) {
            let page = pages.problem(problem, reference: request.id, back: links.returns.back(from: link))
            return refuse(FlowEvent.StartRefusal(problem), page, request)
        }
        return await begin(entry, (link, sealed), among: settings.providers(of: link), request)
    }

    /// What the form says.
    private struct Entry {
        /// nil unless there is exactly one.
        var choice: String?
        var link: String?
        /// As typed, without the spaces around it; nil if nothing was.
        var address: String?
        /// "This is my browser": do not ask again whether it is.
        var isSure: Bool

        /// - Returns: nil if a field is there twice that says one thing.
        init?(_ form: [(name: String, value: String)]) {
            let choices = form.filter { $0.name == StartFlow.field }
            let links = form.filter { $0.name == StartFlow.linkField }
            let addresses = form.filter { $0.name == StartFlow.addressField }
            guard links.count <= 1, addresses.count <= 1 else { return nil }
            choice = choices.count == 1 ? choices[0].value : nil
            link = links.first?.value
            let typed = addresses.first.map { $0.value.drop { $0 == " " } }
            let ending = typed?.lastIndex { $0 != " " }
            address = typed.flatMap { typed in ending.map { String(typed[...$0]) } }
            isSure = form.contains { $0.name == StartFlow.sureField }
        }
    }

    private func begin(
        _ entry: Entry,
        _ link: (said: ConnectLink, sealed: String)?,
        among offered: [Provider],
        _ request: Request
    ) async -> Response {
        if entry.choice == StartFlow.detection { return await detect(entry, link, among: offered, request) }
        guard let choice = entry.choice.flatMap({ self.choice($0, among: offered) }) else {
            let again = pages.connect(again: .providerNotOffered, link, address: entry.address)
            return refuse(.providerNotOffered, again, request)
        }
        return start(choice, link, entry, request)
    }

    /// Finds the provider by the address; where that does not work, the person chooses, with the address kept.
    private func detect(
        _ entry: Entry,
        _ link: (said: ConnectLink, sealed: String)?,
        among offered: [Provider],
        _ request: Request
    ) async -> Response {
        guard let address = link?.said.expectedAddress ?? entry.address, isMailboxAddress(address) else {
            let again = pages.connect(again: .addressUnreadable, link, address: entry.address)
            return refuse(.providerNotOffered, again, request)
        }
        // Each may be a question to Nylas.
        if let wait = rate.take(by: request.client) { return tooMany(wait, link, request) }
        let provider = await detection.provider(of: address, reference: request.id.text)
        guard let provider, offered.contains(provider) else {
            return pages.connect(again: .providerNotDetected, link, address: entry.address)
        }
        return start(.provider(provider), link, entry, request)
    }

    /// What the form chose, or nil if it is not on offer.
    private func choice(_ value: String, among offered: [Provider]) -> Choice? {
        if value == StartFlow.chooser { return settings.offersChooser(among: offered) ? .nylasAsks : nil }
        guard let provider = Provider(rawValue: value), offered.contains(provider) else { return nil }
        return .provider(provider)
    }

    private func start(
        _ choice: Choice,
        _ link: (said: ConnectLink, sealed: String)?,
        _ entry: Entry,
        _ request: Request
    ) -> Response {
        let provider: Provider? = if case .provider(let provider) = choice { provider } else { nil }
        if provider == .google, !entry.isSure, EmbeddedBrowser.isOne(request.head.headerFields[.userAgent]) {
            log(.embeddedBrowser, reference: request.id.text)
            return askForBrowser(link, entry)
        }
        // Only what would really start is counted: a foreign page that makes its visitors post here cannot use up the tries of
        // their network.
        if let wait = rate.take(by: request.client) { return tooMany(wait, link, request) }
        let now = wallClock.now()
        let flow = StartedFlow(provider, link?.said, settings, audience: audience, random: random, at: now)
        let id = flow.id
        guard let cookie = cookies.cookie(for: flow, id: id) else {
            return refuse(.flowTooLarge, pages.errors.response(.internalServerError, to: request), request)
        }
        let question = NylasAuthorizationRequest(
            redirectURI: redirectURI,
            state: flow.state,
            codeVerifier: flow.codeVerifier,
            provider: provider,
            scopes: flow.scopes,
            loginHint: link?.said.expectedAddress ?? entry.address.flatMap { isMailboxAddress($0) ? $0 : nil }
                ?? link?.said.loginHint
        )
        var response = Response.seeOther(question.url(at: settings.nylas), headers: pages.headers)
        for removal in cookies.removals(in: request.head.headerFields) { response.addCookie(removal) }
        response.addCookie(cookie)
        if let link { response.addCookie(linkCookie.cookie(for: link.sealed, link.said, at: flow.startedAt)) }
        log(.started(provider), flow: id, reference: request.id.text)
        return response
    }

    private func tooMany(
        _ wait: Duration,
        _ link: (said: ConnectLink, sealed: String)?,
        _ request: Request
    ) -> Response {
        let again = link.map { LinkSeal.path($0.sealed) }
        return refuse(.tooMany, pages.problem(.tooManyStarts(wait), reference: request.id, link: again), request)
    }

    private func askForBrowser(_ link: (said: ConnectLink, sealed: String)?, _ entry: Entry) -> Response {
        var fields = [(StartFlow.field, Provider.google.rawValue), (StartFlow.sureField, "1")]
        if let sealed = entry.link { fields.append((StartFlow.linkField, sealed)) }
        if let address = entry.address { fields.append((StartFlow.addressField, address)) }
        let path = link.map { LinkSeal.path($0.sealed) } ?? "/"
        return pages.openInBrowser(path: path, fields: fields)
    }

    private func refuse(_ reason: FlowEvent.StartRefusal, _ response: Response, _ request: Request) -> Response {
        log(.startRefused(reason), reference: request.id.text)
        return response
    }
}

extension FlowEvent.StartRefusal {
    /// What stands in the way of a link that is ours.
    fileprivate init(_ obstacle: Problem) {
        self =
            switch obstacle {
            case .linkExpired: .linkExpired
            case .linkUsed: .linkUsed
            case .linkRevoked: .linkRevoked
            default: .storeUnavailable
            }
    }
}

extension Response {
    /// One more Set-Cookie field; never joined with another (RFC 6265 §3).
    mutating func addCookie(_ value: String) {
        append(HTTPField(name: .setCookie, value: value))
    }
}
