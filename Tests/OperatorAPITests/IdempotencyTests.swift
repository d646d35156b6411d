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

@Suite("Calls that come twice")
struct IdempotencyTests {
    typealias Token = APIHarness.Token

    @Test func `get the same link for a day, and another one after it`() async throws {
        let harness = try APIHarness()
        let first = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k-1")
        #expect(first.status == 201)
        harness.wallClock.advance(by: .seconds(86_399))
        let again = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k-1")
        #expect(again.status == 201 && again.response.content == first.response.content)
        harness.wallClock.advance(by: .seconds(1))
        let later = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k-1")
        #expect(later.status == 201 && later["id"] != first["id"])
    }

    @Test func `without a key, with another one or from another caller are made anew`() async throws {
        let harness = try APIHarness()
        var ids: Set<String> = []
        for (key, token) in [
            (nil, Token.writer), (nil, Token.writer), ("a", Token.writer), ("b", Token.writer), ("A", Token.writer),
            ("a", Token.other),
        ] as [(String?, String)] {
            let reply = await harness.call(.post, "/links", token: token, #"{"owner":"u"}"#, key: key)
            ids.insert(try #require(reply["id"]?.text))
        }
        #expect(ids.count == 6)
    }

    @Test(arguments: [#"{"owner":"v"}"#, #"{"owner":"u" }"#, #"{"owner":"u","expires_in":3600}"#])
    func `with another content are refused`(content: String) async throws {
        let harness = try APIHarness()
        _ = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k")
        let reply = await harness.call(.post, "/links", content, key: "k")
        #expect(reply.status == 422)
        #expect(reply.code == "idempotency_key_reused")
    }

    @Test func `may be mended under the same key`() async throws {
        let harness = try APIHarness()
        #expect(await harness.call(.post, "/links", #"{"owner":"a\nb"}"#, key: "k").code == "invalid_content")
        #expect(await harness.call(.post, "/links", #"{"owner":""}"#, key: "k").code == "invalid_content")
        #expect(await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k").status == 201)
    }

    @Test func `while the first is being answered wait`() async throws {
        let harness = try APIHarness()
        // The store has begun the call for somebody who has not answered it.
        let begun = IdempotentCall(
            keyDigest: SHA256.digest("writer k"),
            contentDigest: SHA256.digest("POST /api/v1/links \n" + #"{"owner":"u"}"#)
        )
        #expect(try await harness.store.begin(begun, lease: .seconds(60)) == .begun)
        let reply = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k")
        #expect(reply.status == 409 && reply.code == "idempotency_in_progress")
        #expect(reply.response.head.headerFields[.retryAfter] == "1")
        // Who had begun has died.
        harness.wallClock.advance(by: .seconds(60))
        #expect(await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k").status == 201)
    }

    @Test(arguments: [
        "", " ", "a b", "é", String(repeating: "k", count: 256),
    ])
    func `under what is no key are refused`(key: String) async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: key)
        #expect(reply.status == 400)
        #expect(reply.code == "idempotency_key_invalid")
    }

    @Test func `under two keys are refused, under a long one not`() async throws {
        let harness = try APIHarness()
        var fields: HTTPFields = [
            .authorization: "Bearer \(Token.writer)", .contentType: "application/json", .idempotencyKey: "a",
        ]
        fields.append(HTTPField(name: .idempotencyKey, value: "a"))
        let content = Array(#"{"owner":"u"}"#.utf8)
        let reply = await harness.send(.post, "/api/v1/links", fields: fields, content: content)
        #expect(reply.code == "idempotency_key_invalid")
        let long = String(repeating: "k", count: 255)
        #expect(await harness.call(.post, "/links", #"{"owner":"u"}"#, key: long).status == 201)
    }

    @Test func `after the sealing key is gone say that the answer is lost`() async throws {
        let harness = try APIHarness()
        _ = await harness.call(.post, "/links", #"{"owner":"u"}"#, key: "k")
        let (old, new) = (APIHarness.key(1), APIHarness.key(2))
        let turned = try APIHarness(
            settings: APIHarness.settings(keys: SealingKeys(current: new, previous: [old])),
            store: harness.store
        )
        #expect(await turned.call(.post, "/links", #"{"owner":"u"}"#, key: "k").status == 201)
        let lost = try APIHarness(
            settings: APIHarness.settings(keys: SealingKeys(current: new)),
            store: harness.store
        )
        let reply = await lost.call(.post, "/links", #"{"owner":"u"}"#, key: "k")
        #expect(reply.status == 409 && reply.code == "idempotency_answer_lost")
    }

    @Test func `leave nothing of the link, the key or the content in the store`() async throws {
        let harness = try APIHarness()
        let reply = await harness.call(.post, "/links", #"{"owner":"owner-marker"}"#, key: "key-marker")
        let sealed = try #require(reply["url"]?.text?.split(separator: "/").last.map(String.init))
        let standing = try await harness.store.begin(
            IdempotentCall(
                keyDigest: SHA256.digest("writer key-marker"),
                contentDigest: SHA256.digest("POST /api/v1/links \n" + #"{"owner":"owner-marker"}"#)
            ),
            lease: .seconds(60)
        )
        guard case .answered(let kept) = standing else {
            Issue.record("the store does not know the call")
            return
        }
        #expect(!kept.contains(sealed) && !kept.contains("marker"))
        #expect(!harness.log.text.contains("marker"))
    }
}
