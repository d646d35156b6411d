package import GrantStore
import Grants
package import Timekeeping

/// What somebody wants a disconnect link to say, not yet looked at: texts as they were typed or sent.
package struct DisconnectOrder: Sendable {
    package var grant: String
    /// nil only for a mailbox that was connected openly.
    package var owner: String?
    package var ownerName: String?
    package var lifetime: Duration?

    package init(grant: String, owner: String?) {
        self.grant = grant
        self.owner = owner
    }
}

/// Why no disconnect link is made of an order: each case is one rule.
package enum DisconnectOrderError: Error, Hashable, Sendable {
    case grant
    case unknownGrant
    case owner
    case ownerName
    /// The mailbox has owners: the order must say whose it is.
    case ownerMissing
    /// The mailbox is not, or no longer, this owner's.
    case notOwner
    case lifetime
    case store(StoreError)
}

extension DisconnectOrder {
    /// Makes the link for the connection as it is now.
    package func link(in store: any GrantStore, at now: Timestamp) async throws(DisconnectOrderError) -> DisconnectLink
    {
        guard let id = GrantID(grant) else { throw .grant }
        let lifetime = lifetime ?? DisconnectLink.standardLifetime
        guard DisconnectLink.lifetimes.contains(lifetime) else { throw .lifetime }
        if let ownerName, !isLine(ownerName, atMost: LinkOrder.nameLimitBytes) { throw .ownerName }
        var owner: OwnerID?
        if let text = self.owner {
            guard let known = OwnerID(text) else { throw .owner }
            owner = known
        }
        let found: StoredGrant?
        do throws(StoreError) { found = try await store.grant(id) } catch { throw .store(error) }
        guard let found, found.deletionRequestedAt == nil else { throw .unknownGrant }
        var since = found.savedAt
        if let owner {
            guard let ownership = found.owners.first(where: { $0.owner == owner }) else { throw .notOwner }
            since = ownership.since
        } else if !found.owners.isEmpty {
            throw .ownerMissing
        }
        return DisconnectLink(
            grant: id,
            owner: owner,
            ownerName: ownerName,
            address: found.address,
            providerName: found.providerName,
            since: since,
            expiresAt: now + lifetime
        )
    }
}
