import GrantStore
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// `GET /connected/{id}` and `GET /problem/{id}`: how a flow ended, for the browser that holds its cookie.
///
/// Only looks: a flow that is still open stays as it is, however often somebody asks.
struct ResultPages: Sendable {
    let pages: Pages
    let cookies: FlowCookies
    let linkCookie: LinkCookie
    let inviteCookie: InviteCookie
    let returns: HostReturns
    let store: any GrantStore
    let progress: FlowProgress
    let wallClock: WallClock
    let log: FlowLog

    func connected(_ id: String?, _ request: Request) async -> Response {
        await result(id ?? "", request, isSuccess: true)
    }

    func problem(_ id: String?, _ request: Request) async -> Response {
        if let id, let word = ProblemWord(rawValue: id) {
            let link = linkCookie.find(in: request.head.headerFields, of: nil, at: wallClock.now())
            let invite =
                word == .consentMalformed ? inviteCookie.path(in: request.head.headerFields, at: wallClock.now()) : nil
            return pages.problem(
                word.problem,
                reference: request.id,
                link: invite ?? (link?.sealed).map(LinkSeal.path),
                back: returns.back(from: link?.said)
            )
        }
        return await result(id ?? "", request, isSuccess: false)
    }

    private func result(_ shortID: String, _ request: Request, isSuccess: Bool) async -> Response {
        guard FlowCookies.isShortID(shortID) else { return pages.errors.response(.notFound, to: request) }
        let found = cookies.find(shortID, in: request.head.headerFields)
        guard let flow = found.flow, flow.shortID == shortID else {
            return pages.problem(.flowNotFound, reference: request.id, back: returns.back(from: nil))
        }
        let record: FlowRecord?
        do throws(StoreError) {
            record = try await store.record(of: flow)
        } catch {
            log(.storeFailed(.look, error), flow: flow, reference: request.id.text)
            return pages.problem(.resultUnreadable(checkAgain: "/connected/\(shortID)"), reference: request.id)
        }
        guard let record else {
            return pages.problem(.flowNotFound, reference: request.id, back: returns.back(from: nil))
        }
        switch record.standing {
        case .open:
            let path = "/connected/\(shortID)"
            let problem: Problem =
                progress.stage(of: flow) == .settling
                ? .nylasTooSlow(checkAgain: path) : .stillWorking(checkAgain: path)
            return pages.problem(problem, reference: request.id)
        case .answered(let outcome) where record.claim.kind == .adminConsent:
            return await consented(outcome, record.claim, found, request, isSuccess: isSuccess)
        case .answered(let outcome):
            return answered(outcome, record.claim, found, request, isSuccess: isSuccess)
        }
    }

    private func answered(
        _ outcome: FlowOutcome,
        _ claim: FlowClaim,
        _ found: FlowCookies.Found,
        _ request: Request,
        isSuccess: Bool
    ) -> Response {
        let link = claim.link.flatMap { link in
            linkCookie.path(in: request.head.headerFields, of: link.id, at: wallClock.now())
        }
        var response =
            outcome.verdict.isSuccess == isSuccess
            ? pages.result(
                outcome,
                of: claim,
                link: link,
                back: returns.back(from: claim, outcome, at: wallClock.now()),
                isAgain: found.isAgain
            )
            : .seeOther(
                "/\(outcome.verdict.isSuccess ? "connected" : "problem")/\(claim.flow.shortID)",
                headers: pages.headers
            )
        // The whole flow need not stay in the browser any longer.
        switch found {
        case .started, .parked:
            if outcome.verdict.isFinal {
                response.addCookie(cookies.answeredCookie(for: claim.flow, at: wallClock.now()))
            }
        case .answered, .none, .unopenable: break
        }
        return response
    }
}
