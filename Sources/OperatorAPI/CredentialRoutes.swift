import ConnectApp
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import Timekeeping
import Web

/// What whole organisations are connected with, at Nylas. What a credential holds is checked, sent there, and kept nowhere here.
struct CredentialRoutes: Sendable {
    let nylas: NylasClient
    let store: any GrantStore

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/credentials", scope: .read, listing, list),
            APIRoute(.post, "/credentials", scope: .write, creating, create),
            APIRoute(.get, "/credentials/{id}", scope: .read, looking, look),
            APIRoute(.delete, "/credentials/{id}", scope: .write, deleting, delete),
        ]
    }

    /// One page of Nylas's for one page of ours: so it may be short, where one provider's end.
    private func list(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let limit = Int(call.query["limit"]?.number ?? GrantPage.standardLimit)
        let asked = call.query["provider"]?.text.flatMap(Provider.init(rawValue:))
        var place = CredentialPlace(provider: asked ?? Provider.withOrganizations[0], offset: 0)
        if let cursor = call.query["cursor"]?.text {
            guard let read = CredentialPlace(cursor: cursor), asked == nil || asked == read.provider else {
                throw APIProblem(
                    .invalidQuery,
                    misfits: [Misfit(pointer: "cursor", detail: "Must be the next_cursor of an answer.")]
                )
            }
            place = read
        }
        let page: CredentialPage
        do throws(NylasError) {
            page = try await nylas.credentials(of: place.provider, limit: limit, offset: place.offset)
        } catch {
            // Without a connector there are no credentials, unless it was asked for by name.
            guard case .notFound = error, asked == nil else { throw APIProblem(error) }
            page = CredentialPage(credentials: [], isLast: true)
        }
        let next =
            page.isLast
            ? (asked == nil ? place.nextProvider : nil)
            : CredentialPlace(provider: place.provider, offset: place.offset + limit)
        return APIAnswer(
            .ok,
            [
                "credentials": .array(page.credentials.map { Self.json($0, place.provider) }),
                "next_cursor": JSON(next?.cursor),
            ]
        )
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let (found, provider) = try await find(call)
        return APIAnswer(.ok, Self.json(found, provider))
    }

    private func create(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let order = NewCredential(name: call.content["name"]?.text ?? "", content: try content(call.content))
        if let fault = order.fault { throw APIProblem(.invalidContent, misfits: [fault.misfit]) }
        let made = try await asked { () async throws(NylasError) in try await nylas.createCredential(order) }
        return APIAnswer(.created, Self.json(made, order.provider))
    }

    private func content(_ content: JSON) throws(APIProblem) -> NewCredential.Content {
        func without(_ names: String...) throws(APIProblem) {
            let misfits = names.filter { ![nil, .null].contains(content[$0]) }.map {
                Misfit(pointer: "/\($0)", detail: "Is for the other provider.")
            }
            guard misfits.isEmpty else { throw APIProblem(.invalidContent, misfits: misfits) }
        }
        guard content["provider"]?.text == Provider.google.rawValue else {
            try without("service_account_key")
            guard let tenant = content["tenant"]?.text else {
                throw APIProblem(.invalidContent, misfits: [Misfit(pointer: "/tenant", detail: "Is missing.")])
            }
            return .adminConsent(tenant: tenant, app: ProviderApp(content))
        }
        try without("tenant", "client_id", "client_secret")
        do throws(ServiceAccountKeyFault) {
            return .serviceAccount(try ServiceAccountKey((content["service_account_key"] ?? .null).encoded))
        } catch {
            throw APIProblem(.invalidContent, misfits: [error.misfit])
        }
    }

    private func delete(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let (credential, provider) = try await find(call)
        var stopping = StoppingGrants()
        let size = 200
        var offset = 0
        while true {
            let start = offset
            let page = try await asked { () async throws(NylasError) in
                try await nylas.grantsOldestFirst(limit: size, offset: start)
            }
            for grant in page.grants where grant.stops(without: credential.id) { stopping.note(grant) }
            if page.isLast { break }
            offset += size
        }
        // The number confirms: whoever says it has seen them, and one more that was made meanwhile is asked about again.
        guard stopping.total <= Int(call.query["confirm_grants"]?.number ?? 0) else {
            try await stopping.complete { id throws(APIProblem) in
                try await stored { () async throws(StoreError) in try await store.grant(id) }?.address
            }
            throw APIProblem(.credentialInUse, stopping: stopping)
        }
        try await asked { () async throws(NylasError) in
            try await nylas.deleteCredential(credential.id, of: provider)
        }
        return APIAnswer(
            .ok,
            ["id": .string(credential.id.text), "stopped_grants": .integer(Int64(stopping.total))]
        )
    }

    private func find(_ call: APICall) async throws(APIProblem) -> (ConnectorCredential, Provider) {
        guard let id = call.path["id"].flatMap(CredentialID.init) else { throw APIProblem(.notFound) }
        let found = try await asked { () async throws(NylasError) in try await nylas.findCredential(id) }
        guard let found else { throw APIProblem(.notFound) }
        return found
    }

    private static func json(_ credential: ConnectorCredential, _ provider: Provider) -> JSON {
        [
            "id": .string(credential.id.text),
            "name": .string(credential.name),
            "provider": .string(provider.rawValue),
            "type": JSON(credential.kind?.rawValue),
            "created_at": JSON(credential.createdAt?.rfc3339),
        ]
    }
}

/// Where a page of all credentials begins: no secret, so it is written as it is.
private struct CredentialPlace {
    var provider: Provider
    var offset: Int

    init(provider: Provider, offset: Int) {
        self.provider = provider
        self.offset = offset
    }

    init?(cursor: String) {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let provider = Provider(rawValue: String(parts[0])),
            Provider.withOrganizations.contains(provider), (1...9).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let offset = Int(parts[1])
        else { return nil }
        self.init(provider: provider, offset: offset)
    }

    var cursor: String { "\(provider.rawValue)-\(offset)" }

    var nextProvider: CredentialPlace? {
        let all = Provider.withOrganizations
        guard let index = all.firstIndex(of: provider), index + 1 < all.count else { return nil }
        return CredentialPlace(provider: all[index + 1], offset: 0)
    }
}

extension ServiceAccountKeyFault {
    fileprivate var misfit: Misfit {
        let place = "/service_account_key"
        return switch self {
        case .notAnObject: Misfit(pointer: place, detail: "Must be the key file's JSON object, at most 64 KiB.")
        case .notAServiceAccount: Misfit(pointer: place + "/type", detail: "Must be service_account.")
        // A name of ours.
        case .missing(let member): Misfit(pointer: "\(place)/\(member)", detail: "Is missing or empty.")
        case .clientEmail: Misfit(pointer: place + "/client_email", detail: "Must be an address.")
        case .privateKey:
            Misfit(pointer: place + "/private_key", detail: "Must be one unencrypted PEM block of a private key.")
        }
    }
}
