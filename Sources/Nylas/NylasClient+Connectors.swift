import Cryptography
package import Grants
import HTTPTypes

extension NylasClient {
    package func connectors(
        timeLimit: Duration = NylasClient.timeLimit
    ) async throws(NylasError) -> [Connector] {
        let answer: Envelope<[Connector]> = try await call(.get, "/v3/connectors?limit=200", timeLimit: timeLimit)
        return answer.data
    }

    /// - Throws: `.notFound` if the application has none for this provider.
    package func connector(
        of provider: Provider,
        timeLimit: Duration = NylasClient.timeLimit
    ) async throws(NylasError) -> Connector {
        let answer: Envelope<Connector> = try await call(
            .get,
            "/v3/connectors/\(provider.rawValue)",
            timeLimit: timeLimit
        )
        return answer.data
    }

    /// Makes the application's one connector of a provider.
    ///
    /// - Throws: `.refused` if there is one already, or something is missing.
    package func createConnector(_ connector: NewConnector) async throws(NylasError) -> Connector {
        struct Settings: Encodable {
            var client_id: String
            var client_secret: String
            var tenant: String?
        }
        struct Order: Encodable {
            var provider: String
            var settings: Settings?
            var scope: [String]?
            var scopes: [String]?
        }
        // Exchange spells it in the plural.
        let (scope, scopes): ([String]?, [String]?) =
            switch connector.provider {
            case _ where connector.scopes.isEmpty: (nil, nil)
            case .ews: (nil, connector.scopes)
            case .google, .microsoft, .yahoo, .icloud, .imap: (connector.scopes, nil)
            }
        let order = { (settings: Settings?) in
            encodedJSON(
                Order(provider: connector.provider.rawValue, settings: settings, scope: scope, scopes: scopes)
            )
        }
        let content =
            connector.app.map { app in
                app.clientSecret.withExposed { secret in
                    order(Settings(client_id: app.clientID, client_secret: secret, tenant: connector.tenant))
                }
            } ?? order(nil)
        let answer: Envelope<Connector> = try await call(.post, "/v3/connectors", content: content)
        return answer.data
    }

    /// One page of a connector's credentials, the oldest first, so that one made meanwhile shifts no page.
    ///
    /// - Parameter limit: 1 to 200. A page that is shorter than this is the last.
    package func credentials(
        of provider: Provider,
        limit: Int,
        offset: Int
    ) async throws(NylasError) -> CredentialPage {
        let answer: Envelope<[Readable<ConnectorCredential>]> = try await call(
            .get,
            "\(path(of: provider))?limit=\(limit)&offset=\(offset)&sort_by=created_at&order_by=asc"
        )
        return CredentialPage(credentials: answer.data.compactMap(\.value), isLast: answer.data.count < limit)
    }

    package func credential(
        _ id: CredentialID,
        of provider: Provider
    ) async throws(NylasError) -> ConnectorCredential {
        let answer: Envelope<ConnectorCredential> = try await call(.get, "\(path(of: provider))/\(id)")
        guard answer.data.id == id else { throw .unreadable(status: 200) }
        return answer.data
    }

    /// Looks for a credential at the two providers that connect whole organisations.
    ///
    /// - Returns: nil if neither has it.
    package func findCredential(_ id: CredentialID) async throws(NylasError) -> (ConnectorCredential, Provider)? {
        for provider in Provider.withOrganizations {
            do throws(NylasError) {
                return (try await credential(id, of: provider), provider)
            } catch {
                guard case .notFound = error else { throw error }
            }
        }
        return nil
    }

    /// Makes a credential. Nylas answers one that exists with the same content instead of a second one.
    package func createCredential(_ credential: NewCredential) async throws(NylasError) -> ConnectorCredential {
        let content: [UInt8] =
            switch credential.content {
            case .serviceAccount(let key):
                key.withExposed { self.order(credential.name, .serviceAccount, $0) }
            case .adminConsent(let tenant, nil):
                order(credential.name, .adminConsent, ["tenant": tenant])
            case .adminConsent(let tenant, let app?):
                app.clientSecret.withExposed { secret in
                    order(
                        credential.name,
                        .adminConsent,
                        ["tenant": tenant, "client_id": app.clientID, "client_secret": secret]
                    )
                }
            }
        let answer: Envelope<ConnectorCredential> = try await call(
            .post,
            path(of: credential.provider),
            content: content
        )
        return answer.data
    }

    /// Deletes a credential: every grant that was made with it stops working.
    ///
    /// - Throws: `.refused` for the connector's active one.
    package func deleteCredential(_ id: CredentialID, of provider: Provider) async throws(NylasError) {
        _ = try await response(.delete, "\(path(of: provider))/\(id)")
    }

    private func path(of provider: Provider) -> String { "/v3/connectors/\(provider.rawValue)/creds" }

    private func order(_ name: String, _ kind: ConnectorCredential.Kind, _ data: [String: String]) -> [UInt8] {
        struct Order: Encodable {
            var name: String
            var credential_type: String
            var credential_data: [String: String]
        }
        return encodedJSON(Order(name: name, credential_type: kind.rawValue, credential_data: data))
    }
}

extension Provider {
    /// Those at which one credential can be good for a whole organisation.
    package static let withOrganizations: [Provider] = [.google, .microsoft]
}

extension Grant {
    /// Whether it works now and would not without this credential.
    package func stops(without credential: CredentialID) -> Bool {
        credentialID == credential && status != .invalid
    }
}
