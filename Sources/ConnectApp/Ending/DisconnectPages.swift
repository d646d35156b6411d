import GrantStore
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// `GET /disconnect/{link}` and `POST /disconnect`: a person's own way out.
///
/// Opening the link only looks, however often: mail scanners open every link there is. The button of its page ends the connection
/// and leads back to the same address, which then says what has become of it.
struct DisconnectPages: Sendable {
    static let linkField = "link"

    let publicURL: HTTPOrigin
    let pages: Pages
    let seal: DisconnectSeal
    let store: any GrantStore
    let disconnection: Disconnection
    let rate: RateLimit
    let wallClock: WallClock
    let log: FlowLog

    /// The page of a link: the question while there is something to end, and what has become of it afterwards.
    func show(_ sealed: String?, to request: Request) async -> Response {
        guard let sealed, let link = seal.open(sealed) else {
            return pages.problem(.disconnecting(.unreadable), reference: request.id)
        }
        do throws(StoreError) {
            let standing = link.standing(try await store.grant(link.grant))
            guard case .connected(let others) = standing else { return pages.disconnected(link, standing) }
            guard wallClock.now() < link.expiresAt else {
                return pages.problem(.disconnecting(.expired), reference: request.id)
            }
            return pages.disconnect(link, sealed: sealed, others: others)
        } catch {
            log(.storeFailed(.look, error), reference: request.id.text)
            return pages.problem(.disconnecting(.unavailable), reference: request.id)
        }
    }

    func end(_ request: Request) async -> Response {
        guard isSameOrigin(request.head.headerFields, publicURL: publicURL) else {
            log(.disconnectRefused("not same origin"), reference: request.id.text)
            return pages.problem(.disconnecting(.notFromOurPage), reference: request.id)
        }
        let types = request.head.headerFields[values: .contentType]
        guard types.count == 1, isForm(types[0]) else {
            return pages.errors.response(.unsupportedMediaType, to: request)
        }
        guard let form = try? FormCoding.decode(request.content) else {
            return pages.errors.response(.badRequest, to: request)
        }
        let links = form.filter { $0.name == DisconnectPages.linkField }.map(\.value)
        guard links.count == 1 else { return pages.errors.response(.badRequest, to: request) }
        guard let link = seal.open(links[0]) else {
            log(.disconnectRefused("link not usable"), reference: request.id.text)
            return pages.problem(.disconnecting(.unreadable), reference: request.id)
        }
        do throws(StoreError) {
            if case .connected = link.standing(try await store.grant(link.grant)) {
                guard wallClock.now() < link.expiresAt else {
                    log(.disconnectRefused("link not usable"), reference: request.id.text)
                    return pages.problem(.disconnecting(.expired), reference: request.id)
                }
                if let wait = rate.take(by: request.client) {
                    log(.disconnectRefused("too many from one network"), reference: request.id.text)
                    return pages.problem(.disconnecting(.tooMany(wait)), reference: request.id)
                }
                _ = try await disconnection.disconnect(
                    link.grant,
                    link.leaver,
                    reason: .person,
                    reference: request.id.text
                )
            }
        } catch {
            log(.storeFailed(.save, error), reference: request.id.text)
            return pages.problem(.disconnecting(.unavailable), reference: request.id)
        }
        // Whatever has become of it is said where it can be looked at again.
        return .seeOther(DisconnectSeal.path(links[0]), headers: pages.headers)
    }
}
