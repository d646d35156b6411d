import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import Timekeeping
import Web

/// `GET /callback`: the one place that fixes the order in which an answer is looked at (design §4.2).
///
/// Every way out is a 303 to a clean address, so that the code leaves the address bar at once, but two. A preload is
/// answered in place, because nobody sees it. So is a callback that has to wait for its network's turn: its code is still
/// good, and the page's link calls the same address again. What fails before the claim burns nothing: the same flow can
/// still be finished.
struct Callback: Sendable {
    /// How long a browser waits here for an answer before it is shown that the work goes on.
    static let patience = Duration.seconds(20)

    let settings: ConnectSettings
    /// Of ``settings``.
    let audience: [UInt8]
    let pages: Pages
    let cookies: FlowCookies
    let store: any GrantStore
    let runner: FlowRunner
    let returns: HostReturns
    let connectors: ConnectorLook
    let progress: FlowProgress
    /// Rung when an administrator has come back with a yes.
    let consentReported: Bell
    let rate: RateLimit
    let wallClock: WallClock
    let time: MonotonicTime
    let log: FlowLog

    func response(to request: Request) async -> Response {
        if let answer = inert(request) { return answer }
        let query: CallbackQuery
        do throws(CallbackError) {
            query = try CallbackQuery(request.target.query)
        } catch {
            log(.callbackRefused(error), reference: request.id.text)
            return leave(to: .malformed)
        }
        guard let state = query["state"], State(state) != nil else {
            log(.callbackRefused(.stateMismatch), reference: request.id.text)
            return leave(to: .unmatched)
        }
        let id = FlowID(state: state)
        switch cookies.find(id.shortID, in: request.head.headerFields) {
        case .none:
            log(.cookieMissing, reference: request.id.text)
            return leave(to: .unmatched)
        case .unopenable:
            log(.cookieUnopenable, reference: request.id.text)
            return leave(to: .altered)
        case .answered(let flow, _):
            guard constantTimeEquals(flow.digest, id.digest) else { return leave(to: .altered) }
            return await show(flow, request)
        case .started(let flow):
            guard flow.state.matches(state) else { return leave(to: .altered) }
            return await proceed(flow, query, request)
        case .parked(let parked):
            guard parked.flow.state.matches(state) else { return leave(to: .altered) }
            return await proceed(parked.flow, parked: parked, query, request)
        }
    }

    /// The answer to what must do nothing: a look at the fields alone, a preload. nil for a person who has come.
    func inert(_ request: Request) -> Response? {
        // HEAD asks what GET would say; this GET does something, so it cannot be said.
        guard request.head.method == .get else {
            var response = pages.errors.response(.methodNotAllowed, to: request)
            response.head.headerFields[.allow] = "GET"
            return response
        }
        guard isPreload(request.head.headerFields) else { return nil }
        return pages.errors.response(.serviceUnavailable, to: request)
    }

    /// The state is ours, and this browser's.
    ///
    /// - Parameter parked: what the cookie has of an earlier code of this flow.
    private func proceed(
        _ flow: StartedFlow,
        parked: ParkedFlow? = nil,
        _ query: CallbackQuery,
        _ request: Request
    ) async -> Response {
        let claim = flow.claim
        var isFirst = false
        do throws(StoreError) {
            switch try await store.record(of: claim.flow)?.standing {
            case .answered(let outcome) where outcome.verdict != .declined || !flow.mayGoOn(with: query):
                return leave(again: outcome, of: claim.flow, request)
            case .open:
                return await waitForEnd(of: claim.flow)
            case .answered: break
            case nil: isFirst = true
            }
        } catch {
            log(.storeFailed(.look, error), flow: claim.flow, reference: request.id.text)
            // Not a word on what stands: the store could not say.
            return leave(toResultOf: claim.flow, isSuccess: true)
        }
        // What was sealed decides what is looked for: a code, or an administrator's yes; the other one is a fault.
        if let invite = flow.invite { return await proceed(flow, of: invite, query, request) }
        let callback: VerifiedCallback
        do throws(CallbackError) {
            callback = try verify(flow, query)
        } catch {
            return await refuse(error, query, claim, request)
        }
        guard flow.binding == .confirmed else { return await finish(claim, callback, request) }
        // The same code once more has no more time than before.
        let since = parked.flatMap { isFirst && $0.holds(callback.code) ? $0.callbackAt : nil }
        return park(ParkedFlow(flow: flow, code: callback.code, callbackAt: since ?? wallClock.now()), request)
    }

