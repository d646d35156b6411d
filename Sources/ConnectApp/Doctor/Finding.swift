/// One thing `postern check` looked at, and what it saw.
package struct Finding: Hashable, Sendable {
    package enum Verdict: String, Sendable {
        case ok
        /// Works, and the operator should know.
        case warning
        /// Connecting will not work until this is mended.
        case fault
        /// Could not be looked at, because something before it failed.
        case skipped
    }

    package var subject: String
    package var verdict: Verdict
    /// What was seen.
    package var detail: String
    /// What to do about it; empty where there is nothing to do.
    package var advice: String

    package init(_ subject: String, _ verdict: Verdict, _ detail: String, advice: String = "") {
        self.subject = subject
        self.verdict = verdict
        self.detail = detail
        self.advice = advice
    }
}

/// What `postern` found out about one certificate it would serve with, for ``Doctor`` to judge.
package enum CertificateFacts: Hashable, Sendable {
    /// Not there, no pair, or not PEM: a sentence from the room that knows.
    case unusable(reason: String)
    case usable(path: String, notBeforeSecondsSince1970: Int64, notAfterSecondsSince1970: Int64, names: [String])

    /// Whether one of a certificate's names covers a host: equal, or `*.` for exactly one label (RFC 9525 §6.3).
    package static func covers(_ names: [String], _ host: String) -> Bool {
        names.contains { name in
            let name = name.lowercased()
            guard name.hasPrefix("*.") else { return name == host }
            guard let dot = host.firstIndex(of: ".") else { return false }
            return host[dot...] == name.dropFirst()
        }
    }
}
