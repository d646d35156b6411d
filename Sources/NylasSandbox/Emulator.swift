import Cryptography
import HTTPSemantics
import HTTPTypes
import Synchronization
import Timekeeping
import Web

/// The sandbox's inside: its memory behind one lock, and what all routes share.
///
/// The routes themselves are extensions by topic, beside their values in the folders `API`, `Hosted` and `Scripting`.
final class Emulator: Sendable {
    let configuration: SandboxConfiguration
    let wallClock: WallClock
    private let random: RandomSource
    private let clock: any Clock<Duration>
    let state: Mutex<SandboxState>
    let pageHeaders: SecurityHeaders
    let errors: ErrorPages

    init(
        configuration: SandboxConfiguration,
        wallClock: WallClock,
        random: RandomSource,
        clock: any Clock<Duration>
    ) {
        self.configuration = configuration
        self.wallClock = wallClock
        self.random = random
        self.clock = clock
        state = Mutex(SandboxState(configuration) { makeUUID(random) })
        pageHeaders = SecurityHeaders(publicURL: configuration.origin)
        errors = ErrorPages(headers: pageHeaders)
    }

    /// 32 random bytes as base64url: codes, tokens, login IDs.
    func newSecret() -> String { Base64.encode(random.bytes(32), .url) }

    func newID() -> String { makeUUID(random) }

    func reset() {
        let fresh = SandboxState(configuration) { makeUUID(random) }
        state.withLock { $0 = fresh }
    }

    /// Counts a request and finds out what the script has for it.
    ///
    /// - Parameter subject: the address the request is about, for steps that are for one.
    func begin(_ route: String, at stage: Script.Stage, about subject: String? = nil) -> Fault? {
        let now = wallClock.now()
        return state.withLock { state in
            state.counts.count(request: route)
            let fault = state.script.nextFault(at: stage, about: subject)
            let limit = state.script.requestsPerSecond ?? configuration.limits.requestsPerSecond
            let isAdmitted = state.admitsRequest(at: now, limit: limit)
            return isAdmitted ? fault : .rateLimited
        }
    }

    /// Answers a call as its fault will have it.
    ///
    /// - Parameters:
    ///   - refusal: the answer of a service that is at fault or has had enough, in the route's own envelope.
    ///   - handling: does what the call is for, and answers.
    func answer(
        under fault: Fault?,
        refusal: (APIViolation) -> Response,
        handling: () -> Response
    ) async -> Response {
        let latency = configuration.limits.latency
        if latency > .zero { await wait(latency) }
        switch fault {
        case nil: return handling()
        case .slow(let delay):
            let response = handling()
            await wait(delay)
            return response
        case .internalError: return refusal(.internalFault)
        case .internalErrorAfterProcessing:
            _ = handling()
            return refusal(.internalFault)
        case .cut:
            var response = refusal(.internalFault)
            response.delivery = .none
            return response
        case .cutAfterProcessing:
            var response = handling()
            response.delivery = .cut(afterBytes: response.content.count / 2)
            return response
        case .rateLimited: return refusal(.rateLimited)
        case .throttled(let pause):
            var response = refusal(.rateLimited)
            response.head.headerFields[.retryAfter] = String(pause.components.seconds)
            return response
        case .refused(let violation): return refusal(violation)
        }
    }

    /// Cut short when the client is gone: nobody waits any more.
    private func wait(_ duration: Duration) async {
        try? await clock.sleep(for: duration)
    }
}

/// A version 4 UUID (RFC 9562 §5.4).
private func makeUUID(_ random: RandomSource) -> String {
    var bytes = random.bytes(16)
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = Array(Hex.encode(bytes))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
}

/// What secrets are kept and counted by.
func digest(of secret: String) -> String { Hex.encode(SHA256.digest(secret)) }
