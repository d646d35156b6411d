import Grants
import Nylas

/// All pages of one connector's credentials; none where there is no connector, unless it was asked for by name.
func allCredentials(
    of provider: Provider,
    _ client: NylasClient,
    isRequired: Bool
) async throws(CommandFailure) -> [ConnectorCredential] {
    var all: [ConnectorCredential] = []
    while true {
        let page: CredentialPage
        do throws(NylasError) {
            page = try await client.credentials(of: provider, limit: 100, offset: all.count)
        } catch {
            if case .notFound = error, !isRequired { return all }
            throw CommandFailure(message: "Nylas: \(error.sentence)")
        }
        all += page.credentials
        if page.isLast || page.credentials.isEmpty { return all }
    }
}

/// Looks for a credential at the two providers that connect whole organisations.
func findCredential(
    _ id: CredentialID,
    _ client: NylasClient
) async throws(CommandFailure) -> (ConnectorCredential, Provider) {
    let found = try await NylasCalls.ask { () async throws(NylasError) in try await client.findCredential(id) }
    guard let found else {
        throw CommandFailure(message: "Nylas knows no credential \(id). Look: postern credentials list")
    }
    return found
}

/// Visits all grants of the application, page by page; 429 is waited for.
func everyGrant(
    _ client: NylasClient,
    _ visit: ([Nylas.Grant]) async throws(CommandFailure) -> Void
) async throws(CommandFailure) {
    let size = 200
    var (offset, refusals) = (0, 0)
    while true {
        let page: GrantPage
        do throws(NylasError) {
            page = try await client.grantsOldestFirst(limit: size, offset: offset)
        } catch {
            guard case .rateLimited(let pause) = error, refusals < 6 else {
                throw CommandFailure(message: "Nylas: \(error.sentence)")
            }
            try? await ContinuousClock().sleep(for: pause ?? .seconds(1 << refusals))
            refusals += 1
            continue
        }
        refusals = 0
        try await visit(page.grants)
        if page.isLast { return }
        offset += size
    }
}
