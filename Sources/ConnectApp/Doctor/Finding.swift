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

/// What `postern` found out about the certificate it would serve with, for ``Doctor`` to judge.
package enum CertificateFacts: Hashable, Sendable {
    case unreadable(path: String)
    /// The pair is no pair, or not PEM: a sentence from the room that knows.
    case unusable(reason: String)
    case usable(notAfterSecondsSince1970: Int64, names: [String])
}
