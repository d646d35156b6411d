import Cryptography
import FoundationEssentials
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Logging
import Nylas
import TestSupport
import Timekeeping
import Web

@testable import ConnectApp
@testable import OperatorAPI

// The operator's API: its JSON, who is let in, and whole calls held against its own document.

func readStrictJSON(_ input: [UInt8]) {
    guard let value = try? JSON(parsing: input) else { return }
    require((try? JSON(parsing: value.encoded)) == value, "JSON read twice differs")
    // Where two readers differ, one of them believes what the other has not checked.
    require((try? JSONDecoder().decode(Anything.self, from: Data(input))) != nil, "read by us alone")
    for cut in [1, input.count / 2] where cut < input.count {
        guard case .object = value else { break }
        let part = input.dropLast(cut)
        require(
            (try? JSON(parsing: Array(part))) == nil || input.suffix(cut).allSatisfy(isSpace),
            "read before its end"
        )
    }
    require((try? JSON(parsing: input + Array(",".utf8))) == nil, "read beyond its end")
}

/// Foundation reads the whole text before it decodes any of it.
private struct Anything: Decodable {
    init(from decoder: any Decoder) {}
}

private func isSpace(_ octet: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(octet) }

/// Lines of the input are the values of Authorization, and of Idempotency-Key.
func authorize(_ input: [UInt8]) {
    let values = input.map { $0 == 9 || $0 == 10 || $0 >= 32 && $0 != 127 ? $0 : 0x20 }.split(separator: 10)
        .prefix(4).map { String(decoding: $0, as: UTF8.self) }
    let calls = Calls()
    var fields: HTTPFields = [:]
    for value in values { fields.append(HTTPField(name: .authorization, value: value)) }
    let token = try? calls.gate.admit(calls.request(.get, "/x", fields), for: .read)
    let read = fields[values: .authorization]
    let named = Calls.tokens.filter { _, _, text in
        let octets = Array(read.first.map { $0 } ?? "").flatMap { $0.utf8 }
        let (scheme, rest) = (octets.prefix(6).map { $0 | 0x20 }, octets.dropFirst(6))
        return read.count == 1 && scheme == Array("bearer".utf8) && rest.first == 0x20
            && rest.drop { $0 == 0x20 }.elementsEqual(text.utf8)
    }
    require(token?.name == named.first?.0, "let in: \(token?.name ?? "nobody")")
    Here.run { await calls.repeatCall(values) }
}

