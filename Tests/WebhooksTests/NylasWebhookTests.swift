import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Logging
import Nylas
import TestSupport
import Testing
import Timekeeping
import Web

@testable import Webhooks

@Suite("Notifications of Nylas")
struct NylasWebhookTests {
    let wallClock = ManualWallClock()
    let clock = ManualClock()
    let exchange = ScriptedExchange()
    let store: MemoryGrantStore
    static let secret = "whsec_test"

    init() {
        store = MemoryGrantStore(wallClock: wallClock.clock, outbox: Sample.outbox)
    }

    private var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    private func reading() -> GrantReading {
        GrantReading(
            store: store,
            nylas: NylasClient(
                application: NylasApplication(
                    origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
                    clientID: "client",
                    apiKey: Secret("key")
                ),
                exchange: exchange
            ),
            wallClock: wallClock.clock,
            clock: clock,
            random: .system,
            logger: logger
        )
    }

    private func router(
        secrets: [String] = [secret],
        reading: GrantReading? = nil,
        burst: Int = 1000
    ) -> Router {
        let headers = SecurityHeaders(publicURL: HTTPOrigin(scheme: .https, host: "connect.example.com"))
        let webhook = NylasWebhook(
            keys: secrets.map { Secret(Array($0.utf8)) },
            store: store,
            reading: reading ?? self.reading(),
            errors: ErrorPages(headers: headers),
            headers: headers,
            rate: RateLimit(Rate(perMinute: 60, burst: burst), now: { .zero }),
            logger: logger
        )
        return Router(webhook.routes, errors: ErrorPages(headers: headers))
    }

    private func ask(_ router: Router, query: String?) async -> Response {
        await router.response(
            to: Request(
                id: RequestID("r"),
                head: HTTPRequest(method: .get, scheme: "https", authority: "connect.example.com", path: "/x"),
                target: RequestTarget(path: NylasWebhook.path, query: query),
                receivedAt: wallClock.now
            )
        )
    }

    private func send(_ router: Router, _ content: [UInt8], _ fields: HTTPFields) async -> Response {
        await router.response(
            to: Request(
                id: RequestID("r"),
                head: HTTPRequest(
                    method: .post,
                    scheme: "https",
                    authority: "connect.example.com",
                    path: "/x",
                    headerFields: fields
                ),
                target: RequestTarget(path: NylasWebhook.path, query: nil),
                content: content,
                receivedAt: wallClock.now
            )
        )
    }

    private func signed(_ content: [UInt8], with secret: String = secret) -> HTTPFields {
        [
            .nylasSignature: Hex.encode(
                HMACSHA256.authenticationCode(for: content, key: Array(secret.utf8))
            )
        ]
    }

    static func text(_ type: String, _ object: String) -> [UInt8] {
        Array(
            """
            {"specversion":"1.0","type":"\(type)","source":"/nylas/system","id":"x","time":1723821985,\
            "webhook_delivery_attempt":1,"data":{"application_id":"a","object":\(object)}}
            """.utf8
        )
    }

    // The challenge

    @Test(arguments: ["a", "bc609b38-c81f-47fb-a275-1d9bd61be968", "AZaz09-_.~+=", String(repeating: "a", count: 256)])
    func `a challenge is answered with the bare value`(value: String) async {
        let query = "challenge=" + value.replacing("+", with: "%2B")
        let response = await ask(router(), query: query)
        #expect(response.head.status == .ok)
        #expect(response.content == Array(value.utf8))
        #expect(response.head.headerFields[.contentType] == "text/plain; charset=utf-8")
        #expect(response.head.headerFields[.xContentTypeOptions] == "nosniff")
        #expect(response.head.headerFields[.cacheControl] == "no-store")
    }

    @Test func `a challenge is answered before there is a secret: Nylas makes that only afterwards`() async {
        #expect(await ask(router(secrets: []), query: "challenge=abc").head.status == .ok)
    }

    @Test(
        arguments: [
            nil, "", "challenge", "challenge=", "Challenge=a", "challenge=a&challenge=b", "challenge=a&b=c",
            "b=c&challenge=a",
            "a=b", "challenge=%", "challenge=%00", "challenge=%FF", "challenge=<script>alert(1)</script>",
            "challenge=%3Cb%3E",
            "challenge=a%20b", "challenge=a+b", "challenge=a%0Ab", "challenge=a%0D%0ASet-Cookie:x", "challenge=%22",
            "challenge='", "challenge=a%26b", "challenge=a;b", "challenge={}", "challenge=a/b", "challenge=a:b",
            "challenge=a,b",
            "challenge=%C3%BC", "challenge=" + String(repeating: "a", count: 257),
        ] as [String?]
    )
    func `no other challenge is, and nothing of it comes back`(query: String?) async {
        let response = await ask(router(), query: query)
        #expect(response.head.status == .badRequest)
        #expect(!String(decoding: response.content, as: UTF8.self).contains("alert(1)"))
    }

