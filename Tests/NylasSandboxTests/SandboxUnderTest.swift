import Cryptography
import HTTPSemantics
import HTTPTypes
import NylasSandbox
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// A sandbox with a clock moved by hand, spoken to without a socket.
final class SandboxUnderTest: Sendable {
    static let clientID = "5a1c7d3e-0000-4000-8000-000000000001"
    static let apiKey = "nyk_v0_sandbox"
    static let callback = "http://localhost:8080/callback"
    static let appCallback = "com.example.app://callback"

    let sandbox: NylasSandbox
    let wallClock = ManualWallClock()
    let clock = ManualClock()
    private let requests = Mutex(0)

    convenience init(
        connectors: [SandboxProvider] = SandboxProvider.mailboxes,
        limits: SandboxConfiguration.Limits = .init()
    ) {
        self.init(
            SandboxConfiguration(
                origin: HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081),
                clientID: Self.clientID,
                apiKey: Self.apiKey,
                redirectURIs: [
                    .init(url: Self.callback),
                    .init(url: Self.appCallback, platform: .ios, settings: ["bundle_id": "com.example.app"]),
                ],
                connectors: connectors,
                limits: limits
            )
        )
    }

    init(_ configuration: SandboxConfiguration) {
        let draws = Mutex<UInt64>(0)
        sandbox = NylasSandbox(
            configuration: configuration,
            wallClock: wallClock.clock,
            // Predictable, and without an end: 256 different draws are too few for some tests here.
            random: RandomSource { count in
                let number = draws.withLock { draws in
                    draws += 1
                    return draws
                }
                return Array(SHA256.digest("draw \(number)").prefix(count))
            },
            clock: clock
        )
    }

    func send(
        _ method: HTTPRequest.Method,
        _ address: String,
        fields: HTTPFields = [:],
        content: String = ""
    ) async -> Answer {
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let target = RequestTarget(path: parts[0], query: parts.count > 1 ? parts[1] : nil)
        let number = requests.withLock { requests in
            requests += 1
            return requests
        }
        let head = HTTPRequest(
            method: method,
            scheme: "http",
            authority: "127.0.0.1:8081",
            path: address,
            headerFields: fields
        )
        let request = Request(
            id: RequestID("request-\(number)"),
            head: head,
            target: target,
            content: Array(content.utf8),
            client: .v4(0x7F00_0001),
            receivedAt: wallClock.now
        )
        #expect(sandbox.contentLimitBytes(for: head, target: target) >= content.utf8.count)
        return Answer(await sandbox.response(to: request))
    }

    /// A call with the application's key.
    func call(_ method: HTTPRequest.Method, _ address: String, json: String? = nil) async -> Answer {
        var fields: HTTPFields = [.authorization: "Bearer \(Self.apiKey)"]
        if json != nil { fields[.contentType] = "application/json" }
        return await send(method, address, fields: fields, content: json ?? "")
    }

    func submit(_ address: String, _ form: [(String, String)]) async -> Answer {
        await send(
            .post,
            address,
            fields: [.contentType: "application/x-www-form-urlencoded"],
            content: FormCoding.encode(form)
        )
    }

    func script(_ json: String) async -> Answer {
        await send(.post, "/sandbox/script", fields: [.contentType: "application/json"], content: json)
    }

    // MARK: The flow in steps

    static func authorization(_ changes: [String: String?] = [:]) -> String {
        var parameters = [
            "client_id": clientID, "redirect_uri": callback, "response_type": "code", "provider": "google",
            "state": "state-of-ours", "scope": "https://www.googleapis.com/auth/gmail.readonly",
        ]
        for (name, value) in changes { parameters[name] = value }
        return "/v3/connect/auth?" + FormCoding.encode(parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// Signs in at one provider, up to the consent page.
    ///
    /// - Returns: the address of the consent page.
    func signIn(_ changes: [String: String?] = [:], address: String = "ada@google.example") async throws -> String {
        let start = await send(.get, Self.authorization(changes))
        #expect(start.status == .found)
        let signInPage = try #require(start.location)
        let signedIn = await submit(signInPage, [("address", address), ("decision", "continue")])
        #expect(signedIn.status == .seeOther)
        return try #require(signedIn.location)
    }

    /// Goes through to the end as a person who approves.
    func approve(
        _ changes: [String: String?] = [:],
        address: String = "ada@google.example",
        form: [(String, String)] = []
    ) async throws -> Answer {
        await submit(try await signIn(changes, address: address), [("decision", "approve")] + form)
    }

    func code(
        _ changes: [String: String?] = [:],
        address: String = "ada@google.example",
        form: [(String, String)] = []
    ) async throws -> String {
        try #require(try await approve(changes, address: address, form: form).returned["code"])
    }

    func exchange(_ code: String, _ changes: [String: String?] = [:], fields: HTTPFields = [:]) async -> Answer {
        var parameters = [
            "client_id": Self.clientID, "client_secret": Self.apiKey, "redirect_uri": Self.callback, "code": code,
            "grant_type": "authorization_code",
        ]
        for (name, value) in changes { parameters[name] = value }
        let json = "{" + parameters.map { #""\#($0.key)": "\#($0.value)""# }.joined(separator: ",") + "}"
        var fields = fields
        fields[.contentType] = "application/json"
        return await send(.post, "/v3/connect/token", fields: fields, content: json)
    }

    /// Connects a mailbox.
    ///
    /// - Returns: its grant ID.
    func connect(_ changes: [String: String?] = [:], address: String = "ada@google.example") async throws -> String {
        let answer = await exchange(try await code(changes, address: address))
        return try #require(answer.json["grant_id"]?.text)
    }
}
