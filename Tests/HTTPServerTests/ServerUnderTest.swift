import HTTP1
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Sockets
import Synchronization

/// A bound on failure only: no test waits for it.
var soon: Deadline { .now + .seconds(60) }

/// A handler made of a closure.
struct StubHandler: RequestHandler {
    var contentLimitBytes = 1 << 10
    var respond: @Sendable (Request) async -> Response

    init(contentLimitBytes: Int = 1 << 10, _ respond: @escaping @Sendable (Request) async -> Response) {
        self.contentLimitBytes = contentLimitBytes
        self.respond = respond
    }

    func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int { contentLimitBytes }

    func response(to request: Request) async -> Response { await respond(request) }

    /// Answers with method, path and content.
    static let echo = StubHandler { request in
        let text = "\(request.head.method) \(request.target.path) "
        return Response(status: .ok, content: Array(text.utf8) + request.content, routeTemplate: "/echo")
    }
}

/// What the server has told its logs.
final class Journal: Sendable {
    private struct State {
        var records: [AccessRecord] = []
        var faults: [ServerFault] = []
        var events: [ServerEvent] = []
        var waiting: [(isReached: @Sendable (State) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var records: [AccessRecord] { state.withLock { $0.records } }
    var faults: [ServerFault] { state.withLock { $0.faults } }
    var events: [ServerEvent] { state.withLock { $0.events } }

    func note(_ record: AccessRecord) { change { $0.records.append(record) } }
    func note(_ fault: ServerFault) { change { $0.faults.append(fault) } }
    func note(_ event: ServerEvent) { change { $0.events.append(event) } }

    /// Waits until so much has been logged.
    func reached(_ isReached: @escaping @Sendable ([AccessRecord], [ServerFault]) -> Bool) async {
        await wait { isReached($0.records, $0.faults) }
    }

    /// Waits until this has been counted, that many times.
    func counted(_ event: ServerEvent, times: Int = 1) async {
        await wait { state in state.events.count { $0 == event } >= times }
    }

    private func wait(_ isReached: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if isReached(state) { return true }
                state.waiting.append((isReached, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let reached = state.withLock { state in
            body(&state)
            let now = state
            state.waiting.removeAll { $0.isReached(now) }
            return now.waiting.filter { $0.isReached(now) }.map(\.continuation)
        }
        for continuation in reached { continuation.resume() }
    }
}

/// A server on a loopback port that the system chose.
struct ServerUnderTest: Sendable {
    let address: SocketAddress
    let loop: EventLoop
    let shutdown: GracefulShutdown
    let journal: Journal

    func connect() async throws -> RawClient {
        RawClient(try await TCPStream.connect(to: address, on: loop, before: soon))
    }
}

/// Runs `body` against a server, which is shut down after it.
func withServer(
    _ handler: any RequestHandler = StubHandler.echo,
    limits: ServerLimits = .patient,
    messageLimits: MessageLimits = MessageLimits(),
    isCapped: @escaping @Sendable (NetworkAddress) -> Bool = { _ in true },
    clientOf: @escaping HTTPServer.ClientOf = { peer, _ in peer },
    secure: HTTPServer.Secure? = nil,
    _ body: @Sendable (ServerUnderTest) async throws -> Void
) async throws {
    var limits = limits
    if Rested.isImmediate { limits.restTime = .zero }
    let outcome = try await withEventLoops(2) { [limits] loops -> Result<Void, any Error> in
        do {
            let listener = try Listener(at: SocketAddress(.v4(0x7F00_0001), port: 0), on: loops[0])
            let (journal, shutdown) = (Journal(), GracefulShutdown())
            let server = HTTPServer(
                loops: loops,
                limits: limits,
                messageLimits: messageLimits,
                isCapped: isCapped,
                clientOf: clientOf,
                errorResponse: { status, reference, fields in
                    let kind = fields[.accept] == "application/json" ? "json" : "page"
                    return Response(status: status, content: Array("\(kind) \(status.code) \(reference)".utf8))
                },
                accessLog: { journal.note($0) },
                faultLog: { journal.note($0) },
                count: { journal.note($0) }
            )
            let services = [HTTPServer.Service(listeners: [listener], handler: handler, secure: secure)]
            async let serving: Void = server.serve(services, until: shutdown)
            let client = ServerUnderTest(
                address: listener.address,
                loop: loops[1],
                shutdown: shutdown,
                journal: journal
            )
            let result: Result<Void, any Error>
            do { result = .success(try await body(client)) } catch { result = .failure(error) }
            shutdown.begin()
            await serving
            return result
        } catch {
            return .failure(error)
        }
    }
    try outcome.get()
}

extension ServerLimits {
    /// Times that no test can reach on a busy machine; a test shortens the one it is about.
    static var patient: ServerLimits {
        var limits = ServerLimits()
        limits.handshakeTime = .seconds(600)
        limits.headTime = .seconds(600)
        limits.contentTime = .seconds(600)
        limits.idleTime = .seconds(600)
        limits.writeTime = .seconds(600)
        limits.lingerTime = .seconds(600)
        limits.shutdownGrace = .seconds(600)
        return limits
    }

    /// A client that does not close must not hold up the test.
    static var shortLinger: ServerLimits {
        var limits = patient
        limits.lingerTime = .milliseconds(50)
        return limits
    }
}
