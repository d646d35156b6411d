import BulkGrants
import Cryptography
import FoundationEssentials
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import NylasSandbox
import Synchronization
import TestSupport
import Testing
import Timekeeping

/// A runner, a store and a sandbox without a socket between them, all on one virtual time.
final class BulkBench: Sendable {
    static let key = "nyk_bulk"
    let time = VirtualTime()
    let store: MemoryGrantStore
    let sandbox: NylasSandbox
    let stop = BulkStop()
    /// Each progress that was reported.
    let reports = Mutex<[BulkProgress]>([])
    /// What the server's work has noted.
    let events = Mutex<[BulkService.Event]>([])
    /// So many runs have begun: each has another name.
    private let runs = Mutex<UInt8>(6)
    /// Whether nothing can be reached.
    let isCut = Mutex(false)
    /// Called before each request, with how many came before.
    let onRequest = Mutex<@Sendable (Int) -> Void>({ _ in })

    init(limits: SandboxConfiguration.Limits = .init()) {
        store = MemoryGrantStore(wallClock: time.wallClock)
        let draws = Mutex<UInt64>(0)
        sandbox = NylasSandbox(
            configuration: SandboxConfiguration(
                origin: HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081),
                clientID: "c",
                apiKey: Self.key,
                redirectURIs: [.init(url: "http://localhost:8080/callback")],
                limits: limits
            ),
            wallClock: time.wallClock,
            random: RandomSource { count in
                let number = draws.withLock { draws in
                    draws += 1
                    return draws
                }
                return Array(SHA256.digest("draw \(number)").prefix(count))
            },
            clock: time
        )
    }

    /// Another process's, after a stop.
    func anew() -> BulkRunner { runner(stop: BulkStop()) }

    func runner(
        _ settings: BulkSettings = BulkSettings(),
        on other: MemoryGrantStore? = nil,
        apiKey: String = BulkBench.key,
        stop: BulkStop? = nil
    ) -> BulkRunner {
        BulkRunner(
            store: other ?? store,
            client: client(apiKey),
            settings: settings,
            wallClock: time.wallClock,
            time: BulkTime(time),
            random: RandomSource { Array(repeating: 0, count: $0) },
            stop: stop ?? self.stop,
            report: { progress in self.reports.withLock { $0.append(progress) } }
        )
    }

    /// The server's work, by the same clocks and the same wire.
    func service(apiKey: String = BulkBench.key) -> BulkService {
        BulkService(
            store: store,
            client: client(apiKey),
            wallClock: time.wallClock,
            time: BulkTime(time),
            random: RandomSource { Array(repeating: 0, count: $0) },
            note: { event in self.events.withLock { $0.append(event) } }
        )
    }

    private func client(_ apiKey: String) -> NylasClient {
        NylasClient(
            application: NylasApplication(
                origin: HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081),
                clientID: "c",
                apiKey: Secret(apiKey)
            ),
            exchange: Wire(bench: self)
        )
    }

    /// A run of so many rows with a credential that works.
    func begin(_ count: Int, provider: Provider = .google, readyAfter delay: Duration? = nil) async throws -> BulkRun {
        let content =
            provider == .google
            ? #""serviceaccount", "credential_data": {"private_key_id": "k", "client_email": "r@p.example", "private_key": "-PRIVATE KEY-----"}"#
            : #""adminconsent", "credential_data": {"tenant": "common"}"#
        let made = await call(
            .post,
            "/v3/connectors/\(provider.rawValue)/creds",
            json: #"{"name": "n", "credential_type": \#(content)}"#
        )
        let credential = try #require(made.data.id.flatMap { CredentialID($0) })
        if provider == .microsoft {
            let query = "client_id=c&redirect_uri=http://localhost:8080/callback&response_type=adminconsent"
            let consent = "&provider=microsoft&auto=approve&credential_id=\(credential)"
            _ = await call(.get, "/v3/connect/auth?" + query + consent)
        }
        let text = "email,owner\n" + (0..<count).map { "person-\($0)@x.example,user-\($0)\n" }.joined()
        let plan = try await BulkPlan(list(text, provider), in: store, provider: provider)
        let begun = try await plan.begin(
            in: store,
            provider: provider,
            credential: credential,
            readyAt: delay.map { time.wallClock.now() + $0 },
            random: RandomSource {
                [
                    number = runs.withLock {
                        $0 += 1; return $0
                    }
                ] in Array(repeating: number, count: $0)
            },
            at: time.wallClock.now()
        )
        guard case .begun(let run) = begun else { throw Unexpected() }
        return run
    }

    struct Unexpected: Error {}

    func script(_ json: String) async {
        _ = await call(.post, "/sandbox/script", json: json)
    }

    /// How often each address was really authenticated.
    func authentications() async -> [String: Int] {
        await call(.get, "/sandbox/counts").authentications ?? [:]
    }

    struct Answer: Decodable {
        struct Object: Decodable { var id: String? }
        var object: Object?
        var authentications: [String: Int]?
        var data: Object { object ?? Object() }
        private enum CodingKeys: String, CodingKey {
            case object = "data"
            case authentications
        }
    }

    func call(_ method: HTTPRequest.Method, _ path: String, json: String = "") async -> Answer {
        let fields: HTTPFields = [.authorization: "Bearer \(Self.key)", .contentType: "application/json"]
        let response = await respond(method, path, fields, Array(json.utf8))
        return (try? JSONDecoder().decode(Answer.self, from: Data(response.content))) ?? Answer()
    }

    fileprivate func respond(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ fields: HTTPFields,
        _ content: [UInt8]
    ) async -> Response {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        return await sandbox.response(
            to: Request(
                id: RequestID("r"),
                head: HTTPRequest(method: method, scheme: "http", authority: "s", path: path, headerFields: fields),
                target: RequestTarget(path: parts[0], query: parts.count > 1 ? parts[1] : nil),
                content: content,
                receivedAt: time.wallClock.now()
            )
        )
    }

    /// The wire between them, which breaks as the sandbox says or as the test does.
    private struct Wire: HTTPExchange {
        let bench: BulkBench
        private let count = Counter()

        func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
            let number = count.next()
            bench.onRequest.withLock { $0 }(number)
            guard !bench.isCut.withLock({ $0 }) else { throw .connectionRefused }
            let response = await bench.respond(request.method, request.pathAndQuery, request.fields, request.content)
            switch response.delivery {
            case .whole: return OutboundResponse(head: response.head, content: response.content)
            case .cut, .none: throw .connectionLost(sent: true)
            }
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                defer { count += 1 }
                return count
            }
        }
    }
}
