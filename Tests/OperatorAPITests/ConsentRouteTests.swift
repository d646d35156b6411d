import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import OperatorAPI

@Suite("Consents by the API")
struct ConsentRouteTests {
    typealias Token = APIHarness.Token

    @Test func `are asked for with an invitation that says what it was asked to say`() async throws {
        let harness = try APIHarness()
        let reply = await harness.call(
            .post,
            "/consent-invites",
            """
            {"customer": "Ümlaut", "credential_id": "c-1", "tenant": "t-1", "scopes": ["Mail.Read"],
             "probe": "it@acme.example", "expires_in": 60}
            """
        )
        #expect(reply.status == 201)
        let url = try #require(reply["url"]?.text)
        let sealed = String(try #require(url.split(separator: "/").last))
        #expect(url == "https://connect.example.com/consent/\(sealed)")
        let seal = ConsentSeal(keys: harness.settings.sealingKeys, random: .system)
        let invite = try #require(seal.open(sealed))
        #expect(reply["id"]?.text == invite.id.text && reply["expires_at"]?.text == invite.expiresAt.rfc3339)
        #expect(invite.customer == "Ümlaut" && invite.credential.text == "c-1" && invite.tenant == "t-1")
        #expect(invite.scopes == ["Mail.Read"] && invite.probe == "it@acme.example")
        #expect(invite.expiresAt == harness.wallClock.now + .seconds(60))
        #expect(!harness.log.text.contains(sealed) && !harness.log.text.contains("Ümlaut"))
    }

    @Test(
        arguments: [
            ("{}", ["/customer", "/credential_id"]), (#"{"customer":"","credential_id":"c"}"#, ["/customer"]),
            (#"{"customer":"a\nb","credential_id":"c"}"#, ["/customer"]),
            (#"{"customer":"a","credential_id":"c/d"}"#, ["/credential_id"]),
            (#"{"customer":"a","credential_id":"c","tenant":"t t"}"#, ["/tenant"]),
            (#"{"customer":"a","credential_id":"c","scopes":["Mail.Read"]}"#, ["/scopes"]),
            (#"{"customer":"a","credential_id":"c","tenant":"common","scopes":["Mail.Read"]}"#, ["/scopes"]),
            (#"{"customer":"a","credential_id":"c","tenant":"t","scopes":["a b"]}"#, ["/scopes"]),
            (#"{"customer":"a","credential_id":"c","tenant":"t","scopes":["a","a"]}"#, ["/scopes"]),
            (#"{"customer":"a","credential_id":"c","scopes":"a"}"#, ["/scopes"]),
            (#"{"customer":"a","credential_id":"c","probe":"marker"}"#, ["/probe"]),
            (#"{"customer":"a","credential_id":"c","expires_in":59}"#, ["/expires_in"]),
            (#"{"customer":"a","credential_id":"c","expires_in":2592001}"#, ["/expires_in"]),
            (#"{"customer":"a","credential_id":"c","owner":"u"}"#, ["/owner"]),
        ]
    )
    func `are not asked for with what does not fit`(content: String, pointers: [String]) async throws {
        let reply = await (try APIHarness()).call(.post, "/consent-invites", content)
        #expect(reply.status == 422 && reply.code == "invalid_content")
        #expect(Set(reply["errors"]?.elements?.compactMap { $0["pointer"]?.text } ?? []) == Set(pointers))
    }

    @Test func `are listed in pages, and shown one by one, as they stand`() async throws {
        let harness = try APIHarness()
        let standings: [TenantConsent.Standing] = [
            .reported, .verified(try Sample.grantID("g")), .failed(reason: "ErrorInvalidUser"),
        ]
        for (number, standing) in standings.enumerated() {
            let consent = try Sample.consent("i-\(number)", at: harness.wallClock.now)
            let outcome = Sample.outcome(.consentReported, at: harness.wallClock.now)
            let claim = Sample.consentClaim("s-\(number)", startedAt: harness.wallClock.now)
            _ = try await harness.store.report(consent, of: claim, with: outcome)
            _ = try await harness.store.settle(consent.id, as: standing, saving: nil, reference: nil)
            harness.wallClock.advance(by: .seconds(1))
        }
        let first = await harness.call(.get, "/consents?limit=2", token: Token.reader)
        #expect(first["consents"]?.elements?.compactMap { $0["id"]?.text } == ["i-2", "i-1"])
        let cursor = try #require(first["next_cursor"]?.text)
        let second = await harness.call(.get, "/consents?limit=2&cursor=\(cursor)", token: Token.reader)
        #expect(second["consents"]?.elements?.compactMap { $0["id"]?.text } == ["i-0"])
        #expect(second["next_cursor"] == .null)
        #expect(await harness.call(.get, "/consents?cursor=a.b").status == 400)
        let failed = await harness.call(.get, "/consents/i-2", token: Token.reader)
        #expect(failed["standing"]?.text == "failed" && failed["reason"]?.text == "ErrorInvalidUser")
        let verified = await harness.call(.get, "/consents/i-1")
        #expect(verified["grant_id"]?.text == "g" && verified["claimed_tenant"]?.text == "t-2")
        for id in ["unknown", "a.b"] { #expect(await harness.call(.get, "/consents/\(id)").status == 404) }
    }
}
