import HTTPSemantics

/// The query of an authorization response: nothing in it is believed before its state matches.
///
/// Every parameter occurs at most once (RFC 6749 §3.1), whether we know it or not: two readings of one query are how a
/// check is made on one value and the work done with the other.
package struct CallbackQuery: Sendable {
    /// More parameters than any authorization server sends; a longer query is not from ours.
    package static let parameterLimit = 32

    private let values: [String: String]

    /// - Parameter query: what follows the first `?`, still encoded; nil if there is none.
    package init(_ query: String?) throws(CallbackError) {
        let pairs: [(name: String, value: String)]
        do throws(FormViolation) {
            pairs = try FormCoding.decode(
                query ?? "",
                limits: FormCoding.Limits(pairs: CallbackQuery.parameterLimit)
            )
        } catch {
            throw .malformedQuery
        }
        var values: [String: String] = [:]
        for (name, value) in pairs {
            guard values.updateValue(value, forKey: name) == nil else { throw .repeatedParameter }
        }
        self.values = values
    }

    /// The value, or nil if it is absent or empty: both mean the same (RFC 6749 §3.1).
    package subscript(name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }
}

/// Which rule an authorization response broke; each has its page.
package enum CallbackError: Error, Hashable, Sendable {
    /// Not a form-encoded query, or too long.
    case malformedQuery
    /// RFC 6749 §3.1.
    case repeatedParameter
    /// The state is missing, or not the one sent.
    case stateMismatch
    /// The flow is older than its cookie may be.
    case expired
    /// `iss` is there and names another authorization server (RFC 9207 §2.4).
    case issuerMismatch
    /// A parameter of the other kind of flow, such as `admin_consent` in a code flow.
    case unexpectedParameter
    /// The authorization server answered with an error.
    case refused(AuthorizationErrorCode)
    /// No `code`, or an empty one.
    case missingCode
    /// Neither a yes nor an error, where an administrator's consent was asked for.
    case missingConsent
    /// Not a code by RFC 6749 appendix A.11, or too long.
    case malformedCode
}
