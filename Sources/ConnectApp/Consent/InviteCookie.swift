import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping

/// The invitation that this browser has started from last, as ``LinkCookie`` is for connect links: so that "start again" and
/// "forward this" have their address. It proves nothing.
struct InviteCookie: Sendable {
    static let name = "__Host-consent-invite"

    let seal: ConsentSeal

    func cookie(for sealed: String, _ invite: ConsentInvite, at now: Timestamp) -> String {
        Cookie.setCookie(
            name: InviteCookie.name,
            value: sealed,
            maxAge: max(invite.expiresAt.duration(since: now), .zero)
        )
    }

    /// The path of the invitation in the browser's cookie, if it opens and lives.
    func path(in fields: HTTPFields, at now: Timestamp) -> String? {
        for cookie in Cookie.parse(fields: fields) where cookie.name == InviteCookie.name {
            guard let invite = seal.open(cookie.value), now < invite.expiresAt else { continue }
            return ConsentSeal.path(cookie.value)
        }
        return nil
    }
}
