/// Remembers calls that were marked with a key, so that one which is sent again is answered and not done again.
///
/// Neither the key nor the call is in the store, only their digests; the answer comes sealed and is not read here.
package protocol IdempotencyStore: Sendable {
    /// Takes the right to answer a call, or says how it stands. What has ended is forgotten on the way.
    ///
    /// - Parameter lease: after this long without an answer, the caller has died and another may begin.
    func begin(_ call: IdempotentCall, lease: Duration) async throws(StoreError) -> IdempotencyStanding

    /// Keeps the answer of a call that was begun. One that is there already stays.
    func finish(
        _ call: IdempotentCall,
        sealedAnswer: String,
        keptFor: Duration
    ) async throws(StoreError)

    /// Gives up a call that was begun and came to nothing, so that it may be tried again.
    func abandon(_ call: IdempotentCall) async throws(StoreError)
}

/// One call as the store knows it.
package struct IdempotentCall: Hashable, Sendable {
    /// Of who called and the key, 32 bytes.
    package var keyDigest: [UInt8]
    /// Of all that the call says, 32 bytes.
    package var contentDigest: [UInt8]

    package init(keyDigest: [UInt8], contentDigest: [UInt8]) {
        self.keyDigest = keyDigest
        self.contentDigest = contentDigest
    }
}

package enum IdempotencyStanding: Hashable, Sendable {
    /// Ours to answer.
    case begun
    case inProgress
    case answered(sealed: String)
    /// The key came with another call.
    case otherCall
}

/// The rules of a key, without a store.
package enum IdempotencyRules {
    /// What a call is told of a key that is known and has not ended.
    package static func standing(of call: IdempotentCall, known: [UInt8], sealed: String?) -> IdempotencyStanding {
        guard known == call.contentDigest else { return .otherCall }
        return sealed.map { .answered(sealed: $0) } ?? .inProgress
    }
}
