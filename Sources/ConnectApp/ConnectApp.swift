package import Cryptography
package import GrantStore
package import HTTPSemantics
package import HTTPTypes
package import Logging
import Nylas
package import Timekeeping
package import Web

/// The application: the connect page, the flow to Nylas and back, the result. It knows no socket and no file.
///
/// Answers requests only while ``run()`` runs: that is where codes are exchanged.
package struct ConnectApp: RequestHandler {
    /// The pages' words and looks; ``Pages/errors`` is also for the server, so that every error looks like the rest.
    package let pages: Pages

    /// Every route template that a response of this can name.
    package let routeTemplates: [String]

    /// Takes mailboxes away from their owners; shares the locks of flows, so that it never crosses one of the same mailbox.
    package let disconnection: Disconnection

    private let handler: HostCheck<Router>
    private let progress: FlowProgress
    private let runner: FlowRunner
    private let settlement: Settlement
    private let purge: ClaimPurge
    private let verification: ConsentVerification
    /// Rung whenever open claims are looked for: then deletions that are due are, too.
    private let scanned: Bell

    /// - Parameters:
    ///   - assets: `Public/`.
    ///   - headers: made with ``ConnectSettings/publicURL`` and the Nylas origin as form target.
    ///   - exchange: reaches Nylas.
    ///   - clock: for waits and deadlines; no change of the machine's time moves it.
    ///   - joining: makes routes of other rooms for the same address; told how an owner leaves a grant, and what errors look like.
    ///   - count: called with each step of a flow; must not block.
    package init(
        settings: ConnectSettings,
        store: any GrantStore,
        exchange: any HTTPExchange,
        wallClock: WallClock,
        clock: any Clock<Duration>,
        random: RandomSource,
        logger: Logger,
        assets: StaticFiles,
        headers: SecurityHeaders,
        joining: (Disconnection, ErrorPages) -> [Route] = { _, _ in [] },
        count: @escaping @Sendable (FlowCount) -> Void = { _ in }
    ) {
        let log = FlowLog(logger, count: count)
        let time = MonotonicTime(clock)
        let nylas = NylasClient(application: settings.nylas, exchange: exchange)
        let leases = Leases(random: random, wallClock: wallClock)
        let progress = FlowProgress()
        self.progress = progress
        let locks = GrantLocks()
        disconnection = Disconnection(store: store, nylas: nylas, wallClock: wallClock, locks: locks, log: log)
        scanned = Bell()
        let conclusion = Conclusion(
            settings: settings,
            store: store,
            nylas: nylas,
            wallClock: wallClock,
            leases: leases,
            locks: locks,
            log: log
        )
        settlement = Settlement(
            store: store,
            nylas: nylas,
            wallClock: wallClock,
            time: time,
            leases: leases,
            conclusion: conclusion,
            progress: progress,
            scanned: scanned,
            log: log
        )
        let connectors = ConnectorLook(nylas: nylas, log: log)
        runner = FlowRunner(
            redirectURI: settings.redirectURI,
            store: store,
            nylas: nylas,
            wallClock: wallClock,
            time: time,
            leases: leases,
            conclusion: conclusion,
            settlement: settlement,
            connectors: connectors,
            progress: progress,
            log: log
        )
        purge = ClaimPurge(store: store, wallClock: wallClock, time: time, log: log)
        verification = ConsentVerification(
            store: store,
            nylas: nylas,
            wallClock: wallClock,
            time: time,
            locks: locks,
            bell: Bell(),
            log: log
        )
        let pages = Pages(settings: settings, assets: assets, headers: headers)
        self.pages = pages
        let cookies = FlowCookies(keys: settings.sealingKeys, random: random)
        let seal = LinkSeal(keys: settings.sealingKeys, random: random)
        let handles = HostHandles(keys: settings.sealingKeys, random: random)
        let returns = HostReturns(settings: settings, handles: handles)
        let links = LinkPage(
            pages: pages,
            seal: seal,
            store: store,
            returns: returns,
            wallClock: wallClock,
            log: log
        )
        let linkCookie = LinkCookie(seal: seal)
        func rate(_ rate: Rate) -> RateLimit {
            RateLimit(rate) {
                time.elapsed
            } isExempt: {
                settings.proxies.contains($0)
            }
        }
        let audience = Audience.digest(of: settings)
        let start = StartFlow(
            settings: settings,
            audience: audience,
            redirectURI: settings.redirectURI,
            pages: pages,
            cookies: cookies,
            rate: rate(settings.limits.starts),
            links: links,
            linkCookie: linkCookie,
            detection: ProviderDetection(nylas: nylas, time: time, log: log),
            wallClock: wallClock,
            random: random,
            log: log
        )
        let callback = Callback(
            settings: settings,
            audience: audience,
            pages: pages,
            cookies: cookies,
            store: store,
            runner: runner,
            returns: returns,
            connectors: connectors,
            progress: progress,
            consentReported: verification.bell,
            rate: rate(settings.limits.callbacks),
            wallClock: wallClock,
            time: time,
            log: log
        )
        let consentSeal = ConsentSeal(keys: settings.sealingKeys, random: random)
        let inviteCookie = InviteCookie(seal: consentSeal)
        let consents = ConsentPages(
            settings: settings,
            audience: audience,
            pages: pages,
            cookies: cookies,
            seal: consentSeal,
            inviteCookie: inviteCookie,
            store: store,
            rate: rate(settings.limits.starts),
            wallClock: wallClock,
            random: random,
            log: log
        )
        let results = ResultPages(
            pages: pages,
            cookies: cookies,
            linkCookie: linkCookie,
            inviteCookie: inviteCookie,
            returns: returns,
            store: store,
            progress: progress,
            wallClock: wallClock,
            log: log
        )
        let ending = DisconnectPages(
            publicURL: settings.publicURL,
            pages: pages,
            seal: DisconnectSeal(keys: settings.sealingKeys, random: random),
            store: store,
            disconnection: disconnection,
            rate: rate(settings.limits.starts),
            wallClock: wallClock,
            log: log
        )
        let routes = [
            Route(.get, "/disconnect/{link}") { request, parameters in
                await ending.show(parameters["link"], to: request)
            },
            Route(.post, "/disconnect", contentLimitBytes: settings.limits.formBytes) { request, _ in
                await ending.end(request)
            },
            Route(.get, "/", immediately: { _, _ in pages.connect() }),
            Route(.get, "/c/{link}") { request, parameters in
                await links.response(parameters["link"], to: request)
            },
            Route(.post, "/connect", contentLimitBytes: settings.limits.formBytes) { request, _ in
                await start.response(to: request)
            },
            Route(.get, "/consent/{invite}") { request, parameters in
                await consents.show(parameters["invite"], to: request)
            },
            Route(.post, "/consent", contentLimitBytes: settings.limits.formBytes) { request, _ in
                await consents.start(request)
            },
            Route(.get, "/callback") { request, _ in await callback.response(to: request) },
            Route(.get, "/confirmed/{id}") { request, parameters in
                await callback.confirmed(parameters["id"] ?? "", request)
            },
            Route(.get, "/connected/{id}") { request, parameters in
                await results.connected(parameters["id"], request)
            },
            Route(.get, "/problem/{id}") { request, parameters in
                await results.problem(parameters["id"], request)
            },
        ]
        let router = Router(routes + joining(disconnection, pages.errors) + assets.routes, errors: pages.errors)
        routeTemplates = router.templates
        handler = HostCheck(
            router,
            publicURL: settings.publicURL,
            errors: pages.errors
        )
    }

    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int {
        handler.contentLimitBytes(for: head, target: target)
    }

    package func response(to request: Request) async -> Response {
        await handler.response(to: request)
    }

    package func immediateResponse(to request: Request) -> Response? {
        handler.immediateResponse(to: request)
    }

    /// Exchanges codes, settles what is open, deletes at Nylas what nobody has any more, and forgets what is old; returns when ``drain()`` has been called and the last
    /// exchange in hand is over, or when the task is cancelled, which cuts exchanges off.
    ///
    /// A flow that is cut off, or still unsettled, stays open in the store: the next start settles it.
    ///
    /// - Parameter executors: what flows run on, in turn. On the threads that serve, every answer of Nylas and of the store costs one
    ///   wake-up less than on the system's pool, which is what runs them where there are none.
    package func run(on executors: [any TaskExecutor] = []) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "settlement") { await settlement.run() }
            group.addTask(name: "purge") { await purge.run() }
            group.addTask(name: "consents") { await verification.run() }
            group.addTask(name: "deletions") {
                while !Task.isCancelled {
                    await disconnection.retryDeletions()
                    await scanned.rung()
                    verification.bell.ring()
                }
            }
            await runner.run(on: executors)
            group.cancelAll()
        }
    }

    /// How many flows this process works on now: exchanging a code or judging its grant, and finding out how an exchange ended.
    package var flowsInHand: (exchanging: Int, settling: Int) { progress.counts }

    /// Tries out what is due of consents, as ``run()`` does by itself.
    ///
    /// - Returns: false if Nylas or the store wants to be left alone.
    func tryConsentsOut() async -> Bool { await verification.tryDue() }

    /// Accepts no more callbacks, so that ``run()`` comes to its end. Call it once the server accepts no more requests.
    package func drain() {
        runner.drain()
    }
}
