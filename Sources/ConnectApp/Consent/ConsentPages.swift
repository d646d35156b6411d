import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import Timekeeping
import Web

/// `GET /consent/{invite}` and `POST /consent`: what an administrator is asked, and the way to Microsoft.
///
/// Opening the invitation only looks, however often and by whomever. Its button starts a flow exactly as ``StartFlow`` does.
struct ConsentPages: Sendable {
    static let inviteField = "invite"

    let settings: ConnectSettings
    /// Of ``settings``.
    let audience: [UInt8]
    let pages: Pages
    let cookies: FlowCookies
    let seal: ConsentSeal
    let inviteCookie: InviteCookie
    let store: any GrantStore
    let rate: RateLimit
    let wallClock: WallClock
    let random: RandomSource
    let log: FlowLog

    func show(_ sealed: String?, to request: Request) async -> Response {
        guard let sealed, let invite = seal.open(sealed) else {
            return pages.problem(.consenting(.unreadable), reference: request.id)
        }
        let known: TenantConsent?
        do throws(StoreError) {
            known = try await store.consent(invite.id)
        } catch {
            log(.storeFailed(.look, error), reference: request.id.text)
            return pages.problem(.consenting(.unavailable), reference: request.id)
        }
        // Who opens it later should learn that there is nothing left to do, also when it has expired.
        if let known, case .verified = known.standing { return pages.consentDone(known) }
        guard wallClock.now() < invite.expiresAt else {
            return pages.problem(.consenting(.inviteExpired), reference: request.id)
        }
        return pages.consent(invite, sealed: sealed, known: known)
    }

    func start(_ request: Request) async -> Response {
        let fields = request.head.headerFields
        // First of all, so that a foreign page learns nothing from how the rest is answered.
        guard isSameOrigin(fields, publicURL: settings.publicURL) else {
            return refuse(.notSameOrigin, pages.problem(.consenting(.notFromOurPage), reference: request.id), request)
        }
        let types = fields[values: .contentType]
        guard types.count == 1, isForm(types[0]) else {
            return refuse(.malformedForm, pages.errors.response(.unsupportedMediaType, to: request), request)
        }
        let sealed = (try? FormCoding.decode(request.content))?
            .filter { $0.name == ConsentPages.inviteField }.map(\.value)
        guard let sealed, sealed.count == 1 else {
            return refuse(.malformedForm, pages.errors.response(.badRequest, to: request), request)
        }
        guard let invite = seal.open(sealed[0]) else {
            return refuse(.linkUnreadable, pages.problem(.consenting(.unreadable), reference: request.id), request)
        }
        guard wallClock.now() < invite.expiresAt else {
            return refuse(.linkExpired, pages.problem(.consenting(.inviteExpired), reference: request.id), request)
        }
        let again = ConsentSeal.path(sealed[0])
        // Only what would really start is counted, as in ``StartFlow``.
        if let wait = rate.take(by: request.client) {
            let page = pages.problem(.consenting(.tooMany(wait)), reference: request.id, link: again)
            return refuse(.tooMany, page, request)
        }
        return begin(invite, sealed[0], request)
    }

    private func begin(_ invite: ConsentInvite, _ sealed: String, _ request: Request) -> Response {
        let flow = StartedFlow(invite, audience: audience, random: random, at: wallClock.now())
        let id = flow.id
        guard let cookie = cookies.cookie(for: flow, id: id) else {
            return refuse(.flowTooLarge, pages.errors.response(.internalServerError, to: request), request)
        }
        let question = NylasAdminConsentRequest(
            redirectURI: settings.redirectURI,
            state: flow.state,
            credentialID: invite.credential,
            scopes: invite.fullScopes
        )
        var response = Response.seeOther(question.url(at: settings.nylas), headers: pages.headers)
        for removal in cookies.removals(in: request.head.headerFields) { response.addCookie(removal) }
        response.addCookie(cookie)
        response.addCookie(inviteCookie.cookie(for: sealed, invite, at: flow.startedAt))
        log(.consent(.started(invite.id)), flow: id, reference: request.id.text)
        return response
    }

    private func refuse(_ reason: FlowEvent.StartRefusal, _ response: Response, _ request: Request) -> Response {
        log(.startRefused(reason), reference: request.id.text)
        return response
    }
}

extension StartedFlow {
    /// A new flow of an invitation.
    ///
    /// - Parameter audience: ``Audience/digest(of:)`` of the settings.
    init(_ invite: ConsentInvite, audience: [UInt8], random: RandomSource, at now: Timestamp) {
        var kept = invite
        // They have gone to Microsoft; the answer is not judged by them, and a cookie is small.
        kept.scopes = []
        self.init(
            kind: .adminConsent,
            state: State(drawnFrom: random),
            // Every flow has one; without a code it is never sent anywhere.
            codeVerifier: CodeVerifier(drawnFrom: random),
            provider: .microsoft,
            profile: "",
            scopes: [],
            audience: audience,
            invite: kept,
            startedAt: now
        )
    }
}
