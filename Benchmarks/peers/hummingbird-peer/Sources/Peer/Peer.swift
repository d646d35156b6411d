// usage: Peer PORT ORIGIN NYLAS-ORIGIN CLIENT-ID API-KEY DATABASE
import AsyncHTTPClient
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

struct Settings: Sendable {
    var port: Int
    var origin: String
    var nylas: String
    var clientID: String
    var apiKey: String
    var database: String
    let key = SymmetricKey(size: .bits256)
    let scopes = [
        "openid", "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/gmail.readonly",
    ]

    init?(_ arguments: [String]) {
        guard arguments.count == 7, let port = Int(arguments[1]) else { return nil }
        self.port = port
        (origin, nylas, clientID) = (arguments[2], arguments[3], arguments[4])
        (apiKey, database) = (arguments[5], arguments[6])
    }

    var callback: String { origin + "/callback" }
}

struct StartForm: Decodable {
    var provider: String
}

/// What the cookie holds while the browser is away.
struct PendingFlow: Codable {
    var state: String
    var verifier: String
    var provider: String
    var startedAt: Double
}

struct TokenRequest: Encodable {
    var client_id: String
    var client_secret: String
    var redirect_uri: String
    var code: String
    var grant_type = "authorization_code"
    var code_verifier: String
}

struct TokenAnswer: Decodable {
    var grant_id: String
}

struct GrantAnswer: Decodable {
    struct Grant: Decodable {
        var id: String
        var provider: String
        var email: String?
        var grant_status: String?
        var scope: [String]?
    }

    var data: Grant
}

@main
struct Peer {
    static func main() async throws {
        guard let settings = Settings(CommandLine.arguments) else {
            print("usage: Peer PORT ORIGIN NYLAS-ORIGIN CLIENT-ID API-KEY DATABASE")
            return
        }
        let store = try Store(path: settings.database)
        let connects = Connects(settings: settings, store: store)
        let router = Router()
        router.get("/") { _, _ in
            page("<form method=post action=/connect><button name=provider value=google>Google</button></form>")
        }
        router.post("/connect") { request, _ in try await connects.start(request) }
        router.get("/callback") { request, _ in try await connects.callback(request) }
        router.get("/connected/:flow") { request, context in
            try await connects.result(request, try context.parameters.require("flow"))
        }
        var logger = Logger(label: "peer")
        logger.logLevel = .error
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: settings.port),
                backlog: 1024
            ),
            logger: logger
        )
        try await application.runService()
    }
}

func page(_ content: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
        status: status,
        headers: [
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
            .contentSecurityPolicy: "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
        ],
        body: ResponseBody(byteBuffer: ByteBuffer(string: "<!doctype html><title>Connect</title>" + content))
    )
}

struct Connects: Sendable {
    let settings: Settings
    let store: Store

    // MARK: the three requests

    func start(_ request: Request) async throws -> Response {
        let content = try await request.body.collect(upTo: 16 << 10)
        let form = try URLEncodedFormDecoder().decode(StartForm.self, from: String(buffer: content))
        guard form.provider == "google" else { throw HTTPError(.badRequest) }
        let flow = PendingFlow(
            state: random(32),
            verifier: random(32),
            provider: form.provider,
            startedAt: Date().timeIntervalSince1970
        )
        // Nylas's challenge: base64 of the hexadecimal digest.
        let digits = Array("0123456789abcdef".utf8)
        let digest = SHA256.hash(data: Data(flow.verifier.utf8)).flatMap {
            [digits[Int($0 >> 4)], digits[Int($0 & 15)]]
        }
        let challenge = base64URL(Data(digest))
        var query = URLComponents()
        query.queryItems = [
            .init(name: "client_id", value: settings.clientID), .init(name: "redirect_uri", value: settings.callback),
            .init(name: "response_type", value: "code"), .init(name: "access_type", value: "online"),
            .init(name: "state", value: flow.state), .init(name: "code_challenge", value: challenge),
            .init(name: "code_challenge_method", value: "S256"), .init(name: "provider", value: flow.provider),
            .init(name: "scope", value: settings.scopes.joined(separator: " ")),
        ]
        var response = Response.redirect(
            to: settings.nylas + "/v3/connect/auth?" + (query.percentEncodedQuery ?? ""),
            type: .normal
        )
        response.setCookie(try cookie("flow-" + name(of: flow.state), seal(flow), maxAge: 1200))
        return response
    }

