import GrantStore
import Timekeeping

/// Forgets answered flows, and links that have ended, once no cookie can refer to them any more.
struct ClaimPurge: Sendable {
    /// The flow's cookie and then the answer's, and an hour for clocks that differ. Until then the claim is what stands between
    /// a replayed callback and a second exchange.
    static let age = FlowCookies.answeredLifetime + StartedFlow.lifetime + .seconds(3600)
    static let interval = Duration.seconds(3600)

    let store: any GrantStore
    let wallClock: WallClock
    let time: MonotonicTime
    let log: FlowLog

    /// Until the task is cancelled.
    func run() async {
        repeat {
            do throws(StoreError) {
                let count = try await store.purgeFlows(answeredBefore: wallClock.now() - ClaimPurge.age)
                if count > 0 { log(.purged(count)) }
                // As long: a flow that began just before its link ended may still come back.
                _ = try await store.purgeLinks(expiredBefore: wallClock.now() - ClaimPurge.age)
            } catch {
                log(.storeFailed(.purge, error))
            }
        } while await time.sleep(for: ClaimPurge.interval)
    }
}