/// The first octets choose operation, token and key; the first line goes into path and query, the rest is the content.
func callOperatorAPI(_ input: [UInt8]) {
    guard input.count >= 2 else { return }
    let text = input.dropFirst(2)
    let line = text.prefix { $0 != 10 }.filter { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    Here.run {
        let calls = Calls()
        try await calls.store.connect(
            "a",
            saving: Sample.grant("g", at: calls.wallClock.now),
            owner: Sample.owner("ada"),
            calls.wallClock
        )
        await calls.call(
            Int(input[0]),
            choice: input[1],
            line: String(decoding: line, as: UTF8.self),
            content: Array(text.dropFirst(line.count + 1))
        )
    }
}

/// The API on a fresh store, a clock that stands, and no network.
private struct Calls: Sendable {
    static let tokens = [
        ("writer", APIToken.Scope.write, "postern_writer_0123456789abcdefghijklm"),
        ("reader", .read, "postern_reader_0123456789abcdefghijklm"),
    ]
    static let settings = ConnectSettings(
        publicURL: HTTPOrigin(scheme: .https, host: "connect.example.com"),
        brand: ConnectSettings.Brand(name: "Acme"),
        isOpen: false,
        providers: [.google, .microsoft, .imap],
        offersNylasChooser: true,
        profile: .read,
        returnURLs: ["https://host.example/bacK"],
        confirmationURL: "https://host.example/confirm",
        nylas: NylasApplication(
            origin: HTTPOrigin(scheme: .https, host: "api.us.nylas.com"),
            clientID: "client",
            apiKey: Secret("key")
        ),
        sealingKeys: SealingKeys(current: SealingKeys.Key(secret: Secret([UInt8](repeating: 7, count: 32)))),
        isSandbox: false
    )
    static let headers = SecurityHeaders(publicURL: settings.publicURL)
    static let logger = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    let wallClock = ManualWallClock()
    let random = ScriptedRandom().source
    let store: MemoryGrantStore
    let gate: TokenGate
    let idempotency: Idempotency

    init() {
        store = MemoryGrantStore(wallClock: wallClock.clock)
        gate = TokenGate(
            tokens: Self.tokens.compactMap { APIToken(name: $0, scope: $1, digest: SHA256.digest($2)) },
            failures: RateLimit(Rate(perMinute: 1_000_000, burst: 1_000_000), now: { .zero })
        )
        idempotency = Idempotency(store: store, seal: AnswerSeal(keys: Self.settings.sealingKeys, random: random))
    }

    var routes: [APIRoute] {
        let (settings, clock) = (Self.settings, wallClock.clock)
        let disconnection = Disconnection(
            settings: settings,
            store: store,
            exchange: ScriptedExchange([.failure(.connectionRefused), .failure(.connectionRefused)]),
            wallClock: clock,
            logger: Self.logger
        )
        return LinkRoutes(settings: settings, store: store, wallClock: clock, random: random).routes
            + DisconnectLinkRoutes(settings: settings, store: store, wallClock: clock, random: random).routes
            + GrantRoutes(store: store, disconnection: disconnection).routes
            + HostRoutes(
                results: HostResults(settings: settings, store: store, random: random),
                confirmations: HostConfirmations(settings: settings, store: store, wallClock: clock, random: random)
            ).routes
            + ConsentRoutes(settings: settings, store: store, wallClock: clock, random: random).routes
    }

    func request(
        _ method: HTTPRequest.Method,
        _ target: String,
        _ fields: HTTPFields,
        _ content: [UInt8] = []
    ) -> Request {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        return Request(
            id: RequestID("r"),
            head: HTTPRequest(method: method, scheme: "https", authority: "a", path: "/x", headerFields: fields),
            target: RequestTarget(path: parts.first ?? "/", query: parts.count > 1 ? parts[1] : nil),
            content: content,
            receivedAt: wallClock.now
        )
    }

    // MARK: Idempotency-Key

    /// Under one key the work is done once, and another call is refused; without one each time.
    func repeatCall(_ values: [String]) async {
        guard let route = routes.first else { return }
        var fields: HTTPFields = [:]
        for value in values { fields.append(HTTPField(name: .idempotencyKey, value: value)) }
        let read = fields[values: .idempotencyKey]
        let isKey =
            read.count == 1 && read[0].utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && (1...255).contains(read[0].utf8.count)
        var answers: [APIAnswer] = []
        for (number, content) in [[1], [1], [2]].enumerated() as EnumeratedSequence<[[UInt8]]> {
            let request = request(.post, "/api/v1/links", fields, content)
            do throws(APIProblem) {
                answers.append(
                    try await idempotency.answer(request, route, by: "writer") { () throws(APIProblem) in
                        APIAnswer(.created, content: [UInt8(number)])
                    }
                )
            } catch {
                let expected: APIProblem.Code = isKey ? .idempotencyKeyReused : .idempotencyKeyInvalid
                require(error.code == expected && !read.isEmpty && (!isKey || number == 2), "\(error.code)")
            }
        }
        let contents: [[UInt8]] = read.isEmpty ? [[0], [1], [2]] : isKey ? [[0], [0]] : []
        require(answers.map(\.content) == contents, "done again, or not at all: \(answers.count)")
    }

    // MARK: a whole call

    func call(_ number: Int, choice: UInt8, line: String, content: [UInt8]) async {
        let routes = routes
        let route = routes[number % routes.count]
        let target = route.template.replacing("{id}", with: "%@").replacing("{owner}", with: "%@")
            .replacing("{handle}", with: "%@")
        let path = target.contains("%@") ? target.replacing("%@", with: line) : target + "?" + line
        var fields: HTTPFields = [.contentType: "application/json"]
        let token: APIToken.Scope? = choice & 1 == 0 ? .write : choice & 2 == 0 ? .read : nil
        if let token { fields[.authorization] = "Bearer \(Self.tokens.first { $0.1 == token }?.2 ?? "")" }
        if choice & 4 == 0 { fields[.idempotencyKey] = "k" }
        let answer = await send([route], request(route.method, path, fields, content))
        guard answer.routeTemplate == route.template else { return }
        let value = hold(answer, against: route)
        if route.scope != nil, token == nil { require(answer.head.status == .unauthorized, "without a token") }
        if route.scope == .write, token == .read { require(answer.head.status == .forbidden, "reading, it wrote") }
        guard (200...299).contains(answer.head.status.code) else { return }
        checkLink(route, value, content)
        guard route.operation.takesIdempotencyKey, choice & 4 == 0 else { return }
        let again = await send([route], request(route.method, path, fields, content))
        require(again.head.status == answer.head.status && again.content == answer.content, "the second time differs")
        let other = await send([route], request(route.method, path, fields, content + [0x20]))
        require(other.head.status == .unprocessableContent, "one key for two calls")
    }

    private func send(_ routes: [APIRoute], _ request: Request) async -> Response {
        let routes = routes.map { route in
            let responder = Responder(
                route: route,
                gate: gate,
                idempotency: idempotency,
                headers: Self.headers,
                logger: Self.logger
            )
            return Route(route.method, route.template) { await responder.response(to: $0, $1) }
        }
        return await Router(routes, errors: ErrorPages(headers: Self.headers)).response(to: request)
    }

    /// The document says of every answer that it may come, and what is in it.
    private func hold(_ answer: Response, against route: APIRoute) -> JSON {
        require(answer.content.count <= 64 << 10, "a long answer")
        let (status, id) = (answer.head.status, route.operation.id)
        guard let value = try? JSON(parsing: answer.content) else {
            require(answer.content.isEmpty, "\(id) answers what is no JSON")
            return .null
        }
        if let known = route.operation.answers.first(where: { $0.status == status }) {
            require((known.schema?.misfits(of: value) ?? []).isEmpty, "\(id) \(status.code) is not as described")
        } else {
            require(APIProblem.schema.misfits(of: value).isEmpty, "\(id) \(status.code) is no problem as described")
            let codes = route.problems.filter { $0.status == status }.map(\.rawValue)
            require(codes.contains(value["code"]?.text ?? ""), "\(id) does not say \(status.code)")
        }
        return value
    }

    /// What was ordered stands in the link, and in nothing else.
    private func checkLink(_ route: APIRoute, _ answer: JSON, _ content: [UInt8]) {
        guard let url = answer["url"]?.text, let order = try? JSON(parsing: content) else { return }
        require(url.utf8.count <= 2048 && url.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "no address: \(url)")
        let sealed = String(url.split(separator: "/").last ?? "")
        let keys = Self.settings.sealingKeys
        func same(_ name: String, _ text: String?) {
            require(order[name]?.text.map { Array($0.utf8) } == text.map { Array($0.utf8) }, "another \(name)")
        }
        switch route.operation.id {
        case "createLink":
            let link = LinkSeal(keys: keys, random: random).open(sealed)
            require(link != nil, "made, and does not open")
            same("owner", link?.owner.text)
            same("owner_name", link?.ownerName)
            // To connect again, the address is the grant's.
            if order["reconnect"]?.text == nil { same("expected_address", link?.expectedAddress) }
            same("return_url", link?.returnURL)
            let isKnown = link?.returnURL.map { url in
                Self.settings.returnURLs.contains { Array($0.utf8) == Array(url.utf8) }
            }
            require(isKnown ?? true, "a way back that is in no configuration")
        case "createDisconnectLink":
            let link = DisconnectSeal(keys: keys, random: random).open(sealed)
            require(link != nil, "made, and does not open")
            same("owner", link?.owner?.text)
        default:
            let invite = ConsentSeal(keys: keys, random: random).open(sealed)
            require(invite != nil, "made, and does not open")
            same("customer", invite?.customer)
            same("probe", invite?.probe)
        }
    }
}
