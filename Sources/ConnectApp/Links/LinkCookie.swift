import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping

/// The link that this browser has started from last, so that "start again" leads back to it and nobody has to look for a
/// message. It proves nothing and opens nothing that the link itself would not.
struct LinkCookie: Sendable {
    static let name = "__Host-connect-link"

    let seal: LinkSeal

    func cookie(for sealed: String, _ link: ConnectLink, at now: Timestamp) -> String {
        Cookie.setCookie(name: LinkCookie.name, value: sealed, maxAge: max(link.expiresAt.duration(since: now), .zero))
    }

    /// The path of the link in the browser's cookie, if it opens, lives, and is the one that is meant.
    ///
    /// - Parameter id: nil means any.
    func path(in fields: HTTPFields, of id: LinkID?, at now: Timestamp) -> String? {
        find(in: fields, of: id, at: now).map { LinkSeal.path($0.sealed) }
    }

    /// The same link, and what it says.
    func find(
        in fields: HTTPFields,
        of id: LinkID?,
        at now: Timestamp
    ) -> (said: ConnectLink, sealed: String)? {
        for cookie in Cookie.parse(fields: fields) where cookie.name == LinkCookie.name {
            guard let link = seal.open(cookie.value), now < link.expiresAt, id == nil || link.id == id else { continue }
            return (link, cookie.value)
        }
        return nil
    }
}
