import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp
@testable import OperatorAPI

@Suite("What the host app asks")
struct HostRouteTests {
    typealias Token = APIHarness.Token

    /// Calls that come to every status of both operations that their own work can have.
    static func everyStatus(of harness: APIHarness) async throws -> [APIHarness.Reply] {
        let tests = HostRouteTests()
        let (_, result) = try await tests.end(harness, .declined)
        let (asked, late) = (
            try tests.question(harness).path, try tests.question(harness, "late", before: .seconds(60)).path
        )
        return [
            await harness.call(.get, result), await harness.call(.get, result, token: Token.other),
            await harness.call(.get, "/results/x"), await harness.call(.post, asked, "{"),
            await harness.call(.post, asked, "{}"),
            await harness.send(.post, "/api/v1\(asked)", fields: [.authorization: "Bearer \(Token.writer)"]),
            await harness.call(.post, asked, #"{"owner":"ada"}"#),
            await harness.call(.post, asked, #"{"owner":"eve"}"#),
            await harness.call(.post, late, #"{"owner":"ada"}"#),
            await harness.call(.get, result, token: nil),
            await harness.call(.post, asked, token: nil, #"{"owner":"ada"}"#),
            await harness.call(.post, "/confirmations/x", #"{"owner":"ada"}"#),
        ]
    }

    private func handles(_ harness: APIHarness) -> HostHandles {
        HostHandles(keys: harness.settings.sealingKeys, random: .system)
    }

    /// A flow that has ended, and the path of its result.
    private func end(
        _ harness: APIHarness,
        _ verdict: FlowOutcome.Verdict,
        grant: StoredGrant? = nil
    ) async throws -> (claim: FlowClaim, path: String) {
        let owner = try Sample.owner("ada")
        let claim = Sample.claim(verdict.rawValue, startedAt: harness.wallClock.now, owner: owner)
        let outcome = Sample.outcome(verdict, grant: grant?.id, at: harness.wallClock.now)
        _ = try await harness.store.record(outcome, for: claim)
        return (claim, "/results/\(handles(harness).handle(forResultOf: claim.flow))")
    }

    private func question(
        _ harness: APIHarness,
        _ state: String = "bound",
        owner: String = "ada",
        before: Duration = .zero
    ) throws -> (flow: FlowID, path: String) {
        let flow = FlowID(state: state)
        let owner = try Sample.owner(owner)
        let question = HostHandles.Question(flow: flow, callbackAt: harness.wallClock.now - before, owner: owner)
        return (flow, "/confirmations/\(handles(harness).handle(asking: question))")
    }

    @Test(arguments: FlowOutcome.Verdict.allCases)
    func `every end has its code, and what is not connected is not told`(verdict: FlowOutcome.Verdict) async throws {
        let harness = try APIHarness()
        let isConnected = [.connected, .reconnected].contains(verdict)
        let grant = isConnected ? try Sample.grant("g-1", at: harness.wallClock.now) : nil
        let (claim, path) = try await end(harness, verdict, grant: grant)
        let reply = await harness.call(.get, path, token: Token.reader)
        #expect(reply.status == 200 && reply["status"]?.text == verdict.rawValue)
        #expect(reply["owner"] == "ada" && reply["link_id"]?.text == claim.link?.id.text)
        #expect(reply["tags"] == ["plan": "gold", "team": "süd"])
        #expect(reply["grant_id"] == (isConnected ? "g-1" : .null))
        #expect(reply["address"] == (isConnected ? "ada@example.com" : .null))
        #expect(reply["scopes"] == (isConnected ? ["gmail.readonly"] : []))
        #expect(reply["missing_scopes"] == (verdict == .permissionsMissing ? ["gmail.send"] : []))
        #expect(reply["reference"]?.text == "ref-\(verdict.rawValue)")
    }

    @Test func `a result is told to the first token, again to it alone, and then to nobody`() async throws {
        let harness = try APIHarness()
        let (_, path) = try await end(harness, .declined)
        #expect(await harness.call(.get, path, token: Token.reader).status == 200)
        #expect(await harness.call(.get, path, token: Token.other).code == "result_gone")
        harness.wallClock.advance(by: .seconds(599))
        #expect(await harness.call(.get, path, token: Token.reader).status == 200)
        harness.wallClock.advance(by: .seconds(1))
        let reply = await harness.call(.get, path, token: Token.reader)
        #expect(reply.status == 410 && reply.code == "result_gone")
    }

    @Test func `a flow that is not over is pending`() async throws {
        let harness = try APIHarness()
        let claim = Sample.claim("open", startedAt: harness.wallClock.now, owner: try Sample.owner("ada"))
        let lease = Sample.lease("a", until: harness.wallClock.now + .seconds(30))
        #expect(try await harness.store.claim(claim, lease: lease) == .claimed)
        let reply = await harness.call(.get, "/results/\(handles(harness).handle(forResultOf: claim.flow))")
        #expect(reply.status == 200 && reply["status"] == "pending" && reply["owner"] == "ada")
    }

    @Test func `what is no handle of a result is not found`() async throws {
        let harness = try APIHarness()
        let (_, confirmation) = try question(harness)
        for handle in [
            "x", "%2e%2e", String(repeating: "A", count: 401), String(confirmation.dropFirst("/confirmations/".count)),
            handles(harness).handle(forResultOf: FlowID(state: "never came back")),
        ] {
            let reply = await harness.call(.get, "/results/\(handle)")
            #expect(reply.status == 404 && reply.code == "not_found")
        }
    }

    @Test func `the owner's own word lets the browser go on, however often it comes`() async throws {
        let harness = try APIHarness()
        let (flow, path) = try question(harness)
        for _ in 0..<2 {
            let reply = await harness.call(.post, path, #"{"owner":"ada"}"#)
            #expect(reply.status == 200 && reply["status"] == "confirmed")
            #expect(reply["continue_url"]?.text == "https://connect.example.com/confirmed/\(flow.shortID)")
        }
        #expect(try await harness.store.confirmation(of: flow)?.standing == .confirmed)
    }

    @Test(arguments: ["eve", "Ada", "ada ", "ädä"])
    func `another user's word ends the flow for good`(user: String) async throws {
        let harness = try APIHarness()
        let (flow, path) = try question(harness)
        let reply = await harness.call(.post, path, #"{"owner":"\#(user)"}"#)
        #expect(reply.status == 409 && reply.code == "for_someone_else")
        #expect(reply["continue_url"]?.text?.hasSuffix("/confirmed/\(flow.shortID)") == true)
        #expect(await harness.call(.post, path, #"{"owner":"ada"}"#).code == "for_someone_else")
        #expect(try await harness.store.confirmation(of: flow)?.standing == .refused)
    }

    @Test func `a user whose ID only Unicode calls equal is another user`() async throws {
        let harness = try APIHarness()
        let (_, path) = try question(harness, owner: "Ren\u{E9}")
        let reply = await harness.call(.post, path, #"{"owner":"Rene\u0301"}"#)
        #expect(reply.code == "for_someone_else")
    }

    @Test func `after a minute it is too late, and nothing is written`() async throws {
        let harness = try APIHarness()
        let (flow, path) = try question(harness)
        harness.wallClock.advance(by: .seconds(60))
        for user in ["ada", "eve"] {
            let reply = await harness.call(.post, path, #"{"owner":"\#(user)"}"#)
            #expect(reply.status == 410 && reply.code == "confirmation_too_late")
        }
        #expect(try await harness.store.confirmation(of: flow) == nil)
    }

    @Test func `a flow that has ended is not confirmed any more`() async throws {
        let harness = try APIHarness()
        let claim = Sample.claim("bound", startedAt: harness.wallClock.now)
        _ = try await harness.store.record(Sample.outcome(.notConfirmed, at: harness.wallClock.now), for: claim)
        let reply = await harness.call(.post, try question(harness).path, #"{"owner":"ada"}"#)
        #expect(reply.status == 409 && reply.code == "flow_over")
    }

    @Test(
        arguments: [
            ("{}", 422), (#"{"owner":""}"#, 422), (#"{"owner":7}"#, 422), (#"{"owner":"ada","x":1}"#, 422), ("[]", 422),
            (#"{"owner":"ada""#, 400), (#"{"owner":"ada","owner":"ada"}"#, 400),
        ]
    )
    func `a word that does not fit changes nothing`(content: String, status: Int) async throws {
        let harness = try APIHarness()
        let (flow, path) = try question(harness)
        #expect(await harness.call(.post, path, content).status == status)
        #expect(try await harness.store.confirmation(of: flow) == nil)
    }

    @Test func `a token that may only read confirms nobody, and what is no handle is not found`() async throws {
        let harness = try APIHarness()
        let (flow, path) = try question(harness)
        #expect(await harness.call(.post, path, token: Token.reader, #"{"owner":"ada"}"#).status == 403)
        #expect(await harness.call(.post, path, token: nil, #"{"owner":"ada"}"#).status == 401)
        let result = handles(harness).handle(forResultOf: flow)
        #expect(await harness.call(.post, "/confirmations/\(result)", #"{"owner":"ada"}"#).status == 404)
        #expect(try await harness.store.confirmation(of: flow) == nil)
    }
}
