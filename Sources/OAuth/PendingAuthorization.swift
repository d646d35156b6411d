package import Timekeeping

/// An authorization request that was sent and whose answer is awaited (RFC 6749 §4.1.1).
///
/// Not copyable: it is verified once. Single use over requests and restarts is the store's job.
package struct PendingAuthorization: ~Copyable {
    private let state: State
    private let codeVerifier: CodeVerifier
    private let expiresAt: Timestamp
    private let issuer: String

    /// - Parameter issuer: who was asked, as `iss` would name it (RFC 9207 §2).
    package init(state: State, codeVerifier: CodeVerifier, expiresAt: Timestamp, issuer: String) {
        self.state = state
        self.codeVerifier = codeVerifier
        self.expiresAt = expiresAt
        self.issuer = issuer
    }

    /// Checks the answer of a code flow, state first: until it matches, nothing in the query is known to come from our
    /// own flow, not even an error.
    ///
    /// - Throws: the first rule broken, in the order of ``CallbackError``'s cases. A code that comes with an error is
    ///   never looked at.
    package consuming func verify(
        _ query: CallbackQuery,
        at now: Timestamp
    ) throws(CallbackError) -> VerifiedCallback {
        guard let state = query["state"], self.state.matches(state) else { throw .stateMismatch }
        guard now < expiresAt else { throw .expired }
        if let issuer = query["iss"], issuer != self.issuer { throw .issuerMismatch }
        guard query["admin_consent"] == nil else { throw .unexpectedParameter }
        if let error = query["error"] { throw .refused(AuthorizationErrorCode(error)) }
        guard let code = query["code"] else { throw .missingCode }
        guard let code = AuthorizationCode(code) else { throw .malformedCode }
        return VerifiedCallback(code: code, codeVerifier: codeVerifier)
    }
}

/// Proof that an answer belongs to a request of ours. Only ``PendingAuthorization/verify(_:at:)`` makes one, and only
/// one of these can be exchanged.
package struct VerifiedCallback: Sendable {
    package let code: AuthorizationCode
    package let codeVerifier: CodeVerifier

    fileprivate init(code: AuthorizationCode, codeVerifier: CodeVerifier) {
        self.code = code
        self.codeVerifier = codeVerifier
    }
}
