import Cryptography
import OAuth
import TestSupport
import Testing

@Suite("State, RFC 6749 §10.12")
struct StateTests {
    @Test func `is 32 random bytes as base64url`() {
        let state = State(drawnFrom: RandomSource { count in (0..<count).map { UInt8($0) } })
        state.withExposed { #expect($0 == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8") }
    }

    @Test func `is never drawn twice`() {
        let random = RandomSource.system
        let states = Set((0..<100).map { _ in State(drawnFrom: random).withExposed { $0 } })
        #expect(states.count == 100)
    }

    @Test func `matches itself and nothing else`() throws {
        let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        let state = try #require(State(text))
        #expect(state.matches(text))
        for other in ["", "A", String(text.dropLast()), text + "A", "B" + text.dropFirst(), text.lowercased()] {
            #expect(!state.matches(other))
        }
    }

    @Test(arguments: [
        "", "abc", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH+8",
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    ])
    func `refuses a text that it would not have made`(text: String) {
        #expect(State(text) == nil)
    }

    @Test func `does not print itself`() throws {
        let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        let state = try #require(State(text))
        var dumped = ""
        dump(state, to: &dumped)
        #expect(!dumped.contains(text) && !"\(state)".contains(text) && !String(reflecting: state).contains(text))
    }
}

@Suite("Code verifier and challenge, RFC 7636 §4")
struct CodeVerifierTests {
    @Test func `the challenge is that of the RFC's example`() throws {
        let verifier = try #require(CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        #expect(CodeChallenge(verifier).text == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func `a drawn verifier has 43 unreserved characters`() {
        let verifier = CodeVerifier(drawnFrom: .system)
        verifier.withExposed { text in
            #expect(text.utf8.count == 43)
            #expect(CodeVerifier(text) != nil)
        }
    }

    @Test(arguments: [
        String(repeating: "a", count: 42), String(repeating: "a", count: 129),
        String(repeating: "a", count: 42) + "+", String(repeating: "a", count: 42) + "é",
        String(repeating: "a", count: 42) + " ", "",
    ])
    func `refuses what §4_1 does not allow`(text: String) {
        #expect(CodeVerifier(text) == nil)
    }

    @Test func `does not print itself`() throws {
        let text = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let verifier = try #require(CodeVerifier(text))
        var dumped = ""
        dump(verifier, to: &dumped)
        #expect(!dumped.contains(text) && !"\(verifier)".contains(text))
    }
}

@Suite("Authorization code and error, RFC 6749 §4.1.2 and appendix A")
struct AuthorizationCodeTests {
    @Test(arguments: ["a", "4/0AY0e-g7", "code with space", String(repeating: "x", count: 4096)])
    func `takes visible ASCII and spaces`(text: String) throws {
        let code = try #require(AuthorizationCode(text))
        code.withExposed { #expect($0 == text) }
    }

    @Test(arguments: ["", "a\nb", "a\u{7F}", "é", String(repeating: "x", count: 4097), "a\u{0}b"])
    func `refuses everything else`(text: String) {
        #expect(AuthorizationCode(text) == nil)
    }

    @Test func `does not print itself`() throws {
        let code = try #require(AuthorizationCode("very-secret-code"))
        var dumped = ""
        dump(code, to: &dumped)
        #expect(!dumped.contains("very-secret") && !"\(code)".contains("very-secret"))
    }

    @Test(arguments: [
        ("access_denied", AuthorizationErrorCode.accessDenied), ("invalid_request", .invalidRequest),
        ("unauthorized_client", .unauthorizedClient), ("unsupported_response_type", .unsupportedResponseType),
        ("invalid_scope", .invalidScope), ("server_error", .serverError),
        ("temporarily_unavailable", .temporarilyUnavailable), ("oauth_failed", .other("oauth_failed")),
        ("Access_Denied", .other("Access_Denied")), ("<script>", .unreadable), ("", .unreadable),
        ("a b", .unreadable), (String(repeating: "e", count: 65), .unreadable), ("a\nb", .unreadable),
    ])
    func `knows the error codes of the RFC and keeps only plain ones`(text: String, code: AuthorizationErrorCode) {
        #expect(AuthorizationErrorCode(text) == code)
    }
}
