import Cryptography
import OAuth
import TestSupport
import Testing
import Timekeeping

@Suite("Verifying an authorization response, RFC 6749 §4.1.2, RFC 9207, RFC 9700 §4")
struct PendingAuthorizationTests {
    static let state = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    static let foreign = "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    static let end = Timestamp(secondsSince1970: 1_787_303_400)

    private func verify(
        _ query: String,
        at moment: Timestamp = PendingAuthorizationTests.end - .seconds(1)
    ) throws(CallbackError) -> VerifiedCallback {
        guard let state = State(Self.state), let verifier = CodeVerifier(String(repeating: "v", count: 43)) else {
            preconditionFailure("both are well-formed literals")
        }
        let pending = PendingAuthorization(
            state: state,
            codeVerifier: verifier,
            expiresAt: Self.end,
            issuer: "https://api.us.nylas.com"
        )
        return try pending.verify(try CallbackQuery(query), at: moment)
    }

    @Test(arguments: ["", "&iss=https://api.us.nylas.com", "&session_state=x", "&error=", "&admin_consent="])
    func `gives out the code together with its verifier`(rest: String) throws {
        let callback = try verify("state=\(Self.state)&code=abc\(rest)")
        callback.code.withExposed { #expect($0 == "abc") }
        callback.codeVerifier.withExposed { #expect($0 == String(repeating: "v", count: 43)) }
    }

    @Test(arguments: [
        "", "code=abc", "state=&code=abc", "state=\(foreign)&code=abc", "state=\(state)A&code=abc",
        "state=\(state.dropLast())&code=abc", "state=\(state.lowercased())&code=abc", "error=access_denied",
        "state=\(foreign)&error=access_denied", "code=abc&State=\(state)",
    ])
    func `believes nothing until the state matches`(query: String) {
        #expect(throws: CallbackError.stateMismatch) { try verify(query) }
    }

    @Test(arguments: [Duration.zero, .microseconds(1), .seconds(86_400)])
    func `refuses an expired flow, error or not`(late: Duration) {
        #expect(throws: CallbackError.expired) {
            try verify("state=\(Self.state)&code=abc", at: Self.end + late)
        }
        #expect(throws: CallbackError.expired) {
            try verify("state=\(Self.state)&error=access_denied", at: Self.end + late)
        }
    }

    @Test(arguments: [
        "https://api.eu.nylas.com", "https://api.us.nylas.com/", "HTTPS://API.US.NYLAS.COM", "http://api.us.nylas.com",
        "https://api.us.nylas.com:443",
    ])
    func `refuses another issuer, compared as a string`(issuer: String) {
        #expect(throws: CallbackError.issuerMismatch) { try verify("state=\(Self.state)&code=abc&iss=\(issuer)") }
    }

    @Test(arguments: ["code=abc&admin_consent=True", "admin_consent=true", "error=x&admin_consent=True&code=a"])
    func `refuses the answer of an admin consent in a code flow`(rest: String) {
        #expect(throws: CallbackError.unexpectedParameter) { try verify("state=\(Self.state)&\(rest)") }
    }

    @Test(arguments: [
        ("error=access_denied", AuthorizationErrorCode.accessDenied),
        ("error=oauth_failed&error_code=45002", .other("oauth_failed")),
        ("code=abc&error=server_error", .serverError), ("error=%3Cscript%3E", .unreadable),
    ])
    func `takes an error before a code`(rest: String, code: AuthorizationErrorCode) {
        #expect(throws: CallbackError.refused(code)) { try verify("state=\(Self.state)&\(rest)") }
    }

    @Test(arguments: ["", "&code=", "&code", "&Code=abc"])
    func `refuses an answer without a code`(rest: String) {
        #expect(throws: CallbackError.missingCode) { try verify("state=\(Self.state)\(rest)") }
    }

    @Test(arguments: ["%0A", "a%0D%0Ab", "%C3%A9", String(repeating: "a", count: 4097)])
    func `refuses a code that is none`(code: String) {
        #expect(throws: CallbackError.malformedCode) { try verify("state=\(Self.state)&code=\(code)") }
    }
}
