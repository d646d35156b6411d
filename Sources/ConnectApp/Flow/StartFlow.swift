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
    /// The form's one field, and its value for "let Nylas ask".
    private static let field = "provider"
    private static let chooser = "ask"

    let settings: ConnectSettings
    let pages: Pages
    let cookies: FlowCookies
    let rate: RateLimit
    let wallClock: WallClock
    let random: RandomSource
    let log: FlowLog

    private enum Choice {
        case provider(Provider)
        case nylasAsks
    }

    func response(to request: Request) -> Response {
        let fields = request.head.headerFields
        // First of all, so that a foreign page learns nothing from how the rest is answered.
        guard isSameOrigin(fields, publicURL: settings.publicURL) else {
            return refuse(.notSameOrigin, pages.problem(.startRefused, reference: request.id), request)
        }
        guard settings.isOpen else { return refuse(.closed, pages.connect(), request) }
        guard fields[.contentType].flatMap(MediaType.init)?.essence == "application/x-www-form-urlencoded" else {
            return refuse(.malformedForm, pages.errors.response(.unsupportedMediaType, to: request), request)
        }
        let form: [(name: String, value: String)]
        do throws(FormViolation) {
            form = try FormCoding.decode(request.content)
        } catch {
            return refuse(.malformedForm, pages.errors.response(.badRequest, to: request), request)
        }
        let values = form.filter { $0.name == StartFlow.field }.map(\.value)
        guard values.count == 1, let choice = choice(values[0]) else {
            return refuse(.providerNotOffered, pages.problem(.providerNotOffered, reference: request.id), request)
        }
        // Only what would really start is counted: a foreign page that makes its visitors post here cannot use up the
        // tries of their network.
        if let wait = rate.take(by: request.client) {
            return refuse(.tooMany, pages.problem(.tooManyStarts(wait), reference: request.id), request)
        }
        return start(choice, request)
    }

    /// What the form chose, or nil if it is not on offer.
    private func choice(_ value: String) -> Choice? {
        if value == StartFlow.chooser { return settings.offersNylasChooser ? .nylasAsks : nil }
        guard let provider = Provider(rawValue: value), settings.providers.contains(provider) else { return nil }
        return .provider(provider)
    }

    private func start(_ choice: Choice, _ request: Request) -> Response {
        let provider: Provider? = if case .provider(let provider) = choice { provider } else { nil }
        let flow = StartedFlow(
            kind: .connect,
            state: State(drawnFrom: random),
            codeVerifier: CodeVerifier(drawnFrom: random),
            provider: provider,
            profile: settings.profile.name,
            scopes: provider.map(settings.profile.scopes(for:)) ?? [],
            audience: Audience.digest(of: settings),
            startedAt: wallClock.now()
        )
        guard let cookie = cookies.cookie(for: flow) else {
            return refuse(.flowTooLarge, pages.errors.response(.internalServerError, to: request), request)
        }
        let question = NylasAuthorizationRequest(
            redirectURI: settings.redirectURI,
            state: flow.state,
            codeVerifier: flow.codeVerifier,
            provider: provider,
            scopes: flow.scopes
        )
        var response = Response.seeOther(question.url(at: settings.nylas), headers: pages.headers)
        for removal in cookies.removals(in: request.head.headerFields) { response.addCookie(removal) }
        response.addCookie(cookie)
        log(.started(provider), flow: flow.id, reference: request.id.text)
        return response
    }

    private func refuse(_ reason: FlowEvent.StartRefusal, _ response: Response, _ request: Request) -> Response {
        log(.startRefused(reason), reference: request.id.text)
        return response
    }
}

extension Response {
    /// One more Set-Cookie field; never joined with another (RFC 6265 §3).
    mutating func addCookie(_ value: String) {
        append(HTTPField(name: .setCookie, value: value))
    }
}
