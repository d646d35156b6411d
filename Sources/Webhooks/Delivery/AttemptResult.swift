package import HTTPSemantics
package import HTTPTypes
package import Timekeeping

/// How an attempt ended, by what follows from it.
package enum AttemptResult: Hashable, Sendable {
    /// 2xx: the target has it.
    case delivered(status: Int)
    /// 410: the target wants no more of this. The delivery has failed at once; the next event is attempted all the same,
    /// since only the operator takes a target out of the configuration.
    case gone
    /// Anything else, and no answer: again later. A redirect too: it is never followed.
    case failed(Cause, retryAfter: Duration?)

    package enum Cause: Hashable, Sendable {
        case status(Int)
        case noAnswer(ExchangeError)
    }

    package init(_ response: HTTPResponse, at now: Timestamp) {
        switch response.status.code {
        case 200..<300: self = .delivered(status: response.status.code)
        case 410: self = .gone
        case let code: self = .failed(.status(code), retryAfter: response.headerFields.retryAfter(at: now))
        }
    }

    package init(_ error: ExchangeError) {
        self = .failed(.noAnswer(error), retryAfter: nil)
    }

    /// What the outbox and the log say of it: a number, or words of ours.
    package var word: String {
        switch self {
        case .delivered(let status): String(status)
        case .gone: "410"
        case .failed(.status(let status), _): String(status)
        case .failed(.noAnswer(let error), _): error.word
        }
    }
}

extension ExchangeError {
    fileprivate var word: String {
        switch self {
        case .nameNotResolved: "name not resolved"
        case .connectionRefused: "connection refused"
        case .certificateNotTrusted: "certificate not trusted"
        case .tlsFailed: "TLS failed"
        case .plaintextRefused: "plain http refused"
        case .timedOut: "no answer in time"
        case .connectionLost: "connection lost"
        case .malformedResponse: "malformed answer"
        case .responseTooLarge: "answer too large"
        case .cancelled: "interrupted"
        }
    }
}

extension HTTPFields {
    /// Seconds or a date (RFC 9110 §10.2.3), at most a day; nil without, and for anything else.
    fileprivate func retryAfter(at now: Timestamp) -> Duration? {
        guard let text = self[.retryAfter] else { return nil }
        let wait: Duration?
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // More digits than a day has only mean "very long".
            wait = text.utf8.count > 6 ? DeliverySchedule.patience : Int64(text).map { .seconds($0) }
        } else {
            wait = HTTPDate.parse(text, at: now).map { $0.duration(since: now) }
        }
        return wait.map { Swift.min(Swift.max($0, .zero), DeliverySchedule.patience) }
    }
}
