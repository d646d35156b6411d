package import Cryptography
package import HTTPSemantics
package import HTTPTypes
package import Timekeeping
import Web

/// Nylas on your own machine: enough of API v3 and of its hosted login for official SDKs, for the demo and for tests.
///
/// Everything is in memory and nothing is real. It can be told to fail in all the ways the real one might:
/// `POST /sandbox/script`.
package struct NylasSandbox: RequestHandler {
    private let emulator: Emulator
    private let router: Router

    package init(
        configuration: SandboxConfiguration,
        wallClock: WallClock,
        random: RandomSource,
        clock: any Clock<Duration>
    ) {
        let emulator = Emulator(configuration: configuration, wallClock: wallClock, random: random, clock: clock)
        self.emulator = emulator
        router = Router(
            // The administrator's page before the others: what comes first is matched first, and "organization" is no provider.
            [emulator.tokenRoute, emulator.detectRoute] + emulator.adminConsentRoutes + emulator.hostedRoutes
                + emulator.tokenInfoRoutes
                + emulator.grantRoutes + emulator.applicationRoutes + emulator.connectorRoutes
                + emulator.credentialRoutes
                + [emulator.customAuthenticationRoute] + emulator.scriptRoutes + emulator.pageRoutes,
            errors: emulator.errors
        )
    }

    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int {
        router.contentLimitBytes(for: head, target: target)
    }

    package func response(to request: Request) async -> Response {
        let response = await router.response(to: request)
        // What the router says about an unknown path of the API, in the API's own words.
        guard request.target.path.hasPrefix("/v3/"), response.head.headerFields[.contentType] != "application/json",
            response.head.status == .notFound || response.head.status == .methodNotAllowed
        else { return response }
        let isUnknown = response.head.status == .notFound
        var answer = emulator.apiResponse(isUnknown ? .notFound : .methodNotAllowed, to: request)
        answer.head.headerFields[.allow] = response.head.headerFields[.allow]
        answer.routeTemplate = response.routeTemplate
        return answer
    }
}
