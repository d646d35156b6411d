package import Grants
package import Timekeeping

/// What a claim says of the link that its flow came from.
package struct LinkClaim: Hashable, Sendable {
    package var id: LinkID
    /// When the link ends: the store may forget it then.
    package var expiresAt: Timestamp

    package init(id: LinkID, expiresAt: Timestamp) {
        self.id = id
        self.expiresAt = expiresAt
    }
}

/// What has become of a connect link (design §4.6). A link that nobody came back with is not in the store at all.
package enum LinkUse: Hashable, Sendable {
    /// A flow has it, and nobody else gets it while that flow is open under a living lease; a flow that ends without a
    /// connection gives it back.
    case reserved(FlowID)
    /// A connection was made with it: it makes no other.
    case used(FlowID)
    /// The operator has ended it early.
    case revoked
}

/// The rules of a link's one use, without a store: as with ``FlowRules``, each store reads, asks and writes in one transaction.
package enum LinkRules {
    package enum Answer: Hashable, Sendable {
        case free
        case busy(Lease)
        case used
        case revoked
    }

    /// Whether a flow may have the link.
    ///
    /// - Parameter holder: where the flow stands that has it reserved.
    package static func reserving(
        _ use: LinkUse?,
        for flow: FlowID,
        holder: FlowRecord.Standing?,
        at now: Timestamp
    ) -> Answer {
        switch use {
        case nil: .free
        case .revoked: .revoked
        case .used: .used
        case .reserved(flow): .free
        case .reserved:
            // A lease that has run out is a process that has died, or a flow that is being settled. The save decides then.
            if case .open(let lease)? = holder, lease.expiresAt > now { .busy(lease) } else { .free }
        }
    }

    /// Whether the flow may save what it has brought: the first that saves has used the link. Ending a link early comes too late
    /// for a flow that was claimed before.
    package static func maySave(_ use: LinkUse?, for flow: FlowID) -> Bool {
        guard case .used(let other)? = use else { return true }
        return other == flow
    }

    /// What stands after the operator has ended a link: what is used stays used.
    package static func revoking(_ use: LinkUse?) -> LinkUse {
        if case .used(let flow)? = use { .used(flow) } else { .revoked }
    }

    /// How a flow ends that comes with a connection to a link that another one has used.
    package static func tooLate(_ outcome: FlowOutcome) -> FlowOutcome {
        FlowOutcome(
            verdict: .linkUsed,
            address: outcome.address,
            providerName: outcome.providerName,
            reference: outcome.reference,
            answeredAt: outcome.answeredAt
        )
    }
}

extension ClaimResult {
    /// Why a link cannot be had; nil if it can.
    init?(_ answer: LinkRules.Answer) {
        switch answer {
        case .free: return nil
        case .busy(let lease): self = .linkBusy(lease)
        case .used: self = .linkUsed
        case .revoked: self = .linkRevoked
        }
    }
}
