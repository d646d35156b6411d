import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Logging
import Nylas
import Synchronization
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp
@testable import Web

/// The whole application on clocks, randomness, a network and a store that a test holds in its hands.
struct FlowHarness: Sendable {
    static let apiKey = "nyk_v0_never_to_be_seen"
    static let code = "code-never-to-be-seen"
    static let mailbox = "jane.doe@example.com"
    static let grantID = "5bf9aa1e-0e2f-4a3c-9c2e-0d6a3d1c1d11"

    let wallClock = ManualWallClock()
    let clock = ManualClock()
    let exchange = ScriptedExchange()
    let log = CapturedLog()
    let counts = CapturedCounts()
    let store: any GrantStore
    let settings: ConnectSettings
    let app: ConnectApp

    static func settings(
        providers: [Provider] = Provider.allCases,
        isOpen: Bool = true,
        offersNylasChooser: Bool = true,
        profile: AccessProfile = .read,
        returnURLs: [String] = [],
        confirmationURL: String? = nil,
        keys: SealingKeys = SealingKeys(current: key(1))
    ) -> ConnectSettings {
        ConnectSettings(
            publicURL: HTTPOrigin(scheme: .https, host: "connect.example.com"),
            brand: ConnectSettings.Brand(name: "Acme"),
            isOpen: isOpen,
            providers: providers,
            offersNylasChooser: offersNylasChooser,
            profile: profile,
            returnURLs: returnURLs,
            confirmationURL: confirmationURL,
            nylas: NylasApplication(
                origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
                clientID: "client-1",
                apiKey: Secret(apiKey)
            ),
            sealingKeys: keys,
            isSandbox: false
        )
    }

    static func key(_ byte: UInt8) -> SealingKeys.Key {
        SealingKeys.Key(secret: Secret([UInt8](repeating: byte, count: 32)))
    }

    init(
        settings: ConnectSettings = FlowHarness.settings(),
        random: RandomSource = .system,
        store: (any GrantStore)? = nil
    ) throws {
        let headers = SecurityHeaders(publicURL: settings.publicURL, formTarget: settings.nylas.origin)
        let store = store ?? MemoryGrantStore(wallClock: wallClock.clock)
        self.settings = settings
        self.store = store
        let counts = counts
        app = ConnectApp(
            settings: settings,
            store: store,
            exchange: exchange,
            wallClock: wallClock.clock,
            clock: clock,
            random: random,
            logger: log.logger,
            assets: try StaticFiles([("postern.css", []), ("favicon.svg", [])], headers: headers),
            headers: headers,
            count: { counts.note($0) }
        )
    }

