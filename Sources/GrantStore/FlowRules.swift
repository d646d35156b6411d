package import Timekeeping

/// The rules of a flow's one claim, without a store: each store reads where the flow stands, asks, and writes what
/// the answer says, in one transaction.
package enum FlowRules {
    /// What a claim is answered, and where the flow stands then; nil leaves it as it is.
    package static func claiming(
        _ standing: FlowRecord.Standing?,
        lease: Lease
    ) -> (result: ClaimResult, change: FlowRecord.Standing?) {
        switch standing {
        case nil: (.claimed, .open(lease))
        case .open(let holder): (.underWay(holder), nil)
        case .answered(let outcome) where outcome.isSuperseded: (.claimed, .open(lease))
        case .answered(let outcome): (.answered(outcome), nil)
        }
    }

    /// Where a flow stands after an outcome without an exchange; nil leaves it as it is.
    package static func recording(
        _ outcome: FlowOutcome,
        over standing: FlowRecord.Standing?
    ) -> FlowRecord.Standing? {
        switch standing {
        case nil: .answered(outcome)
        case .open: nil
        case .answered(let earlier): earlier.isSuperseded ? .answered(outcome) : nil
        }
    }

    /// Whether this instance may end the flow. Its lease may have run out, as long as nobody took the claim over.
    package static func mayAnswer(_ standing: FlowRecord.Standing, instance: String) -> Bool {
        guard case .open(let lease) = standing else { return false }
        return lease.instance == instance
    }

    package static func mayTakeOver(_ standing: FlowRecord.Standing?, instance: String, at now: Timestamp) -> Bool {
        guard case .open(let lease) = standing else { return false }
        return lease.instance == instance || lease.expiresAt <= now
    }

    /// What is told of a flow that the store has forgotten: nothing of it is saved, and that is said.
    package static func forgotten(_ outcome: FlowOutcome) -> FlowOutcome {
        FlowOutcome(verdict: .unknown, reference: outcome.reference, answeredAt: outcome.answeredAt)
    }
}

extension FlowOutcome {
    /// The person said no and may still go back and say yes; every other verdict is final.
    fileprivate var isSuperseded: Bool { verdict == .declined }
}
