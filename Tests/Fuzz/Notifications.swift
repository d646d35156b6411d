import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import Logging
import Nylas
import OperatorAPI
import TestSupport
import Timekeeping
import Web

@testable import Webhooks

// Webhooks in: whoever has not the secret changes nothing, and what is signed is read in one way.

private let secret = Array("whsec_fuzzing".utf8)
private let wallClock = ManualWallClock()
private let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

/// With one grant, of which notifications may speak.
private func makeStore() async throws -> MemoryGrantStore {
    let store = MemoryGrantStore(wallClock: wallClock.clock)
    try await store.connect("a", saving: Sample.grant("g", at: wallClock.now), wallClock)
    return store
}

private func makeRouter(_ store: MemoryGrantStore) -> Router {
    let origin = HTTPOrigin(scheme: .https, host: "connect.example.com")
    let headers = SecurityHeaders(publicURL: origin)
    let nylas = NylasApplication(origin: origin, clientID: "client", apiKey: Secret("key"))
    let webhook = NylasWebhook(
        keys: [Secret(Array("whsec_older".utf8)), Secret(secret)],
        store: store,
        reading: GrantReading(
            store: store,
            nylas: NylasClient(application: nylas, exchange: ScriptedExchange()),
            wallClock: wallClock.clock,
            clock: ManualClock(),
            random: ScriptedRandom().source,
            logger: logger
        ),
        errors: ErrorPages(headers: headers),
        headers: headers,
        rate: RateLimit(Rate(perMinute: 1_000_000, burst: 1_000_000), now: { .zero }),
        logger: logger
    )
    return Router(webhook.routes, errors: ErrorPages(headers: headers))
}

/// The first octet chooses how it comes and who has signed it; the rest is the content, and once more the challenge's query.
func notify(_ input: [UInt8]) {
    guard let choice = input.first else { return }
    let text = Array(input.dropFirst())
    Here.run {
        let store = try await makeStore()
        let router = makeRouter(store)
        await challenge(router, String(decoding: text, as: UTF8.self))
        let content = choice & 1 == 0 ? text : zipped(text)
        let coding = choice & 1 == 0 ? nil : choice & 2 == 0 ? "gzip" : "X-GZip"
        let signature = Hex.encode(HMACSHA256.authenticationCode(for: content, key: secret))
        for (fields, isSigned) in signatures(signature, text, choice) {
            let answer = await send(router, content, fields, coding)
            let status = answer.head.status.code
            require(answer.content.count <= 16 << 10, "a long answer")
            let isNoted = try await store.nextHintDue() != nil
            guard isSigned else {
                require(status == 403 && !isNoted, "believed without a signature: \(status)")
                continue
            }
            require(status == 200 && answer.content.isEmpty || status == 400 && !isNoted, "\(status) \(isNoted)")
            require((status == 200) == ((try? Notification(text, [:])) != nil), "the coding decides what is read")
            if status == 200 { check(text, isNoted) }
        }
    }
}

/// One of those that must be refused, then the right one.
private func signatures(_ right: String, _ text: [UInt8], _ choice: UInt8) -> [([String], Bool)] {
    func code(_ content: [UInt8], _ key: [UInt8]) -> String {
        Hex.encode(HMACSHA256.authenticationCode(for: content, key: key))
    }
    let wrong: [String] =
        switch (choice >> 3) % 5 {
        case 0: []
        case 1: [right, right]
        case 2: [String(right.dropLast(2))]
        case 3: [code(text, [])]
        default: [code(text + [choice], secret)]
        }
    return [(wrong, false), ([choice & 4 == 0 ? right : right.uppercased()], true)]
}

/// What a strict reader finds in it is what was noted.
private func check(_ text: [UInt8], _ isNoted: Bool) {
    guard let strict = try? JSON(parsing: text) else { return }
    let grant = strict["data"]?["object"]?["grant_id"]?.text
    let isOurs = strict["type"]?.text?.hasPrefix("grant.") == true && grant == "g"
    require(isNoted == isOurs, "read otherwise: \(strict)")
}

private func challenge(_ router: Router, _ query: String) async {
    let answer = await send(router, .get, query: query, [], [:])
    guard answer.head.status == .ok else {
        require(answer.head.status == .badRequest, "\(answer.head.status)")
        return
    }
    let pairs = (try? FormCoding.decode(query)) ?? []
    require(pairs.count == 1 && pairs[0].name == "challenge", "another query: \(pairs)")
    require(answer.content == Array(pairs[0].value.utf8) && answer.content.count <= 256, "another value")
    require(answer.content.allSatisfy { (0x21...0x7E).contains($0) && !"<>\"'&".utf8.contains($0) }, "no plain word")
}

private func send(_ router: Router, _ content: [UInt8], _ signatures: [String], _ coding: String?) async -> Response {
    var fields: HTTPFields = [:]
    for signature in signatures { fields.append(HTTPField(name: .nylasSignature, value: signature)) }
    if let coding { fields[.contentEncoding] = coding }
    return await send(router, .post, query: nil, content, fields)
}

private func send(
    _ router: Router,
    _ method: HTTPRequest.Method,
    query: String?,
    _ content: [UInt8],
    _ fields: HTTPFields
) async -> Response {
    await router.response(
        to: Request(
            id: RequestID("r"),
            head: HTTPRequest(method: method, scheme: "https", authority: "a", path: "/x", headerFields: fields),
            target: RequestTarget(path: NylasWebhook.path, query: query),
            content: content,
            receivedAt: wallClock.now
        )
    )
}
