/// How often something may happen: so many times at once, and then so many a minute.
package struct Rate: Hashable, Sendable {
    package var perMinute: Int
    package var burst: Int

    package init(perMinute: Int, burst: Int) {
        precondition(perMinute > 0 && burst > 0, "a rate of nothing is a switch, and not what this is for")
        self.perMinute = perMinute
        self.burst = burst
    }
}

/// A token bucket for each of any number of keys, in bounded memory and without a clock: moments come from the caller.
///
/// A bucket is one number, the moment at which it will be full again. A full one says nothing that a new one does not, so
/// whatever has not been touched for as long as an empty bucket takes to fill is dropped, a whole generation at once.
///
/// Nothing else is ever dropped: an attacker with many addresses cannot push his own bucket out and have a new one. Once
/// ``capacity`` keys are in use, further ones share a fixed number of buckets, chosen by a hash that nobody outside can
/// foretell. They may have to wait for each other; what no key ever gets is more than its rate.
package struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    /// Keys of a generation; there are two.
    package let capacity: Int

    /// All times are nanoseconds on the caller's clock.
    private let interval: Int64
    private let depth: Int64
    private var recent: [Key: Int64] = [:]
    private var older: [Key: Int64] = [:]
    private var generationBegan: Int64 = .min / 2
    private var shared: [Int64] = []
    private let sharedCount: Int

    package init(_ rate: Rate, capacity: Int, sharedBuckets: Int = 1024) {
        precondition(capacity > 0 && sharedBuckets > 0, "without room no key could ever be served")
        self.capacity = capacity
        sharedCount = sharedBuckets
        interval = max(60_000_000_000 / Int64(rate.perMinute), 1)
        depth = interval * Int64(rate.burst)
    }

    /// Takes a token.
    ///
    /// - Parameter now: never before an earlier call's.
    /// - Returns: nil if there was one; else how long until there is, and none was taken.
    package mutating func take(_ key: Key, at now: Duration) -> Duration? {
        let now = nanoseconds(now)
        beginGeneration(at: now)
        let full = max(fullMoment(of: key), now)
        let wait = full + interval - (now + depth)
        guard wait <= 0 else { return .nanoseconds(wait) }
        note(full + interval, for: key)
        return nil
    }

    /// Takes all tokens that there are: somebody else has counted, and more.
    package mutating func empty(_ key: Key, at now: Duration) {
        let now = nanoseconds(now)
        beginGeneration(at: now)
        note(now + depth, for: key)
    }

    /// How long until there is a token, or nil if there is one: for what costs a token only once it has failed.
    package func wait(for key: Key, at now: Duration) -> Duration? {
        let now = nanoseconds(now)
        let wait = max(fullMoment(of: key), now) + interval - (now + depth)
        return wait > 0 ? .nanoseconds(wait) : nil
    }

    /// How many keys have a bucket of their own; what is full is counted until its generation is dropped.
    package var count: Int { recent.count + older.count }

    private func fullMoment(of key: Key) -> Int64 {
        if let own = recent[key] { return own }
        let old = older[key] ?? .min / 2
        return shared.isEmpty ? old : max(old, shared[sharedIndex(of: key)])
    }

    private mutating func note(_ full: Int64, for key: Key) {
        if recent[key] != nil || recent.count < capacity {
            recent[key] = full
        } else {
            if shared.isEmpty { shared = [Int64](repeating: .min / 2, count: sharedCount) }
            shared[sharedIndex(of: key)] = full
        }
    }

    /// What was last touched before the last generation began is full by now, and goes.
    private mutating func beginGeneration(at now: Int64) {
        guard now - generationBegan >= depth else { return }
        older = now - generationBegan >= 2 * depth ? [:] : recent
        recent = [:]
        generationBegan = now
    }

    private func sharedIndex(of key: Key) -> Int {
        // Swift's hashes are seeded afresh in each process.
        Int(UInt(bitPattern: key.hashValue) % UInt(sharedCount))
    }

    private func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
