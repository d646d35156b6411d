import GrantStore
import HTTPSemantics
import HTTPTypes
import Metrics
import Timekeeping

/// Everything that is measured in one running Postern, read together at `/metrics`.
struct Telemetry: Sendable {
    let server: ServerMetrics
    let flows: FlowMetrics
    let webhooks: WebhookService
    let lag: LoopLag
    let certificates: CertificateKeeper?
    let log: LogOutput
    let started: Timestamp
    let flowsInHand: @Sendable () -> (exchanging: Int, settling: Int)
    let storeWork: @Sendable () -> StoreWork
    let storeReads: DurationHistogram

    /// OpenMetrics, unless the asker prefers plain text (RFC 9110 §12.5.1): then the older format of Prometheus.
    static func format(accepting fields: HTTPFields) -> Exposition.Format {
        let plain = fields.quality(of: "text", "plain")
        return plain > fields.quality(of: "application", "openmetrics-text") ? .prometheusText : .openMetrics
    }

    func text(_ format: Exposition.Format, isStoreWritable: Bool) -> [UInt8] {
        var exposition = Exposition(format)
        exposition.write(Metric.build) { $0.add(1, version) }
        server.write(to: &exposition)
        certificates?.write(to: &exposition, at: WallClock.system.now())
        lag.write(to: &exposition)
        ProcessMetrics.write(to: &exposition, started: started)
        exposition.write(Metric.lostLogLines) { $0.add(log.lostLines.value()) }
        exposition.write(Metric.storeWritable) { $0.add(isStoreWritable ? 1 : 0) }
        let work = storeWork()
        exposition.write(Metric.storeCommits) { $0.add(work.commits) }
        exposition.write(Metric.storeWaiting) { $0.add(work.waiting) }
        exposition.write(Metric.storeReads) { $0.add(storeReads, row: 0) }
        flows.write(to: &exposition, inHand: flowsInHand())
        webhooks.write(to: &exposition, at: WallClock.system.now())
        return exposition.finished()
    }
}
