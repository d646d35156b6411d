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
    private static let field = "provider"
    private static let chooser = "ask"
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
        let choices = form.filter { $0.name == StartFlow.field }.map(\.value)
        let sealed = form.filter { $0.name == StartFlow.linkField }.map(\.value)
        guard sealed.count <= 1 else {
            return refuse(.malformedForm, pages.errors.response(.badRequest, to: request), request)
        }
        guard let sealed = sealed.first else {
            guard settings.isOpen else { return refuse(.closed, pages.connect(), request) }
            guard choices.count == 1, let choice = choice(choices[0], among: settings.providers) else {
                return refuse(.providerNotOffered, pages.problem(.providerNotOffered, reference: request.id), request)
            }
            return start(choice, nil, request)
        }
        guard let link = links.seal.open(sealed) else {
            let page = pages.problem(.linkUnreadable, reference: request.id, back: links.returns.back(from: nil))
            return refuse(.linkUnreadable, page, request)
        }
        if let problem = await links.obstacle(to: link, reference: request.id) {
            let page = pages.problem(problem, reference: request.id, back: links.returns.back(from: link))
            return refuse(FlowEvent.StartRefusal(problem), page, request)
        }
        let offered = settings.providers(of: link)
        guard choices.count == 1, let choice = choice(choices[0], among: offered) else {
            let again = pages.connect(with: link, sealed: sealed, notice: .providerNotOffered)
            return refuse(.providerNotOffered, again, request)
        }
        return start(choice, (link, sealed), request)
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
        _ request: Request
    ) -> Response {
        // Only what would really start is counted: a foreign page that makes its visitors post here cannot use up the tries of
        // their network.
        if let wait = rate.take(by: request.client) {
            let again = link.map { LinkSeal.path($0.sealed) }
            let page = pages.problem(.tooManyStarts(wait), reference: request.id, link: again)
            return refuse(.tooMany, page, request)
        }
        let provider: Provider? = if case .provider(let provider) = choice { provider } else { nil }
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
            loginHint: link?.said.expectedAddress ?? link?.said.loginHint
        )
        var response = Response.seeOther(question.url(at: settings.nylas), headers: pages.headers)
        for removal in cookies.removals(in: request.head.headerFields) { response.addCookie(removal) }
        response.addCookie(cookie)
        if let link { response.addCookie(linkCookie.cookie(for: link.sealed, link.said, at: flow.startedAt)) }
        log(.started(provider), flow: id, reference: request.id.text)
        return response
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
