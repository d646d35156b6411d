package import GrantStore
import Timekeeping

/// Where a run stands, for somebody who asks.
package struct BulkStanding: Sendable {
    package enum State: String, CaseIterable, Sendable {
        /// The server will work on it, after others.
        case queued
        /// Nothing is sent until the administrator's consent has spread.
        case awaitingConsent = "awaiting_consent"
        case running
        /// The server does not work on it: it has given up for now, or a command has begun it.
        case stopped
        /// Nothing more is sent; what was sent is still to be answered.
        case cancelling
        case cancelled
        case finished
    }

    package var state: State
    package var counts: BulkCounts
    /// What the work waits for right now.
    package var waiting: BulkProgress.Waiting?
    /// Rows with an outcome a second, lately.
    package var perSecond: Double?
    /// An estimate; nil where the server is not going to work on it.
    package var left: Duration?
}

extension BulkService {
    /// - Parameter counts: the store's.
    package func standing(of run: BulkRun, _ counts: BulkCounts) -> BulkStanding {
        let work = work(on: run.id)
        let now = wallClock.now()
        let state: BulkStanding.State =
            if run.finishedAt != nil {
                run.cancelledAt == nil ? .finished : .cancelled
            } else if run.cancelledAt != nil, run.isServed {
                .cancelling
            } else if work != nil {
                .running
            } else if !run.isServed {
                .stopped
            } else {
                run.isReady(at: now) ? .queued : .awaitingConsent
            }
        var standing = BulkStanding(state: state, counts: counts)
        switch state {
        case .stopped, .cancelled, .finished: return standing
        case .queued, .running, .cancelling: standing.waiting = work?.progress?.waiting
        case .awaitingConsent:
            standing.waiting = run.readyAt.map { .init(reason: .consent, remaining: $0.duration(since: now)) }
        }
        standing.perSecond = work?.perSecond
        // Before there is a rate to be seen, the one that is kept to.
        let rate = standing.perSecond.flatMap { $0 > 0 ? $0 : nil } ?? Double(settings.requestsPerSecond)
        let sending = Duration.seconds((Double(counts.open) / rate).rounded(.up))
        standing.left = sending + (standing.waiting?.remaining ?? .zero)
        return standing
    }
}
