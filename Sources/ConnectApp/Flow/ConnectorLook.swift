import GrantStore
import Grants
import Nylas
import OAuth

/// Finds out whether a refusal means that the application has no connector for the provider: then nobody can connect there until
/// the operator has made one.
///
/// Nylas publishes no name for it, so names alone prove nothing, and a browser can bring any: Nylas is asked. Refusals that say
/// what they are cost no question.
struct ConnectorLook: Sendable {
    /// A person waits, and the answer is only a better word for what has failed anyway.
    static let patience = Duration.seconds(5)

    let nylas: NylasClient
    let log: FlowLog

    /// Whether it explains an error in place of a code.
    func explains(_ error: AuthorizationErrorCode, of claim: FlowClaim, reference: String) async -> Bool {
        switch error {
        case .invalidRequest, .unreadable: await isMissing(for: claim, named: nil, reference: reference)
        case .other(let name): await isMissing(for: claim, named: name, reference: reference)
        case .unauthorizedClient, .accessDenied, .unsupportedResponseType, .invalidScope, .serverError,
            .temporarilyUnavailable:
            false
        }
    }

    /// Whether it explains why a code was not exchanged.
    func explains(_ error: NylasError, of claim: FlowClaim, reference: String) async -> Bool {
        switch error {
        // RFC 6749 §5.2: the code is spent, expired or another's.
        case .refused(let fault) where fault.code == "invalid_grant": false
        case .refused(let fault), .notFound(let fault):
            await isMissing(for: claim, named: fault.code, reference: reference)
        case .notSent, .noAnswer, .failed, .unreadable, .unauthorized, .rateLimited: false
        }
    }

    /// - Parameter name: Nylas's own for what is wrong. It counts only where the question brings no answer.
    private func isMissing(for claim: FlowClaim, named name: String?, reference: String) async -> Bool {
        let isMissing: Bool
        do throws(NylasError) {
            isMissing = try await !hasConnector(for: claim.provider)
        } catch {
            log(.connectorUnread(error), flow: claim.flow, reference: reference)
            isMissing = name.map(NylasFault.namesMissingConnector) ?? false
        }
        if isMissing { log(.connectorMissing(claim.provider), flow: claim.flow, reference: reference) }
        return isMissing
    }

    /// - Parameter provider: nil where Nylas was left to ask, which offers what has a connector.
    private func hasConnector(for provider: Provider?) async throws(NylasError) -> Bool {
        guard let provider else {
            return try await nylas.connectors(timeLimit: Self.patience).contains {
                Provider(rawValue: $0.provider) != nil
            }
        }
        do throws(NylasError) {
            _ = try await nylas.connector(of: provider, timeLimit: Self.patience)
            return true
        } catch .notFound {
            return false
        } catch {
            throw error
        }
    }
}
