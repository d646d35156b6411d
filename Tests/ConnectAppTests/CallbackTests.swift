import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import OAuth
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("A connect from start to end", .timeLimit(.minutes(2)))
struct ConnectTests {
    @Test func `saves the grant before it says Connected`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            let answer = await browser.get(flow.callback())
            #expect(answer.head.status == .seeOther)
            #expect(answer.location == flow.connectedPath)
            let saved = try await harness.store.grant(try #require(GrantID(FlowHarness.grantID)))
            #expect(saved?.address == FlowHarness.mailbox)
            #expect(saved?.providerName == "google")
            #expect(saved?.status == .valid)
            let page = await browser.get(flow.connectedPath)
            #expect(page.head.status == .ok)
            #expect(page.text.contains(FlowHarness.mailbox))
            #expect(!page.text.contains(FlowHarness.grantID))
        }
        #expect(harness.log.text.contains("flow answered"))
        #expect(harness.log.text.contains("grant=\(FlowHarness.grantID)"))
    }

    @Test func `sends exactly one exchange, with the verifier of the challenge, and reads the grant afterwards`()
        async throws
    {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            _ = await browser.get(flow.callback())
            #expect(
                harness.exchange.requests.map { "\($0.method) \($0.pathAndQuery)" } == [
                    "POST /v3/connect/token", "GET /v3/grants/\(FlowHarness.grantID)",
                ]
            )
            let sent = String(decoding: harness.exchange.requests[0].content, as: UTF8.self)
            #expect(sent.contains(#""redirect_uri":"https://connect.example.com/callback""#))
            #expect(sent.contains(#""code":"\#(FlowHarness.code)""#))
            let verifier = try #require(sent.split(separator: #""code_verifier":""#).last?.prefix(43))
            let hexadecimal = Hex.encode(SHA256.digest(String(verifier)))
            #expect(flow.parameters["code_challenge"] == Base64.encode(Array(hexadecimal.utf8), .url))
            #expect(!harness.log.text.contains(flow.state))
            #expect(!harness.log.text.contains(verifier))
        }
    }

    @Test func `replaces the flow's cookie by one that can spend nothing`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let before = try #require(browser.cookies[flow.cookieName])
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            let answer = await browser.get(flow.callback())
            let after = try #require(browser.cookies[flow.cookieName])
            #expect(after != before)
            #expect(after.utf8.count < before.utf8.count)
            #expect(answer.head.headerFields[values: .setCookie].allSatisfy { $0.contains("Max-Age=86400") })
        }
    }

    @Test(arguments: ["microsoft", "yahoo", "icloud", "imap", "ews"])
    func `connects at every provider with what it reports`(provider: String) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start(provider)
            let scopes: [String] =
                switch provider {
                case "microsoft": ["Mail.Read", "User.Read"]
                case "yahoo": ["mail-r"]
                default: []
                }
            harness.exchange.append(FlowHarness.token(), harness.grant(flow) { $0.scopes = scopes })
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `asks for what the page promised where Nylas asked for the provider`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let enough = try await browser.start("ask")
            #expect(enough.parameters["scope"] == nil)
            harness.exchange.append(FlowHarness.token(), harness.grant(enough) { $0.provider = "google" })
            #expect(await browser.get(enough.callback()).location == enough.connectedPath)
            let tooLittle = try await browser.start("ask")
            harness.exchange.append(
                FlowHarness.token("other"),
                harness.grant(tooLittle) {
                    $0.id = "other"
                    $0.scopes = ["openid"]
                }
            )
            #expect(await browser.get(tooLittle.callback()).location == tooLittle.problemPath)
        }
    }

    @Test func `calls a second connect of the same mailbox a reconnect`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            for verdict in [FlowOutcome.Verdict.connected, .reconnected] {
                let flow = try await browser.start()
                harness.exchange.append(FlowHarness.token(), harness.grant(flow))
                #expect(await browser.get(flow.callback()).location == flow.connectedPath)
                #expect(try await harness.verdict(of: flow) == verdict)
            }
        }
    }
}

@Suite("The callback's order: what is refused, and what that burns", .timeLimit(.minutes(2)))
struct CallbackRefusalTests {
    /// What a callback may be changed to, and the page it leads to. None of them reaches the exchange, and the flow can
    /// still be finished afterwards.
    struct Attack: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path: @Sendable (Started) -> String
        var leadsTo: @Sendable (Started) -> String

