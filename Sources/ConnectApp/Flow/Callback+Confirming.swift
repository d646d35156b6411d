import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import OAuth
import Timekeeping
import Web

/// Confirmed binding (design §4.7): between the callback and the claim the host app says who is at this browser.
///
///     /callback ── code into the cookie ──▶ the host app, with a handle ── POST /api/v1/confirmations ──▶ written down
///                                                     │
///     claim, exchange ◀── confirmed, in time ── /confirmed/{short ID}
extension Callback {
    /// Puts the code into the flow's cookie and sends the browser to the host app. Nothing is written on our side.
    func park(_ parked: ParkedFlow, _ request: Request) -> Response {
        let flow = parked.flow.id
        guard let address = returns.confirming(parked) else {
            log(.confirmationNotConfigured, flow: flow, reference: request.id.text)
            return leave(to: .unavailable)
        }
        guard let cookie = cookies.cookie(for: parked) else {
            log(.codeTooLong, flow: flow, reference: request.id.text)
            return leave(to: .malformed)
        }
        log(.parked, flow: flow, reference: request.id.text)
        var response = Response.seeOther(address, headers: pages.headers)
        response.addCookie(cookie)
        return response
    }

    /// `GET /confirmed/{short ID}`: the browser, back from the host app.
    func confirmed(_ shortID: String, _ request: Request) async -> Response {
        if let answer = inert(request) { return answer }
        guard FlowCookies.isShortID(shortID) else { return pages.errors.response(.notFound, to: request) }
        switch cookies.find(shortID, in: request.head.headerFields) {
        case .none:
            log(.cookieMissing, reference: request.id.text)
            return leave(to: .unmatched)
        case .unopenable:
            log(.cookieUnopenable, reference: request.id.text)
            return leave(to: .altered)
        case .answered(let flow, _):
            return await show(flow, request)
        case .started(let flow):
            log(.callbackRefused(.missingCode), flow: flow.id, reference: request.id.text)
            return leave(to: .malformed)
        case .parked(let parked):
            return await proceed(parked, request)
        }
    }

    private func proceed(_ parked: ParkedFlow, _ request: Request) async -> Response {
        let claim = parked.flow.claim
        let confirmation: FlowConfirmation?
        do throws(StoreError) {
            switch try await store.record(of: claim.flow)?.standing {
            // A code that came after a "no" is a new "yes".
            case .answered(let outcome) where outcome.verdict != .declined || outcome.answeredAt >= parked.callbackAt:
                return leave(with: outcome, of: claim.flow)
            case .open: return await waitForEnd(of: claim.flow)
            case .answered, nil: break
            }
            confirmation = try await store.confirmation(of: claim.flow)
        } catch {
            log(.storeFailed(.look, error), flow: claim.flow, reference: request.id.text)
            return leave(to: .unavailable)
        }
        // Said first, since it is the graver of the two.
        if confirmation?.standing == .refused { return await end(claim, .forSomeoneElse, request) }
        guard wallClock.now() < parked.deadline else { return await end(claim, .notConfirmed, request) }
        guard confirmation?.callbackAt == parked.callbackAt else {
            let problem = Problem.awaitingConfirmation(
                brand: settings.brand.name,
                checkAgain: "/confirmed/\(claim.flow.shortID)"
            )
            let way = returns.confirming(parked).map { HostReturn.confirming(url: $0) }
            return pages.problem(problem, reference: request.id, back: way)
        }
        let callback: VerifiedCallback
        do throws(CallbackError) {
            callback = try verifyAgain(parked)
        } catch {
            log(.callbackRefused(error), flow: claim.flow, reference: request.id.text)
            return leave(to: word(for: error))
        }
        return await finish(claim, callback, request)
    }

    /// The same checks as at the callback, as of then: only they make what can be exchanged.
    private func verifyAgain(_ parked: ParkedFlow) throws(CallbackError) -> VerifiedCallback {
        let query = parked.flow.state.withExposed { state in
            parked.code.withExposed { code in FormCoding.encode([("state", state), ("code", code)]) }
        }
        return try verify(parked.flow, try CallbackQuery(query), at: parked.callbackAt)
    }
}
