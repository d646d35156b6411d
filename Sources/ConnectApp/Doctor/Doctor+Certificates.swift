import HTTPSemantics
import Timekeeping

extension Doctor {
    /// Fewer days than this are a warning: renewals are tried a month before the end.
    private static let warningDays: Int64 = 14

    func examine(_ certificates: [CertificateFacts]?) -> [Finding] {
        guard let certificates else { return [withoutTLS] }
        var findings = certificates.enumerated().map { index, facts in
            examine(facts, subject: certificates.count == 1 ? "certificate" : "certificate \(index + 1)")
        }
        if let names = uncoveredNames(certificates) {
            let host = configuration.publicURL.host
            findings.append(
                Finding(
                    certificates.count == 1 ? "certificate" : "certificates",
                    .fault,
                    "for \(names.isEmpty ? "no name" : names.joined(separator: ", ")), not for \(host)",
                    advice: "Get one for \(host), the host of publicURL."
                )
            )
        }
        return findings
    }

    private var withoutTLS: Finding {
        guard configuration.publicURL.scheme == .https else {
            return Finding("certificate", .ok, "not needed on localhost")
        }
        return Finding(
            "certificate",
            .warning,
            "Postern speaks plain http, people open \(configuration.publicURL)",
            advice:
                "Right if a proxy in front terminates TLS. Otherwise set tls.directory, or tls.certificateChain and tls.privateKey."
        )
    }

    private func examine(_ facts: CertificateFacts, subject: String) -> Finding {
        switch facts {
        case .unusable(let reason):
            return Finding(
                subject,
                .fault,
                reason,
                advice:
                    "It takes PEM: the server's certificate first and then those that vouch for it, and its key without a passphrase."
            )
        case .usable(let path, let notBefore, let notAfter, let names):
            let now = wallClock.now()
            let end = Timestamp(secondsSince1970: notAfter)
            let date = end.rfc3339.prefix(10)
            guard Timestamp(secondsSince1970: notBefore) <= now else {
                let begin = Timestamp(secondsSince1970: notBefore).rfc3339
                return Finding(
                    subject,
                    .fault,
                    "\(path) is not valid before \(begin)",
                    advice: "Is the machine's clock right?"
                )
            }
            guard end > now else {
                return Finding(
                    subject,
                    .fault,
                    "\(path) expired on \(date)",
                    advice: "Renew it; a running Postern takes the new one over by itself."
                )
            }
            let days = end.duration(since: now).components.seconds / 86_400
            guard days >= Self.warningDays else {
                return Finding(
                    subject,
                    .warning,
                    "\(path) expires in \(days) days, on \(date)",
                    advice: "Renew it; a running Postern takes the new one over by itself."
                )
            }
            return Finding(
                subject,
                .ok,
                "\(path) is valid for \(days) days, until \(date), for \(names.joined(separator: ", "))"
            )
        }
    }

    /// The names there are, if there are certificates and none of them is for the host people open.
    private func uncoveredNames(_ certificates: [CertificateFacts]) -> [String]? {
        var all: [String] = []
        var isUsable = false
        for case .usable(_, _, _, let names) in certificates {
            if CertificateFacts.covers(names, configuration.publicURL.host) { return nil }
            isUsable = true
            all += names
        }
        return isUsable ? all : nil
    }
}
