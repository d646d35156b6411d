package import GrantStore
import Grants

/// Why no link is ordered to connect a grant again: each case is one rule.
package enum ReconnectError: Error, Hashable, Sendable {
    case grant
    case unknownGrant
    case owner
    /// The grant is not, or no longer, this owner's.
    case notOwner
    /// Nylas gave no address for it, so none can be asked for.
    case noAddress
    /// A provider that has no page to sign in at.
    case provider(String)
    case store(StoreError)
}

extension LinkOrder {
    /// An order to connect a grant again that stopped working: the same owner, the same address and no other, at the same provider.
    ///
    /// Nylas keeps the grant, and so does the store: nothing is deleted and made anew, which would lose what was synchronized.
    package static func reconnecting(
        _ grant: String,
        owner: String,
        in store: any GrantStore
    ) async throws(ReconnectError) -> LinkOrder {
        guard let id = GrantID(grant) else { throw .grant }
        guard let ownerID = OwnerID(owner) else { throw .owner }
        let found: StoredGrant?
        do throws(StoreError) { found = try await store.grant(id) } catch { throw .store(error) }
        guard let found, found.deletionRequestedAt == nil else { throw .unknownGrant }
        guard let ownership = found.owners.first(where: { $0.owner == ownerID }) else { throw .notOwner }
        guard let address = found.address else { throw .noAddress }
        guard Provider(rawValue: found.providerName) != nil else { throw .provider(found.providerName) }
        var order = LinkOrder(owner: owner)
        order.expectedAddress = address
        order.providers = [found.providerName]
        order.tags = ownership.tags
        order.isReconnection = true
        return order
    }
}
