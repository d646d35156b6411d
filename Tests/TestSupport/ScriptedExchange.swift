package import HTTPSemantics
package import HTTPTypes
import Synchronization

/// The network as a test wrote it: each call takes the next answer, and every request is kept to be looked at.
///
/// A call that was not written, and an answer that nobody asked for, fail the test: end it with `try exchange.finish()`.
package final class ScriptedExchange: HTTPExchange {
    package enum Answer: Sendable {
        case response(OutboundResponse)
        case failure(ExchangeError)
        /// Waits until the test lets it go on, then answers.
        case held(Gate, OutboundResponse)
        /// Made from the request.
        case computed(@Sendable (OutboundRequest) -> OutboundResponse)

        package static func json(_ text: String, status: Int = 200, fields: HTTPFields = [:]) -> Answer {
            var fields = fields
            fields[.contentType] = "application/json"
            return .response(
                OutboundResponse(
                    head: HTTPResponse(status: .init(code: status), headerFields: fields),
                    content: Array(text.utf8)
                )
            )
        }
    }

    private struct Script {
        var answers: [Answer]
        var requests: [OutboundRequest] = []
        var unexpected: [String] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let script: Mutex<Script>

    package init(_ answers: [Answer] = []) {
        script = Mutex(Script(answers: answers))
    }

    package func append(_ answers: Answer...) {
        script.withLock { $0.answers += answers }
    }

    /// Every request so far, in order.
    package var requests: [OutboundRequest] { script.withLock { $0.requests } }

    /// Returns once so many requests have been made.
    package func requests(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let enough = script.withLock { script in
                if script.requests.count >= count { return true }
                script.watchers.append((count, continuation))
                return false
            }
            if enough { continuation.resume() }
        }
    }

    package func response(to request: OutboundRequest) async throws(ExchangeError) -> OutboundResponse {
        let (answer, watchers) = script.withLock { script -> (Answer?, [CheckedContinuation<Void, Never>]) in
            script.requests.append(request)
            let watchers = script.watchers.filter { $0.count <= script.requests.count }.map(\.continuation)
            script.watchers.removeAll { $0.count <= script.requests.count }
            guard !script.answers.isEmpty else {
                // The path only: a query may hold a state.
                let path = request.pathAndQuery.prefix { $0 != "?" }
                script.unexpected.append("\(request.method.rawValue) \(path)")
                return (nil, watchers)
            }
            return (script.answers.removeFirst(), watchers)
        }
        for watcher in watchers { watcher.resume() }
        switch answer {
        case .response(let response): return response
        case .failure(let error): throw error
        case .held(let gate, let response):
            await gate.passed()
            return response
        case .computed(let make): return make(request)
        case nil: throw .connectionRefused
        }
    }

    /// A script and its calls that do not fit each other.
    package struct Departure: Error, Hashable, CustomStringConvertible {
        package let unusedAnswers: Int
        /// Method and path.
        package let unexpectedCalls: [String]

        package init(unusedAnswers: Int, unexpectedCalls: [String]) {
            self.unusedAnswers = unusedAnswers
            self.unexpectedCalls = unexpectedCalls
        }

        package var description: String {
            "\(unusedAnswers) answers that nobody asked for, calls that were not written: \(unexpectedCalls)"
        }
    }

    /// Throws if there was a call that was not written, or an answer is left over.
    package func finish() throws(Departure) {
        let departure = script.withLock { script in
            Departure(unusedAnswers: script.answers.count, unexpectedCalls: script.unexpected)
        }
        guard departure.unusedAnswers == 0, departure.unexpectedCalls.isEmpty else { throw departure }
    }
}

/// A door that a test opens: whoever came before waits, whoever comes after passes.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrivals = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    package func passed() async {
        await withCheckedContinuation { continuation in
            let (isOpen, watchers) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
                state.arrivals += 1
                let watchers = state.watchers.filter { $0.count <= state.arrivals }.map(\.continuation)
                state.watchers.removeAll { $0.count <= state.arrivals }
                if !state.isOpen { state.waiting.append(continuation) }
                return (state.isOpen, watchers)
            }
            if isOpen { continuation.resume() }
            for watcher in watchers { watcher.resume() }
        }
    }

    /// Returns once so many callers have come to the door.
    package func arrivals(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let enough = state.withLock { state in
                if state.arrivals >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if enough { continuation.resume() }
        }
    }
}
