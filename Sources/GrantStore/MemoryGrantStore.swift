package import Grants
import Synchronization
package import Timekeeping

/// A store that forgets everything with the process: for tests. It keeps the contract, but for stable storage.
package final class MemoryGrantStore: GrantStore {
    struct Contents {
        var outbox = MemoryOutbox()
        var hints: [GrantID: MemoryHint] = [:]
        var flows: [FlowID: FlowRecord] = [:]
        var grants: [GrantID: StoredGrant] = [:]
        /// When the deletion of a grant is tried next.
        var deletionsDue: [GrantID: Timestamp] = [:]
        var links: [LinkID: (use: LinkUse, expiresAt: Timestamp)] = [:]
        var receipts: [FlowID: ResultReceipt] = [:]
        var confirmations: [FlowID: FlowConfirmation] = [:]
        var bulk = Bulk()

        var consents: [ConsentID: TenantConsent] = [:]
        var consentFlows: [FlowID: ConsentID] = [:]

        func answer(reserving link: LinkClaim, for flow: FlowID, at now: Timestamp) -> LinkRules.Answer {
            let use = links[link.id]?.use
            let holder: FlowRecord.Standing? =
                if case .reserved(let other)? = use { flows[other]?.standing } else { nil }
            return LinkRules.reserving(use, for: flow, holder: holder, at: now)
        }
    }

    let contents = Mutex(Contents())
    let calls = Mutex<[[UInt8]: KnownCall]>([:])
    let wallClock: WallClock
    let outbox: OutboxPolicy

    package init(wallClock: WallClock = .system, outbox: OutboxPolicy = .silent) {
        self.wallClock = wallClock
        self.outbox = outbox
    }

    package func claim(_ claim: FlowClaim, lease: Lease) async throws(StoreError) -> ClaimResult {
        let now = wallClock.now()
        return contents.withLock { contents in
            let (result, change) = FlowRules.claiming(contents.flows[claim.flow]?.standing, lease: lease)
            guard let change else { return result }
            guard ConfirmationRules.mayClaim(claim.binding, contents.confirmations[claim.flow]) else {
                return .notConfirmed
            }
            if let link = claim.link {
                let answer = contents.answer(reserving: link, for: claim.flow, at: now)
                if let refusal = ClaimResult(answer) { return refusal }
                contents.links[link.id] = (.reserved(claim.flow), link.expiresAt)
            }
            contents.flows[claim.flow] = FlowRecord(claim: claim, standing: change)
            return result
        }
    }

    package func record(
        _ outcome: FlowOutcome,
        for claim: FlowClaim
    ) async throws(StoreError) -> FlowRecord.Standing {
        contents.withLock { contents in
            let before = contents.flows[claim.flow]?.standing
            guard let change = FlowRules.recording(outcome, over: before) else { return before ?? .answered(outcome) }
            contents.flows[claim.flow] = FlowRecord(claim: claim, standing: change)
            return change
        }
    }

    package func answer(
        _ flow: FlowID,
        with outcome: FlowOutcome,
        saving grant: StoredGrant?,
        heldBy instance: String
    ) async throws(StoreError) -> FlowRecord.Standing {
        let now = wallClock.now()
        return change { contents in
            guard let record = contents.flows[flow] else { return .answered(FlowRules.forgotten(outcome)) }
            guard FlowRules.mayAnswer(record.standing, instance: instance) else { return record.standing }
            if grant != nil, let link = record.claim.link {
                guard LinkRules.maySave(contents.links[link.id]?.use, for: flow) else {
                    let tooLate = FlowRecord.Standing.answered(LinkRules.tooLate(outcome))
                    contents.flows[flow]?.standing = tooLate
                    return tooLate
                }
                contents.links[link.id] = (.used(flow), link.expiresAt)
            }
            contents.flows[flow]?.standing = .answered(outcome)
            if let grant {
                let saved = grant.saved(over: contents.grants[grant.id], by: record.claim, at: now)
                contents.grants[grant.id] = saved
                contents.outbox.tell(outbox, at: now) { OutboxNews.answering(outcome, saved, by: record.claim) }
            }
            return .answered(outcome)
        }
    }

    package func record(of flow: FlowID) async throws(StoreError) -> FlowRecord? {
        contents.withLock { $0.flows[flow] }
    }

    package func openClaims() async throws(StoreError) -> [FlowRecord] {
        contents.withLock { contents in
            contents.flows.values.filter(\.isOpen).sorted { left, right in
                left.claim.startedAt == right.claim.startedAt
                    ? left.claim.flow.digest.lexicographicallyPrecedes(right.claim.flow.digest)
                    : left.claim.startedAt < right.claim.startedAt
            }
        }
    }

    package func takeOver(_ flow: FlowID, lease: Lease, at now: Timestamp) async throws(StoreError) -> Bool {
        contents.withLock { contents in
            guard FlowRules.mayTakeOver(contents.flows[flow]?.standing, instance: lease.instance, at: now) else {
                return false
            }
            contents.flows[flow]?.standing = .open(lease)
            return true
        }
    }

    package func purgeFlows(answeredBefore moment: Timestamp) async throws(StoreError) -> Int {
        contents.withLock { contents in
            let before = contents.flows.count
            contents.flows = contents.flows.filter { _, record in
                guard case .answered(let outcome) = record.standing else { return true }
                return outcome.answeredAt >= moment
            }
            contents.receipts = contents.receipts.filter { $0.value.toldAt >= moment }
            contents.confirmations = contents.confirmations.filter { $0.value.decidedAt >= moment }
            contents.consentFlows = contents.consentFlows.filter { contents.flows[$0.key] != nil }
            return before - contents.flows.count
        }
    }

    package func use(of link: LinkID) async throws(StoreError) -> LinkUse? {
        contents.withLock { $0.links[link]?.use }
    }

    package func revoke(_ link: LinkClaim, by actor: Actor?) async throws(StoreError) -> LinkUse {
        contents.withLock { contents in
            let use = LinkRules.revoking(contents.links[link.id]?.use)
            contents.links[link.id] = (use, link.expiresAt)
            return use
        }
    }

    package func purgeLinks(expiredBefore moment: Timestamp) async throws(StoreError) -> Int {
        contents.withLock { contents in
            let before = contents.links.count
            contents.links = contents.links.filter { $0.value.expiresAt >= moment }
            return before - contents.links.count
        }
    }

    package func grant(_ id: GrantID) async throws(StoreError) -> StoredGrant? {
        contents.withLock { $0.grants[id] }
    }

    package func grants(matching filter: GrantFilter) async throws(StoreError) -> [StoredGrant] {
        contents.withLock { contents in
            let listed = contents.grants.values.sorted { $0.position < $1.position }
            guard let after = filter.after else { return filter.page(of: listed) }
            return filter.page(of: listed.filter { after < $0.position })
        }
    }

    package func refresh(_ grant: StoredGrant, reason: String) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return change { contents in
            guard let known = contents.grants[grant.id] else { return false }
            let saved = grant.saved(over: known, by: nil, at: now)
            contents.grants[grant.id] = saved
            contents.outbox.tell(outbox, at: now) { OutboxNews.refreshing(known, to: saved) }
            return true
        }
    }

    package func checkWritable() async throws(StoreError) {}

    func look<Value>(_ body: (Contents) -> Value) -> Value {
        contents.withLock { body($0) }
    }

    /// Changes all or nothing, and rings if that made an event.
    func change<Value>(_ body: (inout Contents) -> Value) -> Value {
        let (value, hasNews) = contents.withLock { contents in
            contents.outbox.hasNews = false
            let value = body(&contents)
            return (value, contents.outbox.hasNews)
        }
        if hasNews { outbox.whenTold() }
        return value
    }
}

extension FlowRecord {
    fileprivate var isOpen: Bool {
        if case .open = standing { true } else { false }
    }
}

extension GrantFilter {
    fileprivate func page(of grants: [StoredGrant]) -> [StoredGrant] {
        let matching = grants.lazy.filter { grant in
            (owner == nil || grant.owners.contains { $0.owner == owner })
                && (status == nil || grant.status == status)
                && (providerName == nil || grant.providerName == providerName)
                && (address == nil || grant.address.map(loweringASCII) == address.map(loweringASCII))
        }
        return Array(matching.prefix(boundedLimit))
    }
}

private func loweringASCII(_ text: String) -> [UInt8] {
    text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
}
