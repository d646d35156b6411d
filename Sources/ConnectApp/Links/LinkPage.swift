import GrantStore
import HTTPSemantics
import Timekeeping
import Web

/// `GET /c/{link}`: the connect page for the holder of a link. It only looks, however often it is opened: mail scanners
/// open every link there is.
struct LinkPage: Sendable {
    let pages: Pages
    let seal: LinkSeal
    let store: any GrantStore
    let returns: HostReturns
    let wallClock: WallClock
    let log: FlowLog

    func response(_ sealed: String?, to request: Request) async -> Response {
        guard let sealed, let link = seal.open(sealed) else {
            return pages.problem(.linkUnreadable, reference: request.id, back: returns.back(from: nil))
        }
        if let problem = await obstacle(to: link, reference: request.id) {
            return pages.problem(problem, reference: request.id, back: returns.back(from: link))
        }
        return pages.connect(with: link, sealed: sealed)
    }

    /// Why nothing can be started with a link that is ours; nil if something can.
    func obstacle(to link: ConnectLink, reference: RequestID) async -> Problem? {
        guard wallClock.now() < link.expiresAt else { return .linkExpired }
        do throws(StoreError) {
            switch try await store.use(of: link.id) {
            case .used: return .linkUsed
            case .revoked: return .linkRevoked
            case .reserved, nil: return nil
            }
        } catch {
            log(.storeFailed(.look, error), reference: reference.text)
            return .storeUnavailable
        }
    }
}
