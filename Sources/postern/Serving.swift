import BulkGrants
import ConnectApp
import Cryptography
import GrantStore
import HTTP1
import HTTPClient
import HTTPSemantics
import HTTPServer
import HTTPTypes
import Logging
import Metrics
import Nylas
import NylasSandbox
import OperatorAPI
import Sockets
import Synchronization
import TLS
import Timekeeping
import UnixSignals
import Web

/// Joins the parts of one running Postern and takes them apart again in the right order.
///
/// Stopping: no new connections and requests in hand finished, then flows in hand (their codes can be used once), then the
/// second listener and the sandbox, then the store. A second signal cuts all of it.
struct Serving: Sendable {
    var settings: ConnectSettings
    var store: FileGrantStore
    /// The store is opened with it.
    var storeReads: DurationHistogram
    /// Who may use the operator API; without any there is none.
    var apiTokens: [APIToken] = []
    var trustedCertificates: String?
    var certificates: CertificateKeeper?
    var publicPlace: ListenAddress
    var operationsPlace: ListenAddress?
    /// Where people who come in the clear are sent on from.
    var redirectPlace: ListenAddress?
    var sandbox: (handler: NylasSandbox, place: ListenAddress)?
    /// The store is opened with its policy.
    var webhooks = WebhookSetup()
    /// Sockets that are open already, instead of the places.
    var passed = PassedListeners()
    /// What a person changes to have another port: a key or an option.
    var portSettings = (application: "listen.port", sandbox: "--sandbox-port")
    var log: LogOutput
    /// What SIGHUP reads again; nil leaves the signal alone.
    var configuration: (running: ConnectConfiguration, reread: Reread)?
    /// Called once everybody may come.
    var whenReady: @Sendable () -> Void

    typealias Reread = @Sendable () throws(CommandFailure) -> ConnectConfiguration

