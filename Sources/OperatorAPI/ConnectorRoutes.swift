import ConnectApp
import Cryptography
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import Web

/// The application's set-up of each provider, at Nylas. Nothing of it is kept here.
struct ConnectorRoutes: Sendable {
    let nylas: NylasClient

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/connectors", scope: .read, listing, list),
            APIRoute(.post, "/connectors", scope: .write, creating, create),
            APIRoute(.get, "/connectors/{provider}", scope: .read, looking, look),
        ]
    }

    // MARK: what they do

    private func list(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let found = try await asked { () async throws(NylasError) in try await nylas.connectors() }
        return APIAnswer(.ok, ["connectors": .array(found.map(Self.json))])
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        guard let provider = call.path["provider"].flatMap(Provider.init(rawValue:)) else {
            throw APIProblem(.notFound)
        }
        let found = try await asked { () async throws(NylasError) in try await nylas.connector(of: provider) }
        return APIAnswer(.ok, Self.json(found))
    }

    private func create(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        guard let provider = call.content["provider"]?.text.flatMap(Provider.init(rawValue:)) else {
            throw APIProblem(.invalidContent, misfits: [Misfit(pointer: "/provider", detail: "Is no provider.")])
        }
        let order = NewConnector(
            provider: provider,
            app: ProviderApp(call.content),
            tenant: call.content["tenant"]?.text,
            scopes: call.content["scopes"]?.elements?.compactMap(\.text) ?? []
        )
        if let fault = order.fault { throw APIProblem(.invalidContent, misfits: [fault.misfit]) }
        let made = try await asked { () async throws(NylasError) in try await nylas.createConnector(order) }
        return APIAnswer(.created, Self.json(made))
    }

    private static func json(_ connector: Connector) -> JSON {
        [
            "provider": .string(connector.provider),
            "name": JSON(connector.name),
            "client_id": JSON(connector.settings?.clientID),
            "tenant": JSON(connector.settings?.tenant),
            "scopes": JSON(connector.scope ?? []),
        ]
    }

    // MARK: what the document says

    private var listing: Operation {
        let all = Schema.object([.init("connectors", .list(of: Self.connector, atMost: 200), "One of each provider.")])
        return Operation(
            id: "listConnectors",
            tag: "connectors",
            summary: "The application's connectors, as Nylas has them.",
            answers: [.init(.ok, "All of them.", .named("ConnectorList", all))],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused]
        )
    }

    private var looking: Operation {
        Operation(
            id: "getConnector",
            tag: "connectors",
            summary: "One connector.",
            parameters: [.path("provider", .word(Provider.allCases.map(\.rawValue)), "The provider.")],
            answers: [.init(.ok, "The connector, without its secret.", Self.connector)],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused]
        )
    }

    private var creating: Operation {
        let order = Schema.object(
            [.init("provider", .word(Provider.allCases.map(\.rawValue)), "An application has one connector of each.")]
                + ProviderApp.properties + [
                    .init(
                        "tenant",
                        .nullable(.text(1...253)),
                        isRequired: false,
                        "Microsoft's: common, or one organization's."
                    ),
                    .init(
                        "scopes",
                        .list(of: .text(1...512), atMost: 64),
                        isRequired: false,
                        "For authorization requests that name none."
                    ),
                ]
        )
        return Operation(
            id: "createConnector",
            tag: "connectors",
            summary: "Makes the connector of a provider.",
            description: "The secret goes to Nylas. Postern keeps nothing of it, and no answer has it.",
            content: .named("ConnectorOrder", order),
            answers: [.init(.created, "The connector, without its secret.", Self.connector)],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused],
            takesIdempotencyKey: true
        )
    }

    private static let connector = Schema.named(
        "Connector",
        .object([
            .init("provider", .text(1...64), "As Nylas names it."),
            .init("name", .nullable(.text()), "Its name, if it has one."),
            .init("client_id", .nullable(.text()), "The client ID of your app at the provider."),
            .init("tenant", .nullable(.text()), "Microsoft's."),
            .init("scopes", .list(of: .text(), atMost: 1000), "For authorization requests that name none."),
        ])
    )
}

extension ProviderApp {
    /// - Parameter content: fits ``properties``. nil if no app is named in it.
    init?(_ content: JSON) {
        let (id, secret) = (content["client_id"]?.text, content["client_secret"]?.text)
        guard id != nil || secret != nil else { return nil }
        // Half an app has an empty half, which is a fault.
        self.init(clientID: id ?? "", clientSecret: Secret(secret ?? ""))
    }

    static let properties: [Schema.Property] = [
        .init("client_id", .nullable(.text(1...512)), isRequired: false, "The client ID of your app at the provider."),
        .init("client_secret", .nullable(.text(1...4096)), isRequired: false, "Its secret, which Nylas alone keeps."),
    ]
}

extension NewConnectionFault {
    /// Where it is in an order of the API.
    var misfit: Misfit {
        switch self {
        case .name: Misfit(pointer: "/name", detail: "Must be 1 to 100 bytes on one line.")
        case .tenant: Misfit(pointer: "/tenant", detail: "Must be common, or a tenant's ID or domain.")
        case .tenantWithoutMicrosoft: Misfit(pointer: "/tenant", detail: "Only Microsoft has tenants.")
        case .appMissing: Misfit(pointer: "/client_id", detail: "This provider needs client_id and client_secret.")
        case .appWithoutUse: Misfit(pointer: "/client_id", detail: "This provider has no clients.")
        case .app:
            Misfit(
                pointer: "/client_id",
                detail: "client_id must be visible ASCII, client_secret 1 to 4096 bytes, and both be there."
            )
        case .scopes: Misfit(pointer: "/scopes", detail: "Must be at most 64, of visible ASCII characters.")
        }
    }
}
