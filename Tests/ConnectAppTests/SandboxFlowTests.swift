import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Logging
import Nylas
import NylasSandbox
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp
@testable import Web

/// The application and the sandbox, joined without a socket.
@Suite("A connect against the sandbox", .timeLimit(.minutes(2)))
struct SandboxFlowTests {
    private struct Wire: HTTPExchange {
        let sandbox: NylasSandbox
        let wallClock: ManualWallClock

        func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
            var head = HTTPRequest(
                method: request.method,
                scheme: "http",
                authority: request.origin.authority,
                path: request.pathAndQuery
            )
            head.headerFields = request.fields
            let answer = await sandbox.response(to: Wire.inbound(head, request.content, wallClock))
            return OutboundResponse(head: answer.head, content: answer.content)
        }

        static func inbound(_ head: HTTPRequest, _ content: [UInt8], _ wallClock: ManualWallClock) -> Request {
            let parts = (head.path ?? "/").split(separator: "?", maxSplits: 1).map(String.init)
            return Request(
                id: RequestID("sandbox-1"),
                head: head,
                target: RequestTarget(path: parts[0], query: parts.count > 1 ? parts[1] : nil),
                content: content,
                receivedAt: wallClock.now
            )
        }
    }

    private let wallClock = ManualWallClock()
    private let clock = ManualClock()
    private let log = CapturedLog()
    private let store: MemoryGrantStore
    private let sandbox: NylasSandbox
    private let app: ConnectApp

    init() throws {
        let origin = HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081)
        var settings = FlowHarness.settings()
        settings.nylas.origin = origin
        sandbox = NylasSandbox(
            configuration: SandboxConfiguration(
                origin: origin,
                clientID: settings.nylas.clientID,
                apiKey: FlowHarness.apiKey,
                redirectURIs: [.init(url: settings.redirectURI)]
            ),
            wallClock: wallClock.clock,
            random: .system,
            clock: clock
        )
        store = MemoryGrantStore(wallClock: wallClock.clock)
        let headers = SecurityHeaders(publicURL: settings.publicURL, formTarget: origin)
        app = ConnectApp(
            settings: settings,
            store: store,
            exchange: Wire(sandbox: sandbox, wallClock: wallClock),
            wallClock: wallClock.clock,
            clock: clock,
            random: .system,
            logger: log.logger,
            assets: try StaticFiles([("postern.css", []), ("favicon.svg", [])], headers: headers),
            headers: headers
        )
    }

    private func sandbox(_ method: HTTPRequest.Method, _ path: String, form: String = "") async -> Response {
        var head = HTTPRequest(method: method, scheme: "http", authority: "127.0.0.1:8081", path: path)
        if method == .post { head.headerFields[.contentType] = "application/x-www-form-urlencoded" }
        return await sandbox.response(to: Wire.inbound(head, Array(form.utf8), wallClock))
    }

    /// What a person does at Nylas and the provider.
    ///
    /// - Returns: where that leads back to, as path and query.
    private func signIn(_ location: String, address: String, decision: String) async throws -> String {
        let signInPage = try #require(await sandbox(.get, Self.path(location)).location)
        let consentPage = try #require(
            await sandbox(.post, Self.path(signInPage), form: "address=\(address)&decision=continue").location
        )
        let back = try #require(await sandbox(.post, Self.path(consentPage), form: decision).location)
        #expect(back.hasPrefix("https://connect.example.com/callback?"))
        return Self.path(back)
    }

    private static func path(_ address: String) -> String {
        guard let scheme = address.firstRange(of: "://") else { return address }
        return String(address[scheme.upperBound...].drop { $0 != "/" })
    }

    private func run(_ body: @Sendable (Browser) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await app.run() }
            try await body(Browser(app: app, wallClock: wallClock))
            app.drain()
            try await group.waitForAll()
        }
        #expect(!log.text.contains(FlowHarness.apiKey) && !log.text.contains("@example.com"))
    }

    @Test(arguments: Provider.allCases)
    func `connects at every provider`(provider: Provider) async throws {
        try await run { browser in
            let start = await browser.post("/connect", form: "provider=\(provider.rawValue)")
            wallClock.advance(by: .seconds(20))
            let back = try await signIn(
                try #require(start.location),
                address: "jane@example.com",
                decision: "decision=approve"
            )
            let answer = await browser.get(back)
            let result = try #require(answer.location)
            #expect(result.hasPrefix("/connected/"))
            let page = await browser.get(result)
            #expect(page.head.status == .ok && page.text.contains("jane@example.com"))
            let grants = try await store.grants(matching: GrantFilter())
            #expect(grants.map(\.address) == ["jane@example.com"])
            #expect(grants.map(\.providerName) == [provider.rawValue])
            // Back and reload.
            #expect(await browser.get(back).location == result)
        }
    }

    @Test(arguments: [
        "decision=cancel", "decision=approve&outcome=deny", "decision=approve&outcome=scopes_left_out",
        "decision=approve&outcome=scopes_conflict", "decision=approve&outcome=admin_approval",
        "decision=approve&outcome=provider_error", "decision=approve&outcome=connector_missing",
    ])
    func `saves nothing when it goes wrong there`(decision: String) async throws {
        try await run { browser in
            let start = await browser.post("/connect", form: "provider=google")
            wallClock.advance(by: .seconds(20))
            let back = try await signIn(try #require(start.location), address: "jane@example.com", decision: decision)
            let result = try #require(await browser.get(back).location)
            #expect(result.hasPrefix("/problem/"))
            #expect(await browser.get(result).head.status == .ok)
            #expect(try await store.grants(matching: GrantFilter()).isEmpty)
        }
    }

    @Test func `a code redeemed for one flow is worth nothing in another`() async throws {
        try await run { browser in
            let first = await browser.post("/connect", form: "provider=google")
            let second = await browser.post("/connect", form: "provider=google")
            let backOfFirst = try await signIn(
                try #require(first.location),
                address: "jane@example.com",
                decision: "decision=approve"
            )
            let backOfSecond = try await signIn(
                try #require(second.location),
                address: "bob@example.com",
                decision: "decision=approve"
            )
            // Code injection: the first flow's code behind the second flow's state (RFC 9700 §4.5). PKCE refuses it.
            func parameter(_ name: String, _ path: String) throws -> String {
                let query = try #require(path.split(separator: "?", maxSplits: 1).last)
                return try #require(try FormCoding.decode(query).first { $0.name == name }?.value)
            }
            let mixed =
                "/callback?code=\(PercentCoding.encodeComponent(try parameter("code", backOfFirst)))"
                + "&state=\(try parameter("state", backOfSecond))"
            #expect(try #require(await browser.get(mixed).location).hasPrefix("/problem/"))
            #expect(try await store.grants(matching: GrantFilter()).isEmpty)
        }
    }
}