    func callback(_ request: Request) async throws -> Response {
        guard let state = request.uri.queryParameters["state"].map(String.init),
            let code = request.uri.queryParameters["code"].map(String.init),
            let sealed = request.cookies["flow-" + name(of: state)]?.value,
            let flow: PendingFlow = open(sealed),
            isEqual(flow.state, state), Date().timeIntervalSince1970 < flow.startedAt + 1200
        else { throw HTTPError(.badRequest) }
        let digest = Data(SHA256.hash(data: Data(state.utf8)))
        guard try await store.claim(digest) else { throw HTTPError(.conflict) }
        let token: TokenAnswer = try await call(
            .POST,
            "/v3/connect/token",
            JSONEncoder().encode(
                TokenRequest(
                    client_id: settings.clientID,
                    client_secret: settings.apiKey,
                    redirect_uri: settings.callback,
                    code: code,
                    code_verifier: flow.verifier
                )
            )
        )
        let grant: GrantAnswer = try await call(.GET, "/v3/grants/" + token.grant_id, nil)
        guard grant.data.id == token.grant_id, Set(settings.scopes).isSubset(of: grant.data.scope ?? settings.scopes)
        else {
            throw HTTPError(.forbidden)
        }
        try await store.save(grant.data, of: digest)
        var response = Response.redirect(to: "/connected/" + name(of: state), type: .normal)
        response.setCookie(try cookie("flow-" + name(of: state), seal(digest), maxAge: 86_400))
        return response
    }

    func result(_ request: Request, _ flow: String) async throws -> Response {
        guard let sealed = request.cookies["flow-" + flow]?.value, let digest: Data = open(sealed),
            let address = try await store.address(of: digest)
        else { throw HTTPError(.notFound) }
        let shown = address.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
        return page("<h1>\(shown) is connected</h1>")
    }

    // MARK: Nylas

    private func call<Answer: Decodable>(_ method: HTTPMethod, _ path: String, _ content: Data?) async throws -> Answer
    {
        var request = HTTPClientRequest(url: settings.nylas + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer " + settings.apiKey)
        request.headers.add(name: "Accept", value: "application/json")
        if let content {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: content))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        guard (200..<300).contains(response.status.code) else { throw HTTPError(.badGateway) }
        return try JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView))
    }

    // MARK: cookies

    private func seal(_ value: some Encodable) throws -> String {
        guard let sealed = try AES.GCM.seal(JSONEncoder().encode(value), using: settings.key).combined else {
            throw HTTPError(.internalServerError)
        }
        return base64URL(sealed)
    }

    private func open<Value: Decodable>(_ text: String) -> Value? {
        var base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let box = try? AES.GCM.SealedBox(combined: data),
            let plain = try? AES.GCM.open(box, using: settings.key)
        else { return nil }
        return try? JSONDecoder().decode(Value.self, from: plain)
    }

    private func cookie(_ name: String, _ value: String, maxAge: Int) -> Cookie {
        Cookie(name: name, value: value, maxAge: maxAge, path: "/", secure: true, httpOnly: true, sameSite: .lax)
    }

    /// What tells tabs apart: the first octets of the state's digest.
    private func name(of state: String) -> String {
        base64URL(Data(SHA256.hash(data: Data(state.utf8)).prefix(9)))
    }

    private func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        return left.count == right.count && zip(left, right).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }
}

func random(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return base64URL(Data((0..<count / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }))
}

func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}
