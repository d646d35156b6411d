import ConnectApp
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import OperatorAPI

@Suite("Disconnect links by the API")
struct DisconnectLinkRouteTests {
    @Test func `are for an owner's connection as it is now`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: "ada")
        let reply = await harness.call(
            .post,
            "/disconnect-links",
            #"{"grant_id":"g","owner":"ada","owner_name":"Ada","expires_in":60}"#
        )
        #expect(reply.status == 201 && reply["owner"] == "ada" && reply["grant_id"] == "g")
        #expect(reply["expires_at"]?.text == (harness.wallClock.now + .seconds(60)).rfc3339)
        let url = try #require(reply["url"]?.text)
        let sealed = String(try #require(url.split(separator: "/").last))
        #expect(url == "https://connect.example.com/disconnect/\(sealed)")
        let page = await harness.send(.get, "/disconnect/\(sealed)")
        #expect(page.status == 200)
        #expect(!harness.log.text.contains(sealed))
    }

    @Test func `need no owner where nobody in particular has it`() async throws {
        let harness = try APIHarness()
        try await harness.connect("g")
        let reply = await harness.call(.post, "/disconnect-links", #"{"grant_id":"g"}"#)
        #expect(reply.status == 201 && reply["owner"] == .null)
        #expect(reply["expires_at"]?.text == (harness.wallClock.now + .seconds(604_800)).rfc3339)
    }

    @Test(
        arguments: [
            (#"{"grant_id":"unknown","owner":"ada"}"#, 404), (#"{"grant_id":"g","owner":"bea"}"#, 404),
            (#"{"grant_id":"left"}"#, 404), (#"{"grant_id":"g"}"#, 422), (#"{"grant_id":"me","owner":"ada"}"#, 422),
            (#"{"grant_id":"a b","owner":"ada"}"#, 422), (#"{"grant_id":"","owner":"ada"}"#, 422),
            (#"{"owner":"ada"}"#, 422), (#"{"grant_id":"g","owner":""}"#, 422),
            (#"{"grant_id":"g","owner":"a\nb"}"#, 422),
            (#"{"grant_id":"g","owner":"ada","owner_name":"a\tb"}"#, 422),
            (#"{"grant_id":"g","owner":"ada","expires_in":59}"#, 422),
            (#"{"grant_id":"g","owner":"ada","expires_in":2592001}"#, 422),
            (#"{"grant_id":"g","owner":"ada","return_url":"https://a.example/"}"#, 422),
        ] as [(String, Int)]
    )
    func `are made for nothing else`(content: String, status: Int) async throws {
        let harness = try APIHarness()
        try await harness.connect("g", owner: "ada")
        try await harness.connect("left")
        _ = try await harness.store.leave(Sample.grantID("left"), .everybody, reason: "r", reference: nil)
        let reply = await harness.call(.post, "/disconnect-links", content)
        #expect(reply.status == status)
        #expect(reply.code == (status == 404 ? "not_found" : "invalid_content"))
    }
}