    // The signature

    @Test func `the signature of the known example is right`() {
        let signature = NylasSignature(keys: [Secret(Array("whsec_test".utf8))])
        let content = Array(#"{"specversion":"1.0","type":"grant.created"}"#.utf8)
        let code = "27217de4d3a20fbb79f00be37eaee31b73b2ada60b99fbc4d601e01b30884232"
        #expect(signature.refusal(of: content, [.nylasSignature: code]) == nil)
        #expect(signature.refusal(of: content, [.nylasSignature: code.uppercased()]) == nil)
        #expect(signature.refusal(of: content + [10], [.nylasSignature: code]) == .signatureWrong)
        #expect(NylasSignature(keys: []).refusal(of: content, [.nylasSignature: code]) == .noSecret)
    }

    @Test(arguments: [
        "", "0", "sha256=27217de4d3a20fbb79f00be37eaee31b73b2ada60b99fbc4d601e01b30884232",
        "27217de4d3a20fbb79f00be37eaee31b73b2ada60b99fbc4d601e01b3088423",
        "27217de4d3a20fbb79f00be37eaee31b73b2ada60b99fbc4d601e01b3088423200",
        "JyF95NOiD7t58AvjfjRuMbc7KtpguZ+8TWAeAbMIhCMg",
        "zz217de4d3a20fbb79f00be37eaee31b73b2ada60b99fbc4d601e01b30884232",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ])
    func `whatever else stands there is refused, and changes nothing`(code: String) async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        let content = Self.text("grant.expired", #"{"grant_id":"g"}"#)
        #expect(await send(router(), content, [.nylasSignature: code]).head.status == .forbidden)
        #expect(try await store.nextHintDue() == nil)
    }

    @Test func `no signature and two of them are refused`() async {
        let content = Self.text("grant.expired", #"{"grant_id":"g"}"#)
        var twice = signed(content)
        twice.append(HTTPField(name: .nylasSignature, value: twice[.nylasSignature] ?? ""))
        #expect(await send(router(), content, [:]).head.status == .forbidden)
        #expect(await send(router(), content, twice).head.status == .forbidden)
    }

    @Test func `before there is a secret Nylas is asked to come again`() async {
        let content = Self.text("grant.expired", #"{"grant_id":"g"}"#)
        #expect(await send(router(secrets: []), content, signed(content)).head.status == .serviceUnavailable)
    }

    @Test func `while the secret is changed either is right`() async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        let content = Self.text("grant.expired", #"{"grant_id":"g"}"#)
        let router = router(secrets: ["new-secret", "old-secret"])
        #expect(await send(router, content, signed(content, with: "old-secret")).head.status == .ok)
        #expect(await send(router, content, signed(content, with: "new-secret")).head.status == .ok)
        #expect(await send(router, content, signed(content, with: "older-secret")).head.status == .forbidden)
    }

    @Test func `who is refused too often waits, and who is right never does`() async throws {
        let router = router(burst: 3)
        let content = Self.text("message.created", "{}")
        for _ in 0..<10 { #expect(await send(router, content, signed(content)).head.status == .ok) }
        for _ in 0..<3 { #expect(await send(router, content, [:]).head.status == .forbidden) }
        let response = await send(router, content, [:])
        #expect(response.head.status == .tooManyRequests)
        #expect(response.head.headerFields[.retryAfter] == "1")
    }

    // The content

    @Test(arguments: ["grant.created", "grant.updated", "grant.expired", "grant.deleted", "grant.imap_sync_completed"])
    func `a known grant is noted, compressed or not`(type: String) async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        let content = Self.text(type, #"{"code":25009,"grant_id":"g","integration_id":"i","provider":"google"}"#)
        let response = await send(router(), content, signed(content))
        #expect(response.head.status == .ok)
        #expect(response.content == [])
        #expect(try await store.nextHintDue() == wallClock.now)
    }

    @Test func `what is signed is what came, compressed`() async throws {
        // A type of another family is all that the vector holds.
        let content = try #require(Hex.decode(InflateTests.fixed))
        var fields = signed(content)
        fields[.contentEncoding] = "gzip"
        // It is a grant's, and names none: the signature was right, and the content could be read.
        #expect(await send(router(), content, fields).head.status == .badRequest)
        fields[.contentEncoding] = "br"
        #expect(await send(router(), content, fields).head.status == .unsupportedMediaType)
        fields[.contentEncoding] = "gzip, gzip"
        #expect(await send(router(), content, fields).head.status == .unsupportedMediaType)
        let plain = signed(Array(InflateTests.text.utf8))
        #expect(await send(router(), content, plain).head.status == .forbidden)
    }

    @Test func `an unknown grant is never asked for, and is no fault`() async throws {
        let content = Self.text("grant.updated", #"{"grant_id":"5fa64c92-e840-4357-86b9-2aa364d35b88"}"#)
        #expect(await send(router(), content, signed(content)).head.status == .ok)
        #expect(try await store.nextHintDue() == nil)
        try exchange.finish()
    }

    @Test(arguments: ["message.created", "thread.replied", "grant", "Grant.expired", "something.new", ""])
    func `other types are fine and change nothing`(type: String) async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        let content = Self.text(type, #"{"grant_id":"g"}"#)
        #expect(await send(router(), content, signed(content)).head.status == .ok)
        #expect(try await store.nextHintDue() == nil)
    }

    @Test(arguments: [
        "", "null", "[]", "42", "{", #"{"type":1}"#, #"{"type":"grant.expired"}"#,
        #"{"type":"grant.expired","data":[]}"#,
        #"{"type":"grant.expired","data":{"object":{}}}"#,
        #"{"type":"grant.expired","data":{"object":{"grant_id":7}}}"#,
        #"{"type":"grant.expired","data":{"object":{"grant_id":"me"}}}"#,
        #"{"type":"grant.expired","data":{"object":{"grant_id":"../applications"}}}"#,
        #"{"type":"grant.expired","data":{"object":{"grant_id":"a@b.example"}}}"#,
        #"{"type":"grant.expired","data":{"object":{"grant_id":""}}}"#,
    ])
    func `signed nonsense is refused`(text: String) async throws {
        let content = Array(text.utf8)
        #expect(await send(router(), content, signed(content)).head.status == .badRequest)
        try exchange.finish()
    }

    @Test func `content beyond a mebibyte is not even read`() {
        let head = HTTPRequest(
            method: .post,
            scheme: "https",
            authority: "connect.example.com",
            path: NylasWebhook.path
        )
        let target = RequestTarget(path: NylasWebhook.path, query: nil)
        #expect(router().contentLimitBytes(for: head, target: target) == 1 << 20)
    }

    // What follows

    private func grant(_ status: String, scopes: String = #"["gmail.readonly","openid"]"#) -> ScriptedExchange.Answer {
        .json(
            """
            {"request_id":"q","data":{"id":"g","provider":"google","scope":\(scopes),"grant_status":"\(status)",\
            "email":"ada@example.com","created_at":1787302140,"updated_at":1787302199}}
            """
        )
    }

    /// Notes the grant and looks until nothing more is due.
    private func look() async throws {
        let reading = reading()
        #expect(try await store.noteHint(try Sample.grantID("g")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await reading.run() }
            await clock.sleepers(atLeast: 1)
            reading.drain()
            try await group.next()
            group.cancelAll()
        }
    }

    private func types() async throws -> [EventType] {
        try await store.events(matching: OutboxFilter()).map(\.event.type)
    }

    @Test func `what Nylas says of the grant is believed, not what the notification says`() async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        exchange.append(grant("invalid"))
        try await look()
        #expect(try await store.grant(Sample.grantID("g"))?.status == .invalid)
        #expect(try await types() == [.grantExpired, .grantConnected])
        #expect(exchange.requests.map(\.pathAndQuery) == ["/v3/grants/g"])
        try exchange.finish()
    }

    @Test func `a grant that is gone is forgotten, and its owners are told`() async throws {
        try await store.connect(
            "s",
            saving: Sample.grant("g", at: wallClock.now),
            owner: Sample.owner("ada"),
            wallClock
        )
        exchange.append(.json(#"{"request_id":"q","error":{"type":"not_found_error","message":"m"}}"#, status: 404))
        try await look()
        #expect(try await store.grant(Sample.grantID("g")) == nil)
        #expect(try await types() == [.grantRevoked, .grantConnected])
        try exchange.finish()
    }

    @Test func `the same said three times, and in any order, tells it once`() async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        exchange.append(grant("invalid"), grant("invalid"), grant("invalid"))
        for _ in 0..<3 { try await look() }
        #expect(try await types() == [.grantExpired, .grantConnected])
        try exchange.finish()
    }

    @Test func `an answer older than what the store has changes nothing, and Nylas is asked again later`() async throws
    {
        var newer = try Sample.grant("g", at: wallClock.now)
        newer.updatedAt = wallClock.now + .seconds(60)
        try await store.connect("s", saving: newer, wallClock)
        exchange.append(grant("invalid"))
        try await look()
        #expect(try await store.grant(Sample.grantID("g"))?.status == .valid)
        #expect(try await store.nextHintDue() == wallClock.now + .seconds(2))
        try exchange.finish()
    }

    @Test(arguments: [500, 503, 429, 401]) func `a Nylas that fails is asked again later`(status: Int) async throws {
        try await store.connect("s", saving: Sample.grant("g", at: wallClock.now), wallClock)
        exchange.append(.json("{}", status: status))
        try await look()
        #expect(try await store.nextHintDue() == wallClock.now + .seconds(2))
        try exchange.finish()
    }
}
