package import HTTPSemantics

/// What Nylas said about a request it did not fulfil: its names and numbers, never its sentences, which may quote secrets.
package struct NylasFault: Hashable, Sendable {
    /// The HTTP status.
    package var status: Int
    /// `error.type` of the API or `error` of OAuth: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, else nil.
    package var code: String?
    /// `error_code`, such as 45004.
    package var number: Int?
    /// Nylas's name for the request, for its support: of the same characters.
    package var requestID: String?
    /// The mail provider's own name for what is wrong, such as `AADSTS65001`: of the same characters.
    package var providerCode: String?
    /// How long to leave the service alone, where it said so in seconds; at most an hour.
    package var retryAfter: Duration?

    package init(
        status: Int,
        code: String? = nil,
        number: Int? = nil,
        requestID: String? = nil,
        providerCode: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.code = code
        self.number = number
        self.requestID = requestID
        self.providerCode = providerCode
        self.retryAfter = retryAfter
    }
}

/// Why a call to Nylas brought nothing, by what the caller may do about it.
package enum NylasError: Error, Hashable, Sendable {
    /// Nothing left this machine: the call may be made again.
    case notSent(ExchangeError)
    /// The request left and no answer came: Nylas may have acted.
    case noAnswer(ExchangeError)
    /// A 5xx, or a 4xx that Nylas did not write (408, a proxy's page): Nylas may have acted.
    case failed(NylasFault)
    /// A success whose content cannot be read: Nylas has acted.
    case unreadable(status: Int)
    /// Nylas refused, definitely: a 4xx in one of its own shapes.
    case refused(NylasFault)
    /// 401: the API key is wrong or belongs to the other region.
    case unauthorized(NylasFault)
    /// 404: no such grant, connector, …
    case notFound(NylasFault)
    /// 429: nothing was done. `retryAfter` only if Nylas named seconds, at most an hour: the mail provider has had enough.
    /// Without it, the application went over Nylas's own pace.
    case rateLimited(retryAfter: Duration?)

    /// Whether Nylas may have done what it was asked for.
    package var mayHaveActed: Bool {
        switch self {
        case .noAnswer, .failed, .unreadable: true
        case .notSent, .refused, .unauthorized, .notFound, .rateLimited: false
        }
    }

    /// What a log line calls it: the case and Nylas's own names, nothing else.
    package var summary: String {
        switch self {
        case .notSent(let cause): "not sent: \(cause)"
        case .noAnswer(let cause): "no answer: \(cause)"
        case .failed(let fault): "failed: \(fault.summary)"
        case .unreadable(let status): "unreadable answer, status \(status)"
        case .refused(let fault): "refused: \(fault.summary)"
        case .unauthorized(let fault): "unauthorized: \(fault.summary)"
        case .notFound(let fault): "not found: \(fault.summary)"
        case .rateLimited: "rate limited"
        }
    }
}

extension NylasFault {
    /// Whether an error's name says that the application has no connector for a provider.
    ///
    /// Nylas publishes no such name. Its names have the form `connector.not_found` or `integration_not_found`, the older word for
    /// the same thing, so any of that form is taken.
    package static func namesMissingConnector(_ name: String) -> Bool {
        let words = name.lowercased().split { !$0.isLetter }
        return (words.contains("connector") || words.contains("integration"))
            && (words.contains("missing") || words.suffix(2) == ["not", "found"])
    }

    package var summary: String {
        var text = "status \(status)"
        if let code { text += ", \(code)" }
        if let number { text += ", \(number)" }
        if let providerCode { text += ", provider \(providerCode)" }
        if let requestID { text += ", request \(requestID)" }
        return text
    }
}
