import HTTPTypes
import Testing

@Suite("The redirect back")
struct RedirectBackTests {
    @Test
    func `carries a code and the state, and nothing else`() async throws {
        let answer = try await SandboxUnderTest().approve(["state": "a +&=/ä"])
        #expect(answer.status == .seeOther)
        #expect(answer.location?.hasPrefix(SandboxUnderTest.callback + "?") == true)
        #expect(Set(answer.returned.keys) == ["code", "state"])
        #expect(answer.returned["state"] == "a +&=/ä")
    }

    @Test
    func `carries no state where none was sent`() async throws {
        #expect(Set(try await SandboxUnderTest().approve(["state": nil]).returned.keys) == ["code"])
    }

    @Test
    func `tells of a cancellation as of a failed login`() async throws {
        let sandbox = SandboxUnderTest()
        let answer = await sandbox.submit(try await sandbox.signIn(), [("decision", "cancel")])
        #expect(answer.returned["error"] == "oauth_failed")
        #expect(answer.returned["error_code"] == "45002")
        #expect(answer.returned["state"] == "state-of-ours")
        #expect(Set(answer.returned.keys) == ["error", "error_code", "error_description", "error_uri", "state"])
    }

    @Test
    func `lets a person go back and approve after cancelling`() async throws {
        let sandbox = SandboxUnderTest()
        let consent = try await sandbox.signIn()
        _ = await sandbox.submit(consent, [("decision", "cancel")])
        let answer = await sandbox.submit(consent, [("decision", "approve")])
        #expect(answer.returned["state"] == "state-of-ours")
        let code = try #require(answer.returned["code"])
        #expect(await sandbox.exchange(code).status == .ok)
    }

    @Test
    func `can be cancelled on the sign-in page`() async throws {
        let sandbox = SandboxUnderTest()
        let signIn = try #require(await sandbox.send(.get, SandboxUnderTest.authorization()).location)
        let answer = await sandbox.submit(signIn, [("decision", "cancel")])
        #expect(answer.returned["error"] == "oauth_failed")
    }

    @Test(
        arguments: [
            ("deny", "oauth_failed", "45002"), ("scopes_conflict", "scopes_conflict", "25016"),
            ("admin_approval", "oauth_failed", "45002"), ("provider_error", "internal_error", "500"),
            ("connector_missing", "invalid_request", "400"),
        ]
    )
    func `carries the error chosen on the page`(outcome: String, error: String, code: String) async throws {
        let answer = try await SandboxUnderTest().approve(form: [("outcome", outcome)])
        #expect(answer.returned["error"] == error)
        #expect(answer.returned["error_code"] == code)
        #expect(answer.returned["code"] == nil)
    }

    @Test(arguments: [[], [("decision", "maybe")], [("decision", "approve"), ("outcome", "nonsense")]])
    func `goes nowhere for a form that is not ours`(form: [(String, String)]) async throws {
        let sandbox = SandboxUnderTest()
        let answer = await sandbox.submit(try await sandbox.signIn(), form)
        #expect(answer.status == .badRequest)
        #expect(answer.location == nil)
    }

    @Test
    func `goes to the scheme of an app`() async throws {
        let answer = try await SandboxUnderTest().approve(["redirect_uri": SandboxUnderTest.appCallback])
        #expect(answer.location?.hasPrefix(SandboxUnderTest.appCallback + "?code=") == true)
    }
}