    /// Runs the application around `body`, and checks afterwards that every scripted answer was used, that no other call was
    /// made, and that nothing secret was logged.
    func run(_ body: @Sendable (Browser) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await app.run() }
            try await body(Browser(app: app, wallClock: wallClock))
            app.drain()
            try await group.waitForAll()
        }
        try exchange.finish()
        for secret in [Self.apiKey, Self.code, Self.mailbox, "__Host-", "postern-", "code_verifier", "Bearer"] {
            #expect(!log.text.contains(secret), "the log gives something away")
        }
        for request in exchange.requests {
            #expect(request.fields[.authorization] == "Bearer \(Self.apiKey)")
            #expect(request.origin == settings.nylas.origin)
        }
    }

    /// A token answer.
    static func token(_ id: String = grantID) -> ScriptedExchange.Answer {
        .json(#"{"access_token":"never-to-be-seen","token_type":"Bearer","expires_in":3600,"grant_id":"\#(id)"}"#)
    }

    /// What Nylas says about a grant of this flow, as one answer.
    func grant(_ flow: Started, _ change: (inout GrantFields) -> Void = { _ in }) -> ScriptedExchange.Answer {
        .json(#"{"request_id":"r","data":\#(grantObject(flow, change))}"#)
    }

    /// What Nylas says about all grants, as one page.
    static func list(_ grants: [String]) -> ScriptedExchange.Answer {
        .json(#"{"request_id":"r","data":[\#(grants.joined(separator: ","))],"limit":100,"offset":0}"#)
    }

    struct GrantFields {
        var id = FlowHarness.grantID
        var provider: String
        var scopes = ["https://www.googleapis.com/auth/gmail.readonly", "openid"]
        var status = "valid"
        var email = FlowHarness.mailbox
        var createdAt: Int64
        var updatedAt: Int64
        var state: String
    }

    func grantObject(_ flow: Started, _ change: (inout GrantFields) -> Void = { _ in }) -> String {
        var fields = GrantFields(
            provider: flow.provider ?? "google",
            createdAt: wallClock.now.secondsSince1970,
            updatedAt: wallClock.now.secondsSince1970,
            state: flow.state
        )
        change(&fields)
        let scopes = fields.scopes.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"id":"\#(fields.id)","provider":"\#(fields.provider)","scope":[\#(scopes)],"#
            + #""grant_status":"\#(fields.status)","email":"\#(fields.email)","created_at":\#(fields.createdAt),"#
            + #""updated_at":\#(fields.updatedAt),"state":"\#(fields.state)"}"#
    }
}

/// A flow that a browser has started, as an onlooker at Nylas knows it.
struct Started: Sendable {
    var state: String
    var provider: String?
    var parameters: [String: String]

    var id: FlowID { FlowID(state: state) }
    var connectedPath: String { "/connected/\(id.shortID)" }
    var problemPath: String { "/problem/\(id.shortID)" }
    var cookieName: String { "__Host-postern-\(id.shortID)" }

    func callback(_ rest: String = "code=\(FlowHarness.code)") -> String { "/callback?state=\(state)&\(rest)" }
}

/// A browser as far as Postern can tell: it keeps cookies and says where its requests come from.
final class Browser: Sendable {
    let app: ConnectApp
    let wallClock: ManualWallClock
    /// The ID of its requests.
    private let reference: String
    private let jar = Mutex<[String: String]>([:])
    private let from = Mutex(NetworkAddress.local)

    init(app: ConnectApp, wallClock: ManualWallClock, reference: String = "request-1") {
        self.app = app
        self.wallClock = wallClock
        self.reference = reference
    }

    /// Where its requests come from.
    var client: NetworkAddress {
        get { from.withLock { $0 } }
        set { from.withLock { $0 = newValue } }
    }

    var cookies: [String: String] {
        get { jar.withLock { $0 } }
        set { jar.withLock { $0 = newValue } }
    }

    func get(_ path: String, _ fields: HTTPFields = [:]) async -> Response {
        await send(.get, path, fields, content: "")
    }

    func post(_ path: String, form: String, _ fields: HTTPFields? = nil) async -> Response {
        let own: HTTPFields = [.contentType: "application/x-www-form-urlencoded", .fetchSite: "same-origin"]
        return await send(.post, path, fields ?? own, content: form)
    }

    func send(_ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields, content: String) async -> Response {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var head = HTTPRequest(method: method, scheme: "https", authority: "connect.example.com", path: path)
        head.headerFields = fields
        let cookie = cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        if !cookie.isEmpty { head.headerFields[.cookie] = cookie }
        let response = await app.response(
            to: Request(
                id: RequestID(reference),
                head: head,
                target: RequestTarget(path: parts[0], query: parts.count > 1 ? parts[1] : nil),
                content: Array(content.utf8),
                client: client,
                receivedAt: wallClock.now
            )
        )
        for field in response.head.headerFields[values: .setCookie] { keep(field) }
        return response
    }

    private func keep(_ setCookie: String) {
        let parts = setCookie.split(separator: ";").map { $0.drop { $0 == " " } }
        #expect(
            Set(parts.dropFirst().filter { !$0.hasPrefix("Max-Age") }) == [
                "Path=/", "Secure", "HttpOnly", "SameSite=Lax",
            ]
        )
        let pair = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        jar.withLock { $0[pair[0]] = parts.contains("Max-Age=0") ? nil : pair[1] }
    }

    /// Starts a flow and follows it to Nylas.
    ///
    /// - Parameter rest: further fields of the form.
    func start(_ provider: String = "google", form rest: String = "") async throws -> Started {
        let response = await post("/connect", form: "provider=\(provider)\(rest)")
        #expect(response.head.status == .seeOther)
        let location = try #require(response.location)
        let query = try #require(location.split(separator: "?", maxSplits: 1).last)
        let parameters = Dictionary(try FormCoding.decode(query).map { ($0.name, $0.value) }) { first, _ in first }
        return Started(
            state: try #require(parameters["state"]),
            provider: parameters["provider"],
            parameters: parameters
        )
    }
}

extension Response {
    var location: String? { head.headerFields[.location] }
}

extension HTTPField.Name {
    static let fetchSite = named("Sec-Fetch-Site")
    static let secPurpose = named("Sec-Purpose")
    static let purpose = named("Purpose")
    static let xMoz = named("X-Moz")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is a token") }
        return name
    }
}

/// Every line that was logged, with its metadata, as one text.
final class CapturedLog: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let details = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let line =
                "\(event.level) \(event.message) \(details.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
            log.lines.withLock { $0.append(line) }
        }
    }
}

