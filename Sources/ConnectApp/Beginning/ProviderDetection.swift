import Grants
import Nylas
import Synchronization
import Timekeeping
import Web

/// Finds the provider of an address the person has typed, as far as that takes no patience: whatever goes wrong, the person
/// simply chooses.
///
/// Nylas allows 20 questions a minute for the whole application, so answers are kept by domain for a day, in bounded memory, and
/// questions are counted here first.
final class ProviderDetection: Sendable {
    static let patience = Duration.seconds(2)
    static let memory = Duration.seconds(86_400)
    static let domainLimit = 1000
    static let questionsPerMinute = 20

    private enum Asker: Hashable, Sendable {
        case application
    }

    private struct State {
        var answers: [String: (provider: Provider?, until: Duration)] = [:]
        /// In the order they were asked for, the first to be forgotten.
        var order: [String] = []
        /// One bucket, for all who ask.
        var questions = TokenBuckets<Asker>(
            Rate(perMinute: ProviderDetection.questionsPerMinute, burst: ProviderDetection.questionsPerMinute),
            capacity: 1
        )
    }

    private let nylas: NylasClient
    private let time: MonotonicTime
    private let log: FlowLog
    private let state = Mutex(State())

    init(nylas: NylasClient, time: MonotonicTime, log: FlowLog) {
        self.nylas = nylas
        self.time = time
        self.log = log
    }

    /// - Parameter address: with a domain behind its last `@`.
    /// - Returns: nil if it is not known, or not in time.
    func provider(of address: String, reference: String) async -> Provider? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        let domain = address[address.index(after: at)...].lowercased()
        let now = time.elapsed
        let known: (isKnown: Bool, provider: Provider?) = state.withLock { state in
            guard let answer = state.answers[domain], now < answer.until else { return (false, nil) }
            return (true, answer.provider)
        }
        if known.isKnown { return known.provider }
        guard takeQuestion() else {
            log(.detectionSkipped("questions of this minute used up"), reference: reference)
            return nil
        }
        do throws(NylasError) {
            let provider = try await nylas.detectProvider(of: address, timeLimit: ProviderDetection.patience)
            remember(provider, of: domain, at: now)
            return provider
        } catch {
            // Nylas counts for everybody who uses the application: it knows better than we do.
            if case .rateLimited = error { state.withLock { $0.questions.empty(.application, at: time.elapsed) } }
            log(.detectionFailed(error), reference: reference)
            return nil
        }
    }

    private func takeQuestion() -> Bool {
        // The clock is read under the lock: a moment must not come before one that another task has brought already.
        state.withLock { $0.questions.take(.application, at: time.elapsed) == nil }
    }

    private func remember(_ provider: Provider?, of domain: String, at now: Duration) {
        state.withLock { state in
            if state.answers.updateValue((provider, now + ProviderDetection.memory), forKey: domain) == nil {
                state.order.append(domain)
            }
            guard state.order.count > ProviderDetection.domainLimit else { return }
            state.answers[state.order.removeFirst()] = nil
        }
    }
}
