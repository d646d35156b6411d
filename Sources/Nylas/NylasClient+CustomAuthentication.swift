package import Grants
import HTTPTypes

/// A mailbox that is connected without its person: with a service account (Google) or an administrator's consent (Microsoft).
package struct CustomAuthentication: Hashable, Sendable {
    package var provider: Provider
    package var address: String
    package var credentialID: CredentialID
    /// Full addresses of Google's scopes. Empty for Microsoft, where the tenant's application permissions apply.
    package var scopes: [String]

    package init(provider: Provider, address: String, credentialID: CredentialID, scopes: [String] = []) {
        self.provider = provider
        self.address = address
        self.credentialID = credentialID
        self.scopes = scopes
    }
}

extension NylasClient {
    /// Makes a grant, or authenticates the one the address has again: its ID stays.
    ///
    /// - Returns: the grant, by the documented examples without an address: the caller keeps its own.
    /// - Throws: `.refused` or `.notFound` for what is wrong with this mailbox or credential. Where ``NylasError/mayHaveActed``,
    ///   the grant may exist: look before sending it again.
    package func authenticate(_ request: CustomAuthentication) async throws(NylasError) -> Grant {
        struct Settings: Encodable {
            var email_address: String
            var credential_id: String
            var scopes: [String]?
        }
        struct Order: Encodable {
            var provider: String
            var settings: Settings
        }
        let order = Order(
            provider: request.provider.rawValue,
            settings: Settings(
                email_address: request.address,
                credential_id: request.credentialID.text,
                // Inside the settings and in the plural, unlike anywhere else.
                scopes: request.scopes.isEmpty ? nil : request.scopes
            )
        )
        let answer: Envelope<Grant> = try await call(.post, "/v3/connect/custom", content: encodedJSON(order))
        return answer.data
    }

    /// One page of all grants in the order they were made, so that one made meanwhile shifts no page.
    ///
    /// - Parameter limit: 1 to 200. A page that is shorter than this is the last.
    package func grantsOldestFirst(limit: Int, offset: Int) async throws(NylasError) -> GrantPage {
        let answer: Envelope<[Readable<Grant>]> = try await call(
            .get,
            "/v3/grants?limit=\(limit)&offset=\(offset)&sort_by=created_at&order_by=asc"
        )
        return GrantPage(grants: answer.data.compactMap(\.value), isLast: answer.data.count < limit)
    }
}
