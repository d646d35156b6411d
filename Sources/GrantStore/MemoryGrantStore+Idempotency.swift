import Synchronization
import Timekeeping

extension MemoryGrantStore {
    package func begin(
        _ call: IdempotentCall,
        lease: Duration
    ) async throws(StoreError) -> IdempotencyStanding {
        let now = wallClock.now()
        return calls.withLock { calls in
            calls = calls.filter { $0.value.endsAt > now }
            if let known = calls[call.keyDigest] {
                return IdempotencyRules.standing(of: call, known: known.contentDigest, sealed: known.sealed)
            }
            calls[call.keyDigest] = KnownCall(contentDigest: call.contentDigest, sealed: nil, endsAt: now + lease)
            return .begun
        }
    }

    package func finish(
        _ call: IdempotentCall,
        sealedAnswer: String,
        keptFor: Duration
    ) async throws(StoreError) {
        let now = wallClock.now()
        calls.withLock { calls in
            if let known = calls[call.keyDigest],
                known.sealed != nil || known.contentDigest != call.contentDigest
            {
                return
            }
            calls[call.keyDigest] = KnownCall(
                contentDigest: call.contentDigest,
                sealed: sealedAnswer,
                endsAt: now + keptFor
            )
        }
    }

    package func abandon(_ call: IdempotentCall) async throws(StoreError) {
        calls.withLock { calls in
            guard let known = calls[call.keyDigest], known.sealed == nil, known.contentDigest == call.contentDigest
            else { return }
            calls[call.keyDigest] = nil
        }
    }
}

/// A call that came with a key.
struct KnownCall: Sendable {
    var contentDigest: [UInt8]
    var sealed: String?
    var endsAt: Timestamp
}