        init(_ name: String, _ path: @escaping @Sendable (Started) -> String, leadsTo word: String) {
            testDescription = name
            self.path = path
            leadsTo = { _ in "/problem/\(word)" }
        }
    }

    static let foreign = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    static let attacks: [Attack] = [
        Attack("no query", { _ in "/callback" }, leadsTo: "unmatched"),
        Attack("no state", { _ in "/callback?code=abc" }, leadsTo: "unmatched"),
        Attack("empty state", { _ in "/callback?code=abc&state=" }, leadsTo: "unmatched"),
        Attack("foreign state", { _ in "/callback?code=abc&state=\(foreign)" }, leadsTo: "unmatched"),
        Attack("foreign state, error", { _ in "/callback?error=access_denied&state=\(foreign)" }, leadsTo: "unmatched"),
        Attack(
            "altered state",
            // One state in sixteen ends in A by itself.
            { "/callback?code=abc&state=\($0.state.dropLast())\($0.state.last == "A" ? "E" : "A")" },
            leadsTo: "unmatched"
        ),
        Attack("cut state", { "/callback?code=abc&state=\($0.state.dropLast())" }, leadsTo: "unmatched"),
        Attack("long state", { "/callback?code=abc&state=\($0.state)AAAA" }, leadsTo: "unmatched"),
        Attack("state in another case", { "/callback?code=abc&state=\($0.state.lowercased())" }, leadsTo: "unmatched"),
        Attack("state padded", { "/callback?code=abc&state=\($0.state)%3D" }, leadsTo: "unmatched"),
        Attack("state with NUL", { "/callback?code=abc&state=\($0.state)%00" }, leadsTo: "malformed"),
        Attack("error without state", { _ in "/callback?error=access_denied" }, leadsTo: "unmatched"),
        Attack("state twice", { "/callback?code=abc&state=\($0.state)&state=\($0.state)" }, leadsTo: "malformed"),
        Attack(
            "state twice, one foreign",
            { "/callback?code=abc&state=\($0.state)&state=\(foreign)" },
            leadsTo: "malformed"
        ),
        Attack("code twice", { $0.callback("code=abc&code=def") }, leadsTo: "malformed"),
        Attack("unknown parameter twice", { $0.callback("code=abc&x=1&x=2") }, leadsTo: "malformed"),
        Attack("encoded name twice", { $0.callback("code=abc&c%6Fde=def") }, leadsTo: "malformed"),
        Attack("broken encoding", { $0.callback("code=%E0%A4%A") }, leadsTo: "malformed"),
        Attack(
            "too many parameters",
            { flow in
                flow.callback((0..<40).map { "p\($0)=1" }.joined(separator: "&"))
            },
            leadsTo: "malformed"
        ),
        Attack("no code", { $0.callback("x=1") }, leadsTo: "malformed"),
        Attack("empty code", { $0.callback("code=") }, leadsTo: "malformed"),
        Attack("code with a line break", { $0.callback("code=a%0D%0Ab") }, leadsTo: "malformed"),
        Attack("code too long", { $0.callback("code=" + String(repeating: "a", count: 4097)) }, leadsTo: "malformed"),
        Attack("admin consent in a code flow", { $0.callback("admin_consent=True&tenant=t") }, leadsTo: "malformed"),
        Attack("admin consent beside a code", { $0.callback("admin_consent=true&code=abc") }, leadsTo: "malformed"),
        Attack("another issuer", { $0.callback("code=abc&iss=https%3A%2F%2Fapi.eu.nylas.com") }, leadsTo: "altered"),
    ]

    @Test(arguments: attacks)
    func `leaves by 303, exchanges nothing and burns nothing`(attack: Attack) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let answer = await browser.get(attack.path(flow))
            #expect(answer.head.status == .seeOther)
            let location = try #require(answer.location)
            #expect(location == attack.leadsTo(flow))
            #expect(answer.head.headerFields[values: .setCookie] == [])
            let page = await browser.get(location)
            #expect(page.head.status == .badRequest)
            #expect(!page.text.contains("abc") && !page.text.contains(flow.state))
            #expect(harness.exchange.requests.isEmpty)
            #expect(try await harness.store.record(of: flow.id) == nil)
            // The same flow is still good.
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test(arguments: [
        (HTTPField.Name.secPurpose, "prefetch"), (.secPurpose, "prefetch;prerender"), (.purpose, "prefetch"),
        (.xMoz, "prefetch"), (.purpose, "preview"),
    ])
    func `answers a preload 503 without effect`(name: HTTPField.Name, value: String) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let answer = await browser.get(flow.callback(), [name: value])
            #expect(answer.head.status == .serviceUnavailable)
            #expect(answer.head.headerFields[.cacheControl] == "no-store")
            #expect(try await harness.store.record(of: flow.id) == nil)
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test(arguments: [HTTPRequest.Method.head, .post, .put, .delete, .options])
    func `does nothing for another method`(method: HTTPRequest.Method) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let answer = await browser.send(method, flow.callback(), [:], content: "")
            #expect(answer.head.status == (method == .options ? .noContent : .methodNotAllowed))
            #expect(try await harness.store.record(of: flow.id) == nil)
        }
    }

    @Test func `refuses a flow that is twenty minutes old`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.wallClock.advance(by: .seconds(20 * 60))
            #expect(await browser.get(flow.callback()).location == flow.problemPath)
            #expect(await browser.get(flow.callback("error=access_denied")).location == flow.problemPath)
            #expect(await browser.get(flow.problemPath).text.contains("That took a little too long"))
            #expect(try await harness.verdict(of: flow) == .expired)
        }
    }

    @Test func `accepts a flow a moment before`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.wallClock.advance(by: .seconds(20 * 60) - .microseconds(1))
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `refuses another browser's callback, and leaves that browser's flow alone`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let attacker = Browser(app: harness.app, wallClock: harness.wallClock)
            _ = try await attacker.start()
            #expect(await attacker.get(flow.callback()).location == "/problem/unmatched")
            #expect(await attacker.get(flow.callback("error=access_denied")).location == "/problem/unmatched")
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            // The result is this browser's alone, too.
            #expect(await attacker.get(flow.connectedPath).head.status == .badRequest)
            #expect(await browser.get(flow.connectedPath).head.status == .ok)
        }
    }

    @Test(arguments: ["altered", "cut", "swapped", "other key", "empty", "garbage"])
    func `refuses a cookie that is not the one it set`(change: String) async throws {
        let harness = try FlowHarness()
        let stranger = try FlowHarness(settings: FlowHarness.settings(keys: SealingKeys(current: FlowHarness.key(9))))
        try await harness.run { browser in
            let flow = try await browser.start()
            let other = try await browser.start()
            let good = try #require(browser.cookies[flow.cookieName])
            let middle = good.index(good.startIndex, offsetBy: 120)
            browser.cookies[flow.cookieName] =
                switch change {
                case "altered": good.replacingCharacters(at: middle, with: good[middle] == "A" ? "B" : "A")
                case "cut": String(good.dropLast(4))
                case "swapped": browser.cookies[other.cookieName]
                case "other key": try await Browser(app: stranger.app, wallClock: stranger.wallClock).cookieOfAStart()
                case "empty": ""
                default: "%%%"
                }
            #expect(await browser.get(flow.callback()).location == "/problem/altered")
            #expect(await browser.get(flow.connectedPath).head.status == .badRequest)
            #expect(try await harness.store.record(of: flow.id) == nil)
            browser.cookies[flow.cookieName] = good
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `opens what a previous key sealed`() async throws {
        let before = try FlowHarness(settings: FlowHarness.settings(keys: SealingKeys(current: FlowHarness.key(1))))
        let old = Browser(app: before.app, wallClock: before.wallClock)
        let flow = try await old.start()
        let keys = SealingKeys(current: FlowHarness.key(2), previous: [FlowHarness.key(3), FlowHarness.key(1)])
        let after = try FlowHarness(settings: FlowHarness.settings(keys: keys))
        try await after.run { browser in
            browser.cookies = old.cookies
            after.exchange.append(FlowHarness.token(), after.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `does not take an answer to another Nylas application than the question`() async throws {
        let harness = try FlowHarness()
        let old = Browser(app: harness.app, wallClock: harness.wallClock)
        let flow = try await old.start()
        var settings = FlowHarness.settings()
        settings.nylas.clientID = "client-2"
        let changed = try FlowHarness(settings: settings)
        try await changed.run { browser in
            browser.cookies = old.cookies
            #expect(await browser.get(flow.callback()).location == "/problem/altered")
        }
    }
}

extension FlowHarness {
    func verdict(of flow: Started) async throws -> FlowOutcome.Verdict? {
        guard case .answered(let outcome) = try await store.record(of: flow.id)?.standing else { return nil }
        return outcome.verdict
    }
}

extension Browser {
    func cookieOfAStart() async throws -> String {
        let flow = try await start()
        return try #require(cookies[flow.cookieName])
    }
}

extension String {
    func replacingCharacters(at index: Index, with character: Character) -> String {
        String(self[..<index]) + String(character) + String(self[self.index(after: index)...])
    }
}
