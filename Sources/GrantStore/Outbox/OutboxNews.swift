import FoundationEssentials
package import Grants
import Timekeeping

/// What an event will say, before it has a name and a number.
package struct OutboxNews: Hashable, Sendable {
    package var type: EventType
    package var grantID: GrantID?
    /// One JSON object.
    package var data: String

    /// News of something other than a grant.
    ///
    /// - Parameter data: encodes as a JSON object; no secret may be in it.
    package init(_ type: EventType, grantID: GrantID? = nil, data: some Encodable) {
        self.type = type
        self.grantID = grantID
        self.data = Self.text(data)
    }

    /// One text for one value: names are sorted.
    private static func text(_ data: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(data) else {
            preconditionFailure("strings, lists and dictionaries of strings always encode")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// News of a grant.
    ///
    /// - Parameter grant: as it is now or, if it is gone, as it was.
    /// - Parameter flow: through which the person came; nil when nobody did.
    package init(_ type: EventType, _ grant: StoredGrant, by flow: FlowClaim? = nil) {
        self.init(
            type,
            grant,
            of: flow.flatMap { flow in
                flow.owner.map { Ownership(owner: $0, since: flow.startedAt, linkID: flow.link?.id, tags: flow.tags) }
            }
        )
    }

    /// News of a grant and one of its owners: who has gained it or, if it is revoked, who has left it.
    package init(_ type: EventType, _ grant: StoredGrant, of owner: Ownership?) {
        self.init(type, grantID: grant.id, data: GrantData(grant, of: owner))
    }

    /// What bringing a known grant up to date means for the host app; nothing if nothing of it has changed.
    ///
    /// Each change is one event, whose data tell the rest: what no longer works has expired, whatever else changed.
    static func refreshing(_ known: StoredGrant, to new: StoredGrant) -> [OutboxNews] {
        switch (known.status, new.status) {
        case (.valid, .invalid): return [OutboxNews(.grantExpired, new)]
        case (.invalid, .valid): return [OutboxNews(.grantReconnected, new)]
        case (.valid, .valid), (.invalid, .invalid):
            // Nylas spells one scope in two ways, and in any order.
            let isSame =
                known.address == new.address && Set(known.scopes.map(Scope.init)) == Set(new.scopes.map(Scope.init))
            return isSame ? [] : [OutboxNews(.grantChanged, new)]
        }
    }

    /// What the end of a flow means for the host app; nothing if it brought no connection.
    static func answering(
        _ outcome: FlowOutcome,
        _ grant: StoredGrant,
        by claim: FlowClaim
    ) -> [OutboxNews] {
        switch outcome.verdict {
        case .connected: [OutboxNews(.grantConnected, grant, by: claim)]
        case .reconnected: [OutboxNews(.grantReconnected, grant, by: claim)]
        default: []
        }
    }

    /// One for each owner who has left a grant; one for a grant that had none.
    static func leaving(_ known: StoredGrant, _ gone: [OwnerID], nowAs grant: StoredGrant) -> [OutboxNews] {
        guard !gone.isEmpty else { return [OutboxNews(.grantRevoked, grant)] }
        return known.owners.filter { gone.contains($0.owner) }.map { OutboxNews(.grantRevoked, grant, of: $0) }
    }

    /// The same for a grant that is gone. Who has left it before was told then.
    static func forgetting(_ known: StoredGrant) -> [OutboxNews] {
        guard known.deletionRequestedAt == nil else { return [] }
        var grant = known
        grant.owners = []
        return leaving(known, known.owners.map(\.owner), nowAs: grant)
    }
}

/// What an event says of a grant; the names are those of `postern grants show --json` and of Nylas.
private struct GrantData: Encodable {
    struct Owner: Encodable {
        var owner: String
        var link_id: String?
        var tags: [String: String]

        init(_ ownership: Ownership) {
            owner = ownership.owner.text
            link_id = ownership.linkID?.text
            tags = ownership.tags
        }
    }

    var grant_id: String
    var provider: String
    var email: String?
    var grant_status: String
    var scope: [String]
    /// Whom the event is about; absent in open connecting, and when it is about all of them.
    var owner: String?
    var link_id: String?
    var tags: [String: String]?
    /// Who has the grant after the event.
    var owners: [Owner]

    init(_ grant: StoredGrant, of owner: Ownership?) {
        grant_id = grant.id.text
        provider = grant.providerName
        email = grant.address
        grant_status = grant.status.rawValue
        scope = grant.scopes
        self.owner = owner?.owner.text
        link_id = owner?.linkID?.text
        tags = owner?.tags
        owners = grant.owners.map(Owner.init)
    }
}
