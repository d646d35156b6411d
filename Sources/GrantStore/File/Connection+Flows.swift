import Grants
import Timekeeping

extension Connection {
    func flow(_ id: FlowID) throws(SQLiteFailure) -> FlowRecord? {
        try row("SELECT \(flowColumns) FROM flow_claim WHERE digest = ?", .blob(id.digest), read: flowRecord)
    }

    func openFlows() throws(SQLiteFailure) -> [FlowRecord] {
        try rows(
            "SELECT \(flowColumns) FROM flow_claim WHERE verdict IS NULL ORDER BY started_at, digest",
            read: flowRecord
        )
    }

    /// Writes a flow in place of what was there.
    func save(_ record: FlowRecord) throws(SQLiteFailure) {
        let claim = record.claim
        let (lease, outcome): (Lease?, FlowOutcome?) =
            switch record.standing {
            case .open(let lease): (lease, nil)
            case .answered(let outcome): (nil, outcome)
            }
        try run(
            "INSERT OR REPLACE INTO flow_claim (\(flowColumns)) VALUES (?\(String(repeating: ", ?", count: 22)))",
            .blob(claim.flow.digest),
            .text(claim.kind.rawValue),
            .text(claim.owner?.text),
            .text(claim.link?.id.text),
            .text(claim.provider?.rawValue),
            .text(claim.profile),
            StoredJSON.text(claim.scopes),
            .text(claim.expectedAddress),
            .text(claim.returnURL),
            StoredJSON.text(claim.tags),
            .time(claim.startedAt),
            .text(lease?.instance),
            lease.map { .time($0.expiresAt) } ?? .null,
            .text(outcome?.verdict.rawValue),
            .text(outcome?.grantID?.text),
            .text(outcome?.address),
            .text(outcome?.providerName),
            outcome.map { StoredJSON.text($0.grantedScopes) } ?? .null,
            outcome.map { StoredJSON.text($0.missingScopes) } ?? .null,
            .text(outcome?.reference),
            outcome.map { .time($0.answeredAt) } ?? .null,
            .text(claim.binding.rawValue),
            claim.link.map { .time($0.expiresAt) } ?? .null
        )
    }

    func deleteFlows(answeredBefore moment: Timestamp) throws(SQLiteFailure) -> Int {
        try run("DELETE FROM flow_claim WHERE verdict IS NOT NULL AND answered_at < ?", .time(moment))
    }
}

private let flowColumns = """
    digest, kind, owner, link_id, provider, profile, scopes, expected_address, return_url, tags, started_at, \
    lease_instance, lease_expires_at, \
    verdict, grant_id, address, provider_name, granted_scopes, missing_scopes, reference, answered_at, \
    binding, link_expires_at
    """

private func flowRecord(_ row: inout Row) throws(SQLiteFailure) -> FlowRecord {
    guard let flow = FlowID(digest: try row.blob()), let kind = FlowKind(rawValue: try row.text()) else {
        throw .unreadableValue
    }
    let owner = try row.optional(OwnerID.init)
    let linkID = try row.optional(LinkID.init)
    var claim = FlowClaim(
        flow: flow,
        kind: kind,
        owner: owner,
        provider: try row.optional(Provider.init),
        profile: try row.text(),
        scopes: try row.list(),
        expectedAddress: try row.optionalText(),
        returnURL: try row.optionalText(),
        tags: try row.map(),
        startedAt: try row.time()
    )
    guard row.isNull else {
        let lease = Lease(instance: try row.text(), expiresAt: try row.time())
        row.skip(8)
        try readLink(linkID, of: &claim, from: &row)
        return FlowRecord(claim: claim, standing: .open(lease))
    }
    row.skip(2)
    guard let verdict = FlowOutcome.Verdict(rawValue: try row.text()) else { throw .unreadableValue }
    let outcome = FlowOutcome(
        verdict: verdict,
        grantID: try row.optional(GrantID.init),
        address: try row.optionalText(),
        providerName: try row.optionalText(),
        grantedScopes: try row.list(),
        missingScopes: try row.list(),
        reference: try row.text(),
        answeredAt: try row.time()
    )
    try readLink(linkID, of: &claim, from: &row)
    return FlowRecord(claim: claim, standing: .answered(outcome))
}

/// Reads the last two columns. A link without an end is one of a file from before links.
private func readLink(_ id: LinkID?, of claim: inout FlowClaim, from row: inout Row) throws(SQLiteFailure) {
    guard let binding = Binding(rawValue: try row.text()) else { throw .unreadableValue }
    claim.binding = binding
    guard let id, !row.isNull else { return }
    claim.link = LinkClaim(id: id, expiresAt: try row.time())
}
