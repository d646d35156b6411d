package import BulkGrants
package import ConnectApp
package import Cryptography
package import GrantStore
import HTTPSemantics
import HTTPTypes
package import Logging
package import Nylas
package import Timekeeping
package import Web

/// The operator's API: routes under `/api/v1` for the public listener, and the OpenAPI document that describes them.
///
/// Without a configured token there is none of it: no route, and no way to tell that there could be.
package struct OperatorAPI: Sendable {
    package static let root = "/api/v1"

    /// Every operation, in the order of the document.
    package let operations: [APIRoute]
    /// What the router takes.
    package let routes: [Route]

    /// - Parameters:
    ///   - tokens: who may call; empty for no API.
    ///   - disconnection: how an owner leaves a grant.
    ///   - nylas: whom connectors and credentials are asked of.
    ///   - bulk: who works on runs.
    ///   - clock: for the rate of failures; no change of the machine's time moves it.
    package init(
        settings: ConnectSettings,
        tokens: [APIToken],
        store: any GrantStore,
        disconnection: Disconnection,
        nylas: NylasClient,
        bulk: BulkService,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        random: RandomSource,
        logger: Logger,
        headers: SecurityHeaders
    ) {
        guard !tokens.isEmpty else {
            operations = []
            routes = []
            return
        }
        let links = LinkRoutes(settings: settings, store: store, wallClock: wallClock, random: random)
        let grants = GrantRoutes(store: store, disconnection: disconnection)
        let host = HostRoutes(
            results: HostResults(settings: settings, store: store, random: random),
            confirmations: HostConfirmations(settings: settings, store: store, wallClock: wallClock, random: random)
        )
        let exits = DisconnectLinkRoutes(settings: settings, store: store, wallClock: wallClock, random: random)
        let consents = ConsentRoutes(settings: settings, store: store, wallClock: wallClock, random: random)
        let organizations =
            ConnectorRoutes(nylas: nylas).routes + CredentialRoutes(nylas: nylas, store: store).routes
            + consents.routes
            + BulkRunRoutes(settings: settings, nylas: nylas, service: bulk, wallClock: wallClock, random: random)
            .routes
        let described = links.routes + exits.routes + grants.routes + host.routes + organizations
        let document = DocumentRoute(describing: described, publicURL: settings.publicURL)
        operations = described + [document.route]
        let gate = TokenGate(
            tokens: tokens,
            failures: RateLimit(settings.limits.apiFailures, now: elapsed(clock)) { [proxies = settings.proxies] in
                proxies.contains($0)
            }
        )
        let idempotency = Idempotency(store: store, seal: AnswerSeal(keys: settings.sealingKeys, random: random))
        routes = operations.map { route in
            let responder = Responder(
                route: route,
                gate: gate,
                idempotency: idempotency,
                headers: headers,
                logger: logger
            )
            let usual = route.operation.content == nil ? 0 : settings.limits.apiBytes
            var large: (@Sendable (HTTPRequest) -> Int)?
            if let limit = route.contentLimitBytes {
                // Only who may call it can make the server keep so much.
                large = { gate.covers(route.scope, $0.headerFields) ? max(limit, usual) : usual }
            }
            return Route(
                route.method,
                route.template,
                opaque: Set(route.operation.parameters.filter(\.isOpaque).map(\.name)),
                contentLimitBytes: usual,
                contentLimit: large
            ) { request, parameters in await responder.response(to: request, parameters) }
        }
    }
}

private func elapsed<C: Clock<Duration>>(_ clock: C) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
}

/// Runs one call of the store, with its failure as a problem.
func stored<Value>(_ body: () async throws(StoreError) -> Value) async throws(APIProblem) -> Value {
    do throws(StoreError) {
        return try await body()
    } catch {
        throw APIProblem(.storeUnavailable, retryAfter: .seconds(5))
    }
}

/// `GET /api/v1/openapi.json`: what there is, for anybody.
private struct DocumentRoute {
    let route: APIRoute

    init(describing described: [APIRoute], publicURL: HTTPOrigin) {
        let operation = Operation(
            id: "getDocument",
            tag: "document",
            summary: "This document.",
            answers: [
                // Its own schema is the OpenAPI Specification's.
                .init(.ok, "The OpenAPI 3.1 document of this API.", .anyObject)
            ]
        )
        let own = APIRoute(.get, "/openapi.json", scope: nil, operation) { _ in APIAnswer(.ok, nil) }
        let document = OpenAPI(routes: described + [own], publicURL: publicURL).document.encoded
        route = APIRoute(.get, "/openapi.json", scope: nil, operation) { _ in APIAnswer(.ok, content: document) }
    }
}
