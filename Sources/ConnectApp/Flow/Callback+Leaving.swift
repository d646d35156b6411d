import GrantStore
import HTTPSemantics
import HTTPTypes
import OAuth
import Timekeeping
import Web

/// The ways out of a callback: a flow's page, the wait for it, and the pages that belong to no flow.
extension Callback {
    /// The flow is over, and its cookie can spend nothing any more.
    func show(_ flow: FlowID, _ request: Request) async -> Response {
        guard case .answered(let outcome)? = try? await store.record(of: flow)?.standing else {
            return leave(toResultOf: flow, isSuccess: true)
        }
        return leave(again: outcome, of: flow, request)
    }

    /// The same end as before, with a page that says so.
    func leave(again outcome: FlowOutcome, of flow: FlowID, _ request: Request) -> Response {
        log(.replayed(outcome.verdict), flow: flow, reference: request.id.text)
        return leave(with: outcome, of: flow, again: true)
    }

    /// Ends a flow before its claim: its code is left to expire.
    func end(_ claim: FlowClaim, _ verdict: FlowOutcome.Verdict, _ request: Request) async -> Response {
        let outcome = FlowOutcome(verdict: verdict, reference: request.id.text, answeredAt: wallClock.now())
        log(.answered(outcome, excess: []), flow: claim.flow, reference: request.id.text)
        return await record(outcome, of: claim, request)
    }

    func record(_ outcome: FlowOutcome, of claim: FlowClaim, _ request: Request) async -> Response {
        do throws(StoreError) {
            switch try await store.record(outcome, for: claim) {
            case .answered(let standing): return leave(with: standing, of: claim.flow)
            case .open: return await waitForEnd(of: claim.flow)
            }
        } catch {
            log(.storeFailed(.record, error), flow: claim.flow, reference: request.id.text)
            return leave(to: .unavailable)
        }
    }

    /// Waits until the flow is answered, here or in another process, and leaves for its page; after ``patience`` for the
    /// page that says so.
    func waitForEnd(of flow: FlowID) async -> Response {
        let start = time.elapsed
        while true {
            await progress.ended(flow, within: Callback.patience - (time.elapsed - start), time)
            do throws(StoreError) {
                switch try await store.record(of: flow)?.standing {
                case .answered(let outcome): return leave(with: outcome, of: flow)
                // Ended without a claim: the store did not take it, and the code was not used.
                case nil where progress.stage(of: flow) == nil: return leave(to: .unavailable)
                case .open, nil: break
                }
            } catch {
                return leave(toResultOf: flow, isSuccess: true)
            }
            let isOver = time.elapsed - start >= Callback.patience
            // Another process has it: look again in a second.
            guard !isOver, await time.sleep(for: .seconds(1)) else { return leave(toResultOf: flow, isSuccess: true) }
        }
    }

    func word(for error: CallbackError) -> ProblemWord {
        switch error {
        case .malformedQuery, .repeatedParameter, .unexpectedParameter, .missingCode, .missingConsent, .malformedCode:
            .malformed
        case .stateMismatch: .unmatched
        case .issuerMismatch: .altered
        // Recorded, and told by its flow's page.
        case .refused, .expired: .malformed
        }
    }

    func leave(to word: ProblemWord) -> Response {
        .seeOther("/problem/\(word.rawValue)", headers: pages.headers)
    }

    func leave(toResultOf flow: FlowID, isSuccess: Bool) -> Response {
        .seeOther("/\(isSuccess ? "connected" : "problem")/\(flow.shortID)", headers: pages.headers)
    }

    func leave(with outcome: FlowOutcome, of flow: FlowID, again: Bool = false) -> Response {
        var response = leave(toResultOf: flow, isSuccess: outcome.verdict.isSuccess)
        if outcome.verdict.isFinal {
            response.addCookie(cookies.answeredCookie(for: flow, again: again, at: wallClock.now()))
        }
        return response
    }
}

extension FlowOutcome.Verdict {
    var isSuccess: Bool { self == .connected || self == .reconnected || self == .consentReported }

    /// Whether nothing can follow: after a "no" the person may go back and say yes, and needs the flow's own cookie for it.
    var isFinal: Bool { self != .declined }
}
