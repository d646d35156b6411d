import Cryptography
import Grants
import HTTPSemantics
import OAuth
import TestSupport
import Testing

@testable import Nylas

@Suite("Nylas's code challenge")
struct NylasCodeChallengeTests {
    @Test(arguments: [
        ("nylas", "ZTk2YmY2Njg2YTNjMzUxMGU5ZTkyN2RiNzA2OWNiMWNiYTliOTliMDIyZjQ5NDgzYTZjZTMyNzA4MDllNjhhMg"),
        (
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "MTNkMzFlOTYxYTFhZDhlYzJmMTZiMTBjNGM5ODJlMDg3NmE4NzhhZDZkZjE0NDU2NmVlMTg5NGFjYjcwZjljMw"
        ),
    ])
    func `is unpadded base64 of the digest's hexadecimal text`(verifier: String, challenge: String) {
        #expect(NylasCodeChallenge.text(for: verifier) == challenge)
        #expect(challenge.utf8.count == 86)
    }

    @Test func `is not the one of RFC 7636`() throws {
        let verifier = try #require(CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        #expect(NylasCodeChallenge(verifier).text != CodeChallenge(verifier).text)
    }
}

@Suite("Authorization request at /v3/connect/auth")
struct AuthorizationRequestTests {
    static let application = NylasApplication(
        origin: HTTPOrigin(scheme: .https, host: "api.eu.nylas.com"),
        clientID: "client-1",
        apiKey: Secret("nyk_v0_secret")
    )

    private func parameters(provider: Provider?, scopes: [String], hint: String? = nil) throws -> [String: String] {
        let request = NylasAuthorizationRequest(
            redirectURI: "https://connect.example.com/callback",
            state: try #require(State("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")),
            codeVerifier: try #require(CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            provider: provider,
            scopes: scopes,
            loginHint: hint
        )
        let url = request.url(at: Self.application)
        let prefix = "https://api.eu.nylas.com/v3/connect/auth?"
        #expect(url.hasPrefix(prefix))
        #expect(!url.contains("nyk_v0_secret"))
        #expect(url.utf8.allSatisfy { (0x21...0x7E).contains($0) })
        let pairs = try FormCoding.decode(url.dropFirst(prefix.count))
        return try Dictionary(pairs.map { ($0.name, $0.value) }) { _, _ in throw Repeated() }
    }

    private struct Repeated: Error {}

    @Test func `asks Google for exactly the scopes of the profile`() throws {
        let parameters = try parameters(
            provider: .google,
            scopes: ["https://www.googleapis.com/auth/gmail.readonly", "openid"]
        )
        #expect(
            parameters == [
                "client_id": "client-1",
                "redirect_uri": "https://connect.example.com/callback",
                "response_type": "code",
                "access_type": "online",
                "state": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                "code_challenge":
                    "MTNkMzFlOTYxYTFhZDhlYzJmMTZiMTBjNGM5ODJlMDg3NmE4NzhhZDZkZjE0NDU2NmVlMTg5NGFjYjcwZjljMw",
                "code_challenge_method": "S256",
                "provider": "google",
                "scope": "https://www.googleapis.com/auth/gmail.readonly openid",
                "options": "exclude_google_granted_scopes",
            ]
        )
    }

    @Test(arguments: Provider.allCases)
    func `names the provider, and never asks for consent again`(provider: Provider) throws {
        let parameters = try parameters(provider: provider, scopes: [])
        #expect(parameters["provider"] == provider.rawValue)
        #expect(parameters["prompt"] == nil)
        #expect(parameters["scope"] == nil)
        #expect((parameters["options"] != nil) == (provider == .google))
    }

    @Test func `lets Nylas ask`() throws {
        let parameters = try parameters(provider: nil, scopes: [])
        #expect(parameters["provider"] == nil)
        #expect(parameters["prompt"] == "select_provider,detect")
        #expect(parameters["options"] == nil)
    }

    @Test func `encodes an address so that it adds no parameter`() throws {
        let parameters = try parameters(provider: .imap, scopes: [], hint: "a+b&state=x#y@example.com")
        #expect(parameters["login_hint"] == "a+b&state=x#y@example.com")
    }
}
