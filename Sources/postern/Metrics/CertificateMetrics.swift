import Metrics
import TLS
import Timekeeping

extension CertificateKeeper {
    func write(to exposition: inout Exposition, at now: Timestamp) {
        exposition.write(Metric.certificateRemaining) { samples in
            for (index, certificate) in certificates.enumerated() {
                let end = Timestamp(secondsSince1970: certificate.summary.notAfter)
                let remaining = end.duration(since: now) / .seconds(1)
                samples.add(remaining, String(index + 1), certificate.summary.keyType.name)
            }
        }
        exposition.write(Metric.certificateReloads) { $0.add(swaps.value()) }
        exposition.write(Metric.certificateReloadFailures) { $0.add(refusals.value()) }
        exposition.write(Metric.certificatesRefused) { $0.add(faults.count) }
    }
}
