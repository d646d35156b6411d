/// An authorization code on its way from the redirect to the exchange.
struct IssuedCode: Sendable {
    var callback: SandboxConfiguration.CallbackURI
    var codeChallenge: CodeChallenge?
    var grantID: String
    var login: SandboxGrant.Login
    /// What the person chose on the consent page to go wrong.
    var fault: Fault?
    /// One use: the first exchange spends it, whatever comes of that.
    var isSpent = false
}

/// A token of a grant. The sandbox never needs its text again, only whether one shown later is it.
struct IssuedToken: Sendable {
    enum Kind: Sendable {
        case access
        case id
        case refresh
    }

    var kind: Kind
    var grantID: String
    /// Tokens of one exchange die together.
    var family: String
    var issuedAt: Int64
    var expiresAt: Int64
}