    /// Nothing stands in the way any more: claims, exchanges, and waits for the end.
    func finish(_ claim: FlowClaim, _ callback: VerifiedCallback, _ request: Request) async -> Response {
        if let refusal = refusalByRate(claim, request) { return refusal }
        guard runner.submit(claim, callback, reference: request.id.text) else { return leave(to: .unavailable) }
        return await waitForEnd(of: claim.flow)
    }

    /// The answer to a callback of a network that has brought too many, or nil.
    ///
    /// Asked last of all: what is counted is a request to Nylas or a write to the disk, so only who holds the cookie of a flow
    /// that has not ended uses up a try. Starts have the lower rate: an attacker on a person's network who wants to use up its
    /// callbacks has to save up cookies first, and then the person's own callback only has to wait.
    func refusalByRate(_ claim: FlowClaim, _ request: Request) -> Response? {
        guard let wait = rate.take(by: request.client) else { return nil }
        log(.tooManyCallbacks, flow: claim.flow, reference: request.id.text)
        return pages.problem(.tooManyCallbacks(wait), reference: request.id)
    }

    /// - Parameter moment: when it came, where that was before now.
    func verify(
        _ flow: StartedFlow,
        _ query: CallbackQuery,
        at moment: Timestamp? = nil
    ) throws(CallbackError) -> VerifiedCallback {
        // The question went to another Nylas application, or named another redirect URI: its code is not for this one.
        guard constantTimeEquals(flow.audience, audience) else { throw .issuerMismatch }
        guard flow.kind == .connect else { throw .unexpectedParameter }
        let pending = PendingAuthorization(
            state: flow.state,
            codeVerifier: flow.codeVerifier,
            expiresAt: flow.expiresAt,
            issuer: settings.nylas.origin.description
        )
        return try pending.verify(query, at: moment ?? wallClock.now())
    }

    private func refuse(
        _ error: CallbackError,
        _ query: CallbackQuery,
        _ claim: FlowClaim,
        _ request: Request
    ) async -> Response {
        var verdict: FlowOutcome.Verdict
        switch error {
        case .refused(let code):
            if let refusal = refusalByRate(claim, request) { return refusal }
            verdict = AuthorizationRefusal.verdict(
                code,
                number: query["error_code"],
                description: query["error_description"]
            )
            if verdict == .providerRefused,
                await connectors.explains(code, of: claim, reference: request.id.text)
            {
                verdict = .connectorMissing
            }
            log(.refused(verdict, code), flow: claim.flow, reference: request.id.text)
        case .expired:
            if let refusal = refusalByRate(claim, request) { return refusal }
            log(.callbackRefused(error), flow: claim.flow, reference: request.id.text)
            return await end(claim, .expired, request)
        default:
            log(.callbackRefused(error), flow: claim.flow, reference: request.id.text)
            return leave(to: word(for: error))
        }
        let outcome = FlowOutcome(verdict: verdict, reference: request.id.text, answeredAt: wallClock.now())
        return await record(outcome, of: claim, request)
    }
}

extension StartedFlow {
    /// Whether the query has what may follow a "no": who said it may go back and say yes.
    fileprivate func mayGoOn(with query: CallbackQuery) -> Bool {
        switch kind {
        case .connect: query["code"] != nil
        case .adminConsent: query["admin_consent"] != nil && query["error"] == nil
        }
    }
}