/// Everything that was counted, in its order.
final class CapturedCounts: Sendable {
    private let counts = Mutex<[FlowCount]>([])

    var all: [FlowCount] { counts.withLock { $0 } }

    func note(_ count: FlowCount) { counts.withLock { $0.append(count) } }
}

/// A store that fails where a test wants it to.
final class FailingStore: GrantStore {
    struct Failures: Sendable {
        var look: StoreError?
        var claim: StoreError?
        var record: StoreError?
        var answer: StoreError?
        var takeOver: StoreError?
        var leave: StoreError?
        var forget: StoreError?
    }

    let inner: MemoryGrantStore
    private let failures = Mutex(Failures())

    init(_ inner: MemoryGrantStore) {
        self.inner = inner
    }

    func fail(_ change: (inout Failures) -> Void) {
        failures.withLock { change(&$0) }
    }

    func check(_ failure: any KeyPath<Failures, StoreError?> & Sendable) throws(StoreError) {
        if let error = failures.withLock({ $0[keyPath: failure] }) { throw error }
    }

    func claim(_ claim: FlowClaim, lease: Lease) async throws(StoreError) -> ClaimResult {
        try check(\.claim)
        return try await inner.claim(claim, lease: lease)
    }

    func record(_ outcome: FlowOutcome, for claim: FlowClaim) async throws(StoreError) -> FlowRecord.Standing {
        try check(\.record)
        return try await inner.record(outcome, for: claim)
    }

    func answer(
        _ flow: FlowID,
        with outcome: FlowOutcome,
        saving grant: StoredGrant?,
        heldBy instance: String
    ) async throws(StoreError) -> FlowRecord.Standing {
        try check(\.answer)
        return try await inner.answer(flow, with: outcome, saving: grant, heldBy: instance)
    }

    func record(of flow: FlowID) async throws(StoreError) -> FlowRecord? {
        try check(\.look)
        return try await inner.record(of: flow)
    }

    func openClaims() async throws(StoreError) -> [FlowRecord] { try await inner.openClaims() }

    func takeOver(_ flow: FlowID, lease: Lease, at now: Timestamp) async throws(StoreError) -> Bool {
        try check(\.takeOver)
        return try await inner.takeOver(flow, lease: lease, at: now)
    }

    func purgeFlows(answeredBefore moment: Timestamp) async throws(StoreError) -> Int {
        try await inner.purgeFlows(answeredBefore: moment)
    }

    func use(of link: LinkID) async throws(StoreError) -> LinkUse? {
        try check(\.look)
        return try await inner.use(of: link)
    }

    func revoke(_ link: LinkClaim, by actor: Actor?) async throws(StoreError) -> LinkUse {
        try await inner.revoke(link, by: actor)
    }
    func begin(_ call: IdempotentCall, lease: Duration) async throws(StoreError) -> IdempotencyStanding {
        try await inner.begin(call, lease: lease)
    }
    func finish(_ call: IdempotentCall, sealedAnswer: String, keptFor: Duration) async throws(StoreError) {
        try await inner.finish(call, sealedAnswer: sealedAnswer, keptFor: keptFor)
    }
    func abandon(_ call: IdempotentCall) async throws(StoreError) { try await inner.abandon(call) }

    func purgeLinks(expiredBefore moment: Timestamp) async throws(StoreError) -> Int {
        try await inner.purgeLinks(expiredBefore: moment)
    }

    func tellResult(of flow: FlowID, to token: String) async throws(StoreError) -> ResultTelling {
        try await inner.tellResult(of: flow, to: token)
    }

    func confirm(_ word: HostWord, isOwner: Bool) async throws(StoreError) -> ConfirmationAnswer {
        try await inner.confirm(word, isOwner: isOwner)
    }

    func confirmation(of flow: FlowID) async throws(StoreError) -> FlowConfirmation? {
        try check(\.look)
        return try await inner.confirmation(of: flow)
    }

    func grant(_ id: GrantID) async throws(StoreError) -> StoredGrant? { try await inner.grant(id) }

    func grants(matching filter: GrantFilter) async throws(StoreError) -> [StoredGrant] {
        try await inner.grants(matching: filter)
    }

    func refresh(_ grant: StoredGrant, reason: String) async throws(StoreError) -> Bool {
        try await inner.refresh(grant, reason: reason)
    }

    func checkWritable() async throws(StoreError) {}
}
