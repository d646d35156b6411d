import Cryptography
import HTTPSemantics
import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

@Suite("Scripted outcomes")
struct ScriptTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `happen once each, in order, and then all is well again`() async throws {
        let script =
            #"{"next": [{"on": "authorize", "outcome": "deny"}, {"on": "authorize", "outcome": "scopes_left_out"}]}"#
        #expect(await sandbox.script(script).json["pending_steps"]?.number == 2)
        #expect(try await sandbox.approve().returned["error"] == "oauth_failed")
        let fewer = await sandbox.exchange(try await sandbox.code()).json["scope"]?.text
        #expect(fewer?.contains("gmail.readonly") == false)
        let all = await sandbox.exchange(try await sandbox.code()).json["scope"]?.text
        #expect(all?.contains("gmail.readonly") == true)
    }

    @Test
    func `connect another address than hinted`() async throws {
        _ = await sandbox.script(
            #"{"next": [{"on": "authorize", "outcome": "other_address", "address": "eve@x.example"}]}"#
        )
        #expect(await sandbox.exchange(try await sandbox.code()).json["email"]?.text == "eve@x.example")
        let form = [("outcome", "other_address"), ("other_address", "mallory@x.example")]
        #expect(await sandbox.exchange(try await sandbox.code(form: form)).json["email"]?.text == "mallory@x.example")
    }

    @Test
    func `delete a connector before the login, and only a reset brings it back`() async throws {
        _ = await sandbox.script(#"{"next": [{"on": "authorize", "outcome": "connector_missing"}]}"#)
        for _ in 1...2 {
            let answer = await sandbox.send(.get, SandboxUnderTest.authorization())
            #expect(answer.returned["error"] == "invalid_request" && answer.returned["state"] == "state-of-ours")
        }
        #expect(await sandbox.call(.get, "/v3/connectors/google").status == .notFound)
        #expect(await sandbox.call(.get, "/v3/connectors/microsoft").status == .ok)
        _ = await sandbox.send(
            .post,
            "/sandbox/reset",
            fields: [.contentType: "application/json"],
            content: "{}"
        )
        #expect(await sandbox.call(.get, "/v3/connectors/google").status == .ok)
    }

    @Test
    func `fail the exchange without making the grant valid, and spend the code`() async throws {
        for outcome in ["internal_error", "rate_limited"] {
            _ = await sandbox.script(#"{"next": [{"on": "token", "outcome": "\#(outcome)"}]}"#)
            let code = try await sandbox.code()
            let answer = await sandbox.exchange(code)
            #expect(answer.status == (outcome == "rate_limited" ? .tooManyRequests : .internalServerError))
            #expect(answer.json["error_description"]?.text != nil)
            #expect(await grantStatus() == "invalid")
            #expect(await sandbox.exchange(code).json["error"]?.text == "invalid_grant")
        }
    }

    @Test
    func `fail the exchange after it has happened`() async throws {
        _ = await sandbox.script(#"{"next": [{"on": "token", "outcome": "internal_error_after_processing"}]}"#)
        #expect(await sandbox.exchange(try await sandbox.code()).status == .internalServerError)
        #expect(await grantStatus() == "valid")
    }

    @Test
    func `cut the connection before the exchange`() async throws {
        let answer = await sandbox.exchange(try await sandbox.code(form: [("outcome", "cut")]))
        guard case .none = answer.response.delivery else {
            Issue.record("an answer was delivered")
            return
        }
        #expect(await grantStatus() == "invalid")
    }

    @Test
    func `cut the connection in the middle of the answer`() async throws {
        let answer = await sandbox.exchange(try await sandbox.code(form: [("outcome", "cut_after_processing")]))
        guard case .cut(let bytes) = answer.response.delivery else {
            Issue.record("the answer was delivered whole")
            return
        }
        #expect(bytes > 0 && bytes < answer.response.content.count)
        #expect(answer.status == .ok)
        #expect(await grantStatus() == "valid")
    }

    @Test(arguments: [(#", "seconds": 7"#, 7), ("", 45)])
    func `answer late what was handled at once`(seconds: String, delay: Int) async throws {
        _ = await sandbox.script(#"{"next": [{"on": "token", "outcome": "slow"\#(seconds)}]}"#)
        let code = try await sandbox.code()
        let answer = Task { [sandbox] in await sandbox.exchange(code) }
        await sandbox.clock.sleepers(atLeast: 1)
        #expect(await grantStatus() == "valid")
        sandbox.clock.advance(by: .seconds(delay - 1))
        // Still asleep: had it woken a second early, nobody would be there to be waited for.
        await sandbox.clock.sleepers(atLeast: 1)
        sandbox.clock.advance(by: .seconds(1))
        #expect(await answer.value.status == .ok)
    }

    @Test(arguments: [("grants", "/v3/grants"), ("api", "/v3/connectors"), ("api", "/v3/applications")])
    func `reach the other routes of the API`(stage: String, path: String) async {
        _ = await sandbox.script(
            #"{"next": [{"on": "\#(stage)", "outcome": "rate_limited", "times": 2}, {"on": "\#(stage)", "outcome": "internal_error"}]}"#
        )
        for _ in 0..<2 { #expect(await sandbox.call(.get, path).status == .tooManyRequests) }
        #expect(await sandbox.call(.get, path).status == .internalServerError)
        #expect(await sandbox.call(.get, path).status == .ok)
    }

    @Test(
        arguments: [
            "", "[]", "{", #"{"nxt": []}"#, #"{"next": {}}"#, #"{"next": [{}]}"#, #"{"next": [{"on": "authorize"}]}"#,
            #"{"next": [{"on": "login", "outcome": "deny"}]}"#, #"{"next": [{"on": "authorize", "outcome": "cut"}]}"#,
            #"{"next": [{"on": "token", "outcome": "deny"}]}"#, #"{"auto": "always"}"#, #"{"auto": true}"#,
            #"{"next": [{"on": "token", "outcome": "slow", "seconds": -1}]}"#,
            #"{"next": [{"on": "token", "outcome": "slow", "seconds": 3601}]}"#,
            #"{"next": [{"on": "token", "outcome": "slow", "seconds": "5"}]}"#,
            #"{"next": [{"on": "token", "outcome": "cut", "times": 0}]}"#,
            #"{"next": [{"on": "token", "outcome": "cut", "times": 10001}]}"#,
            #"{"next": [{"on": "token", "outcome": "cut"}, {"on": "token", "outcome": "nonsense"}]}"#,
        ]
    )
    func `are refused whole when a part makes no sense`(script: String) async {
        #expect(await sandbox.script(script).status == .badRequest)
        #expect(await sandbox.send(.get, "/sandbox/counts").json["pending_steps"]?.number == 0)
    }

    @Test(arguments: ["/sandbox/script", "/sandbox/reset"])
    func `cannot be set by a form of another site`(path: String) async {
        for type in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", nil] {
            var fields: HTTPFields = [.accept: "application/json"]
            fields[.contentType] = type
            #expect(await sandbox.send(.post, path, fields: fields, content: "{}").status.code == 415)
        }
    }

    private func grantStatus() async -> String? {
        await sandbox.call(.get, "/v3/grants").json["data"]?.elements.first?["grant_status"]?.text
    }
}

@Suite("Approval without a person")
struct AutoApprovalTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `leads straight back, with an address of its own each time`() async throws {
        _ = await sandbox.script(#"{"auto": "approve", "auto_address": "load-{n}@x.example"}"#)
        for number in 1...3 {
            let answer = await sandbox.send(.get, SandboxUnderTest.authorization())
            #expect(answer.status == .found)
            #expect(answer.returned["state"] == "state-of-ours")
            let tokens = await sandbox.exchange(try #require(answer.returned["code"])).json
            #expect(tokens["email"]?.text == "load-\(number)@x.example")
        }
        _ = await sandbox.script(#"{"auto": "off"}"#)
        #expect(await sandbox.send(.get, SandboxUnderTest.authorization()).location?.hasPrefix("/login/") == true)
    }

    @Test
    func `uses the hint, and a provider that was asked for`() async throws {
        _ = await sandbox.script(#"{"auto": "approve"}"#)
        let hinted = await sandbox.send(
            .get,
            SandboxUnderTest.authorization(["login_hint": "h@x.example", "provider": "yahoo,google"])
        )
        let tokens = await sandbox.exchange(try #require(hinted.returned["code"])).json
        #expect(tokens["email"]?.text == "h@x.example")
        #expect(tokens["provider"]?.text == "yahoo")
        let invented = await sandbox.send(.get, SandboxUnderTest.authorization(["provider": "icloud"]))
        let others = await sandbox.exchange(try #require(invented.returned["code"])).json
        #expect(others["email"]?.text == "person-1@icloud.example")
    }

    @Test
    func `can be asked for in the address alone`() async throws {
        let address = SandboxUnderTest.authorization(["auto": "approve", "auto_address": "q@x.example"])
        let answer = await sandbox.send(.get, address)
        let tokens = await sandbox.exchange(try #require(answer.returned["code"])).json
        #expect(tokens["email"]?.text == "q@x.example")
    }

    @Test
    func `follows the script, and still checks everything`() async {
        _ = await sandbox.script(#"{"auto": "approve", "next": [{"on": "authorize", "outcome": "deny"}]}"#)
        let denied = await sandbox.send(.get, SandboxUnderTest.authorization())
        #expect(denied.returned["error_code"] == "45002")
        #expect(await sandbox.send(.get, SandboxUnderTest.authorization(["client_id": "x"])).status == .badRequest)
    }
}

@Suite("Counts and reset")
struct CountsTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `tell how often each code was exchanged, by its digest`() async throws {
        let code = try await sandbox.code()
        _ = await sandbox.exchange(code)
        _ = await sandbox.exchange(code)
        _ = await sandbox.exchange("unknown")
        let answer = await sandbox.send(.get, "/sandbox/counts")
        #expect(answer.json["exchanges"]?[Hex.encode(SHA256.digest(code))]?.number == 2)
        #expect(answer.json["exchanges"]?[Hex.encode(SHA256.digest("unknown"))]?.number == 1)
        #expect(!answer.text.contains(code))
        #expect(answer.json["requests"]?["POST /v3/connect/token"]?.number == 3)
        #expect(answer.json["requests"]?["GET /v3/connect/auth"]?.number == 1)
        #expect(answer.json["grants"]?.number == 1)
    }

    @Test
    func `forget everything on a reset`() async throws {
        let id = try await sandbox.connect()
        let consent = try await sandbox.signIn()
        _ = await sandbox.script(#"{"auto": "approve", "next": [{"on": "token", "outcome": "cut"}]}"#)
        let fields: HTTPFields = [.contentType: "application/json"]
        #expect(await sandbox.send(.post, "/sandbox/reset", fields: fields).status == .ok)
        #expect(await sandbox.call(.get, "/v3/grants/\(id)").status == .notFound)
        #expect(await sandbox.send(.get, consent).status == .badRequest)
        #expect(await sandbox.send(.get, SandboxUnderTest.authorization()).location?.hasPrefix("/login/") == true)
        #expect(await sandbox.exchange(try await sandbox.code()).status == .ok)
    }

    @Test
    func `hold no more unfinished logins than they may`() async throws {
        var limits = SandboxConfiguration.Limits()
        limits.heldAtMost = 2
        let sandbox = SandboxUnderTest(limits: limits)
        var consents: [String] = []
        for _ in 0..<3 { consents.append(try await sandbox.signIn()) }
        #expect(await sandbox.send(.get, consents[0]).status == .badRequest)
        #expect(await sandbox.send(.get, consents[1]).status == .ok)
        #expect(await sandbox.send(.get, consents[2]).status == .ok)
    }
}
