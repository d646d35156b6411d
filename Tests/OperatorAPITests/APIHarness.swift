import BulkGrants
import ConnectApp
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
import Web

@testable import OperatorAPI

/// The application with the API joined to it, on clocks, randomness, a network and a store that a test holds in its hands.
///
/// Each answer of the API is held against the document: its status must be there, and its content must fit what is said of it.
struct APIHarness: Sendable {
    /// Texts of tokens, as a caller sends them.
    enum Token {
        static let writer = "postern_writer_0123456789abcdefghijklmnopqrstuvwxy"
        static let reader = "postern_reader_0123456789abcdefghijklmnopqrstuvwxy"
        static let other = "postern_other_00123456789abcdefghijklmnopqrstuvwxy"
    }

    static let tokens = [
        ("writer", APIToken.Scope.write, Token.writer), ("reader", .read, Token.reader), ("other", .write, Token.other),
    ].compactMap { APIToken(name: $0.0, scope: $0.1, digest: SHA256.digest($0.2)) }

    let wallClock = ManualWallClock()
    let clock = ManualClock()
    let exchange = ScriptedExchange()
    let log = CapturedLog()
    let settings: ConnectSettings
    let store: any GrantStore & BulkStore
    let bulk: BulkService
    let api: OperatorAPI
    let app: ConnectApp

    static func settings(keys: SealingKeys = SealingKeys(current: key(1))) -> ConnectSettings {
        ConnectSettings(
            publicURL: HTTPOrigin(scheme: .https, host: "connect.example.com"),
            brand: ConnectSettings.Brand(name: "Acme"),
            isOpen: false,
            providers: [.google, .microsoft, .imap],
            offersNylasChooser: true,
            profile: .read,
            nylas: NylasApplication(
                origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
                clientID: "client-1",
                apiKey: Secret("nyk_v0_never_to_be_seen")
            ),
            sealingKeys: keys,
            isSandbox: false
        )
    }

    static func key(_ byte: UInt8) -> SealingKeys.Key {
        SealingKeys.Key(secret: Secret([UInt8](repeating: byte, count: 32)))
    }

    init(
        settings: ConnectSettings = APIHarness.settings(),
        tokens: [APIToken] = APIHarness.tokens,
        store: (any GrantStore & BulkStore)? = nil
    ) throws {
        let headers = SecurityHeaders(publicURL: settings.publicURL, formTarget: settings.nylas.origin)
        let store = store ?? MemoryGrantStore(wallClock: wallClock.clock)
        self.settings = settings
        self.store = store
        let nylas = NylasClient(application: settings.nylas, exchange: exchange)
        let bulk = BulkService(
            store: store,
            client: nylas,
            wallClock: wallClock.clock,
            time: BulkTime(clock),
            random: .system
        )
        self.bulk = bulk
        let made = Mutex<OperatorAPI?>(nil)
        app = ConnectApp(
            settings: settings,
            store: store,
            exchange: exchange,
            wallClock: wallClock.clock,
            clock: clock,
            random: .system,
            logger: log.logger,
            assets: try StaticFiles([("postern.css", []), ("favicon.svg", [])], headers: headers),
            headers: headers,
            joining: { [wallClock, clock, log] disconnection, _ in
                let api = OperatorAPI(
                    settings: settings,
                    tokens: tokens,
                    store: store,
                    disconnection: disconnection,
                    nylas: nylas,
                    bulk: bulk,
                    wallClock: wallClock.clock,
                    clock: clock,
                    random: .system,
                    logger: log.logger,
                    headers: headers
                )
                made.withLock { $0 = api }
                return api.routes
            }
        )
        api = try #require(made.withLock { $0 })
    }

    /// What came back, with the operation that answered; nil where the router did.
    struct Reply: Sendable {
        var status: Int
        var content: JSON
        var response: Response
        var operation: String?

        var code: String? { content["code"]?.text }
        subscript(name: String) -> JSON? { content[name] }
    }

    /// Sends a request as it is, and holds the answer against the document.
    func send(
        _ method: HTTPRequest.Method,
        _ target: String,
        fields: HTTPFields = [:],
        content: [UInt8] = [],
        client: NetworkAddress = .v4(0x0A00_0001)
    ) async -> Reply {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let request = Request(
            id: RequestID("q7K2-ref"),
            head: HTTPRequest(
                method: method,
                scheme: "https",
                authority: "connect.example.com",
                path: target,
                headerFields: fields
            ),
            target: RequestTarget(path: parts[0], query: parts.count > 1 ? parts[1] : nil),
            content: content,
            client: client,
            isSecure: true,
            receivedAt: wallClock.now
        )
        let response = await app.response(to: request)
        let content = (try? JSON(parsing: response.content)) ?? .null
        let route = api.operations.first { $0.template == response.routeTemplate && $0.method == method }
        if let route { hold(response, content, against: route) }
        return Reply(
            status: response.head.status.code,
            content: content,
            response: response,
            operation: route?.operation.id
        )
    }

    /// A call with a token and, if any, JSON.
    func call(
        _ method: HTTPRequest.Method,
        _ path: String,
        token: String? = Token.writer,
        _ json: String? = nil,
        key: String? = nil
    ) async -> Reply {
        var fields: HTTPFields = [:]
        if let token { fields[.authorization] = "Bearer \(token)" }
        if json != nil { fields[.contentType] = "application/json" }
        if let key { fields[.idempotencyKey] = key }
        return await send(method, "/api/v1" + path, fields: fields, content: Array((json ?? "").utf8))
    }

    private func hold(_ response: Response, _ content: JSON, against route: APIRoute) {
        let status = response.head.status
        #expect(response.head.headerFields[.cacheControl] == "no-store")
        if let answer = route.operation.answers.first(where: { $0.status == status }) {
            #expect(response.head.headerFields[.contentType] == answer.mediaType)
            guard answer.mediaType == APIAnswer.json else { return }
            #expect(answer.schema?.misfits(of: content) ?? [] == [], "\(route.operation.id) \(status.code)")
            return
        }
        #expect(APIProblem.schema.misfits(of: content) == [], "\(route.operation.id) \(status.code)")
        #expect(response.head.headerFields[.contentType] == "application/problem+json")
        #expect(content["instance"]?.text == "q7K2-ref")
        #expect(content["status"]?.number == Int64(status.code))
        let codes = route.problems.filter { $0.status == status }.map(\.rawValue)
        #expect(codes.contains(content["code"]?.text ?? ""), "\(route.operation.id) does not say so")
    }

    /// A grant as if somebody had connected it.
    func connect(_ id: String, owner: String? = nil, _ change: (inout StoredGrant) -> Void = { _ in }) async throws {
        var grant = try Sample.grant(id, at: wallClock.now)
        change(&grant)
        try await store.connect("\(id) \(owner ?? "")", saving: grant, owner: owner.map(Sample.owner), wallClock)
    }
}

/// Every line of the log, as text.
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
