import Logging
import Sockets
import TLS
import Timekeeping

/// Has the keeper look at its files on a thread that may wait for a slow disk, and says in the log what came of it.
struct CertificateWatch: Sendable {
    let keeper: CertificateKeeper
    let loop: EventLoop
    let log: LogOutput
    /// One thread: looks must not overtake each other.
    private let pool = BlockingPool(threads: 1)
    /// A disk that hangs for longer is looked at again later.
    private static let patience = Duration.seconds(60)

    init(_ keeper: CertificateKeeper, on loop: EventLoop, log: LogOutput) {
        self.keeper = keeper
        self.loop = loop
        self.log = log
    }

    /// Looks every few seconds until the task is cancelled.
    func run(clock: any Clock<Duration>) async {
        while (try? await clock.sleep(for: CertificateKeeper.interval)) != nil {
            await tell { $0.look() }
        }
    }

    /// Reads everything now.
    func reload() async {
        await tell { $0.reload() }
    }

    private func tell(_ look: @escaping @Sendable (CertificateKeeper) -> CertificateKeeper.Finding) async {
        do throws(StreamError) {
            let finding = try await pool.run(on: loop, before: .now + Self.patience) { [keeper] in look(keeper) }
            for fault in finding.faults {
                log.write(level: .error, event: "certificate refused", [("reason", .text(fault.sentence))])
            }
            if finding.hasSwapped { log.writeCertificates(of: keeper, at: WallClock.system.now()) }
        } catch {
            guard error != .cancelled else { return }
            log.write(level: .warning, event: "certificates not looked at", [("cause", .text("\(error)"))])
        }
    }
}

extension LogOutput {
    /// One line for each certificate in use. Its number is its label in the metrics.
    func writeCertificates(of keeper: CertificateKeeper, at now: Timestamp) {
        for (index, certificate) in keeper.certificates.enumerated() {
            let end = Timestamp(secondsSince1970: certificate.summary.notAfter)
            let remaining = end.duration(since: now)
            write(
                level: remaining < .seconds(14 * 86_400) ? .warning : .info,
                event: remaining > .zero ? "certificate in use" : "expired certificate in use",
                [
                    ("certificate", .number(index + 1)),
                    ("file", .text(certificate.path)),
                    ("names", .text(certificate.summary.subjectAlternativeNames.joined(separator: " "))),
                    ("key", .text(certificate.summary.keyType.name)),
                    ("until", .text(String(end.rfc3339))),
                ]
            )
        }
    }
}

extension CertificateSummary.KeyType {
    /// What a log and a metric call it.
    var name: String {
        switch self {
        case .ecdsa: "ecdsa"
        case .rsa: "rsa"
        case .ed25519: "ed25519"
        }
    }
}
