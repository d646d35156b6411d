package import Grants
package import Timekeeping

/// A grant as the store keeps it. No token, no code, no content of a mailbox is part of it, ever.
package struct StoredGrant: Hashable, Sendable {
    package enum Status: String, Sendable {
        case valid
        /// Nylas can no longer reach the mailbox: the person must connect again.
        case invalid
    }

    package var id: GrantID
    /// As Nylas names it.
    package var providerName: String
    /// nil only where Nylas gave none.
    package var address: String?
    package var scopes: [String]
    package var status: Status
    /// When Nylas says it made the grant, and when it last authenticated.
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    /// When Postern first saved it, and last changed it. Set by the store.
    package var savedAt: Timestamp
    package var changedAt: Timestamp
    /// Who it belongs to, oldest first. Empty for grants of open connecting. Set by the store.
    package var owners: [Ownership]
    /// Since when nobody has it and its deletion at Nylas is due: until that is done the access still exists. Set by the store.
    package var deletionRequestedAt: Timestamp?

    package init(
        id: GrantID,
        providerName: String,
        address: String?,
        scopes: [String],
        status: Status,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        savedAt: Timestamp,
        changedAt: Timestamp,
        owners: [Ownership] = [],
        deletionRequestedAt: Timestamp? = nil
    ) {
        self.id = id
        self.providerName = providerName
        self.address = address
        self.scopes = scopes
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.savedAt = savedAt
        self.changedAt = changedAt
        self.owners = owners
        self.deletionRequestedAt = deletionRequestedAt
    }
}

package struct Ownership: Hashable, Sendable {
    package var owner: OwnerID
    package var since: Timestamp
    package var linkID: LinkID?
    package var tags: [String: String]

    package init(owner: OwnerID, since: Timestamp, linkID: LinkID? = nil, tags: [String: String] = [:]) {
        self.owner = owner
        self.since = since
        self.linkID = linkID
        self.tags = tags
    }
}

/// A grant's place in every list: newest `savedAt` first, then by ID. It stays when the grant is gone, so a list can go on there.
package struct GrantPosition: Hashable, Comparable, Sendable {
    package var savedAt: Timestamp
    package var id: GrantID

    package init(savedAt: Timestamp, id: GrantID) {
        self.savedAt = savedAt
        self.id = id
    }

    package static func < (left: GrantPosition, right: GrantPosition) -> Bool {
        left.savedAt == right.savedAt
            ? left.id.text.utf8.lexicographicallyPrecedes(right.id.text.utf8) : left.savedAt > right.savedAt
    }
}

/// Which grants to list; nil means any. In the order of their ``GrantPosition``.
package struct GrantFilter: Sendable {
    package var owner: OwnerID?
    /// Compared without regard to ASCII case.
    package var address: String?
    package var status: StoredGrant.Status?
    /// As Nylas names it.
    package var providerName: String?
    /// Continues a list behind this place.
    package var after: GrantPosition?
    /// 1 to 1000.
    package var limit: Int

    package init(
        owner: OwnerID? = nil,
        address: String? = nil,
        status: StoredGrant.Status? = nil,
        providerName: String? = nil,
        after: GrantPosition? = nil,
        limit: Int = 100
    ) {
        self.owner = owner
        self.address = address
        self.status = status
        self.providerName = providerName
        self.after = after
        self.limit = limit
    }
}

extension StoredGrant {
    package var position: GrantPosition { GrantPosition(savedAt: savedAt, id: id) }

    /// This grant as it is kept: `savedAt` and the owners of the known one, and the claim's owner, unless there already.
    ///
    /// Who connects a grant again has it: it is not deleted any more. A mere look at it changes nothing about that.
    func saved(over known: StoredGrant?, by claim: FlowClaim?, at now: Timestamp) -> StoredGrant {
        var saved = self
        saved.savedAt = known?.savedAt ?? now
        saved.changedAt = now
        saved.owners = known?.owners ?? []
        saved.deletionRequestedAt = claim == nil ? known?.deletionRequestedAt : nil
        if let claim, let owner = claim.owner, !saved.owners.contains(where: { $0.owner == owner }) {
            saved.owners.append(Ownership(owner: owner, since: now, linkID: claim.link?.id, tags: claim.tags))
        }
        return saved
    }
}

extension GrantFilter {
    /// `limit` within its documented range, whatever was given.
    var boundedLimit: Int { min(max(limit, 1), 1000) }
}
