import Timekeeping

/// How many rows got an outcome lately: over the last ten seconds or so.
package struct BulkRate: Sendable {
    private static let window = Duration.seconds(10)
    private var samples: [(at: Duration, done: Int)] = []

    package init() {}

    /// - Returns: rows a second; nil before two seconds have passed.
    package mutating func note(_ done: Int, at now: Duration) -> Double? {
        if samples.last.map({ now - $0.at >= .milliseconds(500) }) ?? true { samples.append((now, done)) }
        while samples.count > 2, now - samples[1].at > Self.window { samples.removeFirst() }
        guard let first = samples.first, now - first.at >= .seconds(2) else { return nil }
        return Double(done - first.done) / (Double((now - first.at).wholeMicroseconds) / 1_000_000)
    }
}