    func run() async throws(CommandFailure) {
        let outcome: Result<Void, CommandFailure>
        do throws(SystemError) {
            outcome = try await withEventLoops(processorCount()) { loops in
                do throws(CommandFailure) {
                    try await run(on: loops)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw CommandFailure(message: "The system gives no event loop: \(error).")
        }
        try outcome.get()
    }

    private func run(on loops: [EventLoop]) async throws(CommandFailure) {
        let started = WallClock.system.now()
        let operationsListeners = try open(operationsPlace, or: passed.operations, "operations.port", on: loops)
        defer { for listener in operationsListeners { listener.close() } }
        let redirectListeners = try open(redirectPlace, or: passed.redirect, "redirect.port", on: loops)
        defer { for listener in redirectListeners { listener.close() } }
        let sandboxListeners = try sandbox.map { sandbox throws(CommandFailure) in
            try open(sandbox.place, portSettings.sandbox, on: loops)
        }
        defer { for listener in sandboxListeners ?? [] { listener.close() } }
        // The public place is the last to open: whoever gets a connection there finds the others open too.
        let listeners = try open(publicPlace, or: passed.application, portSettings.application, on: loops)
        defer { for listener in listeners { listener.close() } }

        let client = try Outbound.exchange(on: loops, trusting: trustedCertificates, log: log)
        let logger = Logger(label: "postern") { [log] _ in PosternLogHandler(output: log) }
        let flowMetrics = FlowMetrics()
        let headers = SecurityHeaders(publicURL: settings.publicURL, formTargets: settings.formTargets)
        let assets = try Assets.load(headers)
        let webhooks = try WebhookService(
            webhooks,
            settings: settings,
            store: store,
            nylas: client,
            headers: headers,
            on: loops,
            logger: logger,
            log: log
        )
        let nylas = NylasClient(application: settings.nylas, exchange: client)
        let bulk = BulkService(
            store: store,
            client: nylas,
            wallClock: .system,
            time: BulkTime(ContinuousClock()),
            random: .system,
            note: { [log] in log.write($0) }
        )
        let app = ConnectApp(
            settings: settings,
            store: store,
            exchange: client,
            wallClock: .system,
            clock: ContinuousClock(),
            random: .system,
            logger: logger,
            assets: assets,
            headers: headers,
            joining: { disconnection, errors in
                OperatorAPI(
                    settings: settings,
                    tokens: apiTokens,
                    store: store,
                    disconnection: disconnection,
                    nylas: nylas,
                    bulk: bulk,
                    wallClock: .system,
                    clock: ContinuousClock(),
                    random: .system,
                    logger: logger,
                    headers: headers
                ).routes + webhooks.routes(errors)
            },
            count: { flowMetrics.note($0) }
        )

        let stops = Stops()
        let serverMetrics = ServerMetrics(
            routes: app.routeTemplates + (redirectListeners.isEmpty ? [] : [HTTPSRedirect.routeTemplate])
        )
        let application = server(on: loops, errors: app.pages.errors, telling: serverMetrics)
        let second = server(on: loops, errors: app.pages.errors, connections: 256, telling: nil)
        let health = StoreHealth(clock: ContinuousClock()) { [store] () throws(StoreError) in
            try await store.checkWritable()
        }
        let lag = LoopLag(loops: loops.count)
        var outer: [(HTTPServer, HTTPServer.Service)] = []
        if !operationsListeners.isEmpty {
            let telemetry = Telemetry(
                server: serverMetrics,
                flows: flowMetrics,
                webhooks: webhooks,
                lag: lag,
                certificates: certificates,
                log: log,
                started: started,
                flowsInHand: { app.flowsInHand },
                storeWork: { [store] in store.work },
                storeReads: storeReads
            )
            let operations = Operations(
                health: health,
                telemetry: telemetry,
                isDraining: { stops.application.hasBegun }
            )
            let router = Router(operations.routes, errors: app.pages.errors)
            outer.append((second, HTTPServer.Service(listeners: operationsListeners, handler: router)))
        }
        if let sandbox, let sandboxListeners {
            outer.append(
                (second, HTTPServer.Service(listeners: sandboxListeners, handler: sandbox.handler))
            )
        }
        let secure = certificates.map { Certificates.acceptor($0) }
        let watch = certificates.map { CertificateWatch($0, on: loops[0], log: log) }
        var services = [HTTPServer.Service(listeners: listeners, handler: app, secure: secure)]
        if !redirectListeners.isEmpty {
            let redirect = HTTPSRedirect(to: settings.publicURL)
            services.append(
                HTTPServer.Service(
                    listeners: redirectListeners,
                    handler: redirect,
                    errorResponse: response(from: redirect.errors)
                )
            )
        }
        let publicServices = services
        // From here on a signal is an event: one that comes while the first requests do must not end the process.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        whenReady()
        await withTaskGroup { group in
            group.addTask {
                // The first requests come now, and need some of what the start has touched.
                guard (try? await Task.sleep(for: .milliseconds(500))) != nil else { return }
                StartUpPages.giveBack()
            }
            for (server, service) in outer {
                group.addTask { await server.serve([service], until: stops.rest) }
            }
            group.addTask { await stops.watch(signals, log) }
            if let watch { group.addTask { await watch.run(clock: ContinuousClock()) } }
            if let (running, reread) = configuration {
                let reloading = Reloading(log: log, certificates: watch, configuration: running, reread: reread)
                group.addTask { await reloading.watchSignals() }
            }
            if !operationsListeners.isEmpty {
                group.addTask { await health.run() }
                group.addTask { await lag.run(on: loops, clock: ContinuousClock()) }
            }
            await withTaskGroup { inner in
                inner.addTask(executorPreference: loops.first) { await app.run(on: loops) }
                inner.addTask { await webhooks.run() }
                // Without the API there is nobody who could stop them.
                if !apiTokens.isEmpty { inner.addTask { await bulk.run() } }
                await application.serve(publicServices, until: stops.application)
                // run() then returns when the last exchange in hand is over.
                app.drain()
                webhooks.drain()
                bulk.drain()
            }
            stops.rest.begin()
            group.cancelAll()
        }
        client.closeIdleConnections()
        await store.close()
    }

    /// - Parameter metrics: nil for a server whose requests are neither logged nor counted.
    private func server(
        on loops: [EventLoop],
        errors: ErrorPages,
        connections: Int? = nil,
        telling metrics: ServerMetrics?
    ) -> HTTPServer {
        let log = log
        var limits = ServerLimits(settings.limits)
        if let connections { limits.connections = connections }
        let proxies = settings.proxies
        let clients = ForwardedClients(proxies, log: log)
        return HTTPServer(
            loops: loops,
            limits: limits,
            messageLimits: MessageLimits(settings.limits),
            isCapped: { !proxies.contains($0) },
            clientOf: { peer, fields in clients.client(of: peer, fields) },
            errorResponse: response(from: errors),
            accessLog: { record in
                guard let metrics else { return }
                metrics.note(record)
                log.write(record)
            },
            faultLog: { fault in log.write(fault) },
            count: { event in metrics?.note(event) }
        )
    }

    private func response(from errors: ErrorPages) -> HTTPServer.ErrorResponse {
        { status, reference, fields in errors.response(status, reference: reference, accepting: fields) }
    }

    /// Takes over what was passed or, if that is nothing, opens the place; empty if there is neither.
    private func open(
        _ place: ListenAddress?,
        or passed: [Int32] = [],
        _ setting: String,
        on loops: [EventLoop]
    ) throws(CommandFailure) -> [Listener] {
        var listeners: [Listener] = []
        for number in passed {
            do throws(ListenError) {
                listeners.append(try Listener(adopting: Descriptor(adopting: number), on: loops[0]))
            } catch {
                throw CommandFailure(message: "Descriptor \(number) that was passed is not a listening TCP socket.")
            }
        }
        guard let place, passed.isEmpty else { return listeners }
        do throws(ListenError) {
            return try Listener.open(place, on: loops[0])
        } catch {
            throw CommandFailure(message: error.sentence(place, setting))
        }
    }
}
