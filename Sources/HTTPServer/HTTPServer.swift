package import HTTP1
package import HTTPSemantics
package import HTTPTypes
package import Sockets
package import Timekeeping

/// Accepts connections and speaks HTTP/1.1 on each, in a task that prefers an event loop.
///
/// An object, since every connection has it.
package final class HTTPServer: Sendable {
    /// Makes the response to a request that never reached a handler. The fields are those of the request, as far as
    /// they could be read: they say whether a page or JSON is wanted.
    package typealias ErrorResponse =
        @Sendable (_ status: HTTPResponse.Status, _ reference: RequestID, _ fields: HTTPFields) -> Response

    /// Puts TLS, or something like it, on an accepted stream before the deadline.
    package typealias Secure =
        @Sendable (_ stream: any ByteStream, _ deadline: Deadline) async throws(StreamError) -> any ByteStream

    /// Says for whom a peer sends a request with these fields: the peer itself, or somebody whom a trusted proxy names.
    package typealias ClientOf = @Sendable (_ peer: NetworkAddress, _ fields: HTTPFields) -> NetworkAddress

    /// What is served at some listeners.
    package struct Service: Sendable {
        var listeners: [Listener]
        var handler: any RequestHandler
        var secure: Secure?
        var errorResponse: ErrorResponse?

        /// - Parameter errorResponse: the server's own if nil.
        package init(
            listeners: [Listener],
            handler: any RequestHandler,
            secure: Secure? = nil,
            errorResponse: ErrorResponse? = nil
        ) {
            self.listeners = listeners
            self.handler = handler
            self.secure = secure
            self.errorResponse = errorResponse
        }
    }

    let loops: [EventLoop]
    let limits: ServerLimits
    let messageLimits: MessageLimits
    let wallClock: WallClock
    let dateField: DateField
    let series: RequestSeries
    let isCapped: @Sendable (NetworkAddress) -> Bool
    let clientOf: ClientOf
    let errorResponse: ErrorResponse
    let accessLog: @Sendable (AccessRecord) -> Void
    let faultLog: @Sendable (ServerFault) -> Void
    let count: @Sendable (ServerEvent) -> Void

    /// - Parameters:
    ///   - isCapped: false for clients without a limit of their own on connections, such as a configured proxy.
    ///   - clientOf: asked once a request, when its head has arrived.
    ///   - accessLog: called from an event loop after each response; must not block.
    ///   - faultLog: likewise.
    ///   - count: likewise, with what is counted beside requests.
    package init(
        loops: [EventLoop],
        limits: ServerLimits = ServerLimits(),
        messageLimits: MessageLimits = MessageLimits(),
        wallClock: WallClock = .system,
        isCapped: @escaping @Sendable (NetworkAddress) -> Bool = { _ in true },
        clientOf: @escaping ClientOf = { peer, _ in peer },
        errorResponse: @escaping ErrorResponse,
        accessLog: @escaping @Sendable (AccessRecord) -> Void = { _ in },
        faultLog: @escaping @Sendable (ServerFault) -> Void = { _ in },
        count: @escaping @Sendable (ServerEvent) -> Void = { _ in }
    ) {
        precondition(!loops.isEmpty, "connections have nowhere to run")
        self.loops = loops
        self.limits = limits
        self.messageLimits = messageLimits
        self.wallClock = wallClock
        dateField = DateField()
        series = RequestSeries()
        self.isCapped = isCapped
        self.clientOf = clientOf
        self.errorResponse = errorResponse
        self.accessLog = accessLog
        self.faultLog = faultLog
        self.count = count
    }

    /// Serves until `shutdown` begins and what was in hand then is finished, or its grace is over; or until the task is
    /// cancelled, which cuts what is in hand at once.
    ///
    /// The services share the limits on connections. Closes the listeners.
    package func serve(_ services: [Service], until shutdown: GracefulShutdown) async {
        let census = ConnectionCensus(limits: limits, isCapped: isCapped)
        let listeners = services.flatMap(\.listeners)
        for listener in listeners { listener.setPatience(limits.writeTime) }
        let closeListeners: @Sendable () -> Void = { for listener in listeners { listener.close() } }
        await withTaskCancellationHandler {
            await shutdown.withAction {
                closeListeners()
                census.closeIdle()
            } _: {
                await finish(services, census, shutdown)
            }
        } onCancel: {
            closeListeners()
        }
    }
}

// MARK: accepting

extension HTTPServer {
    /// Runs one task per listener and, once the shutdown has begun, one that waits for the end of its grace.
    private func finish(_ services: [Service], _ census: ConnectionCensus, _ shutdown: GracefulShutdown) async {
        await withTaskGroup { group in
            var accepting = 0
            for service in services {
                for listener in service.listeners {
                    accepting += 1
                    group.addTask(name: "accept \(listener.address)", executorPreference: loops[0]) {
                        await self.accept(from: listener, service, census, shutdown)
                        return true
                    }
                }
            }
            group.addTask(name: "grace") {
                await shutdown.begun()
                let patience = min(self.limits.unusedGrace, self.limits.shutdownGrace)
                // Ends early, by cancellation, when all have finished.
                try? await Task.sleep(for: patience)
                census.closeIdle(andUnused: true)
                try? await Task.sleep(for: self.limits.shutdownGrace - patience)
                return false
            }
            for await isListener in group {
                if isListener { accepting -= 1 }
                if accepting == 0 || !isListener { group.cancelAll() }
            }
        }
    }

    /// Returns when the listener is closed and all its connections have ended.
    private func accept(
        from listener: Listener,
        _ service: Service,
        _ census: ConnectionCensus,
        _ shutdown: GracefulShutdown
    ) async {
        await withDiscardingTaskGroup { connections in
            var number = 0
            var failures = 0
            // The counts have all of it; the log has one line in a while.
            var failureReports = ReportThrottle(every: .seconds(10))
            var resumptionReports = ReportThrottle(every: .seconds(10))
            var refusalReports = ReportThrottle(every: .seconds(1))
            while true {
                let loop = loops[number % loops.count]
                let stream = await listener.accept(onto: loop) { error in
                    count(.acceptFailed)
                    failures += 1
                    if failureReports.passes(at: .now) { faultLog(.acceptFailed(errno: error.number)) }
                }
                guard let stream else { break }
                if failures > 0, resumptionReports.passes(at: .now) {
                    faultLog(.acceptResumed(failures: failures))
                    failures = 0
                }
                number += 1
                // A full backlog is no reason for those who are connected to wait.
                if number.isMultiple(of: 32) { await Task.yield() }
                let client = NetworkAddress(stream.peer)
                let phase = ConnectionPhase { stream.close() }
                switch census.arrive(client, phase) {
                case .admitted:
                    count(.connectionOpened)
                    connections.addTask(executorPreference: loop) {
                        let connection = Connection(self, service, stream, client, phase, shutdown)
                        await ConnectionKeeper(connection).run()
                        census.leave(client, phase)
                        self.count(.connectionClosed)
                    }
                case .refused(let limit):
                    count(.connectionRefused(limit))
                    if refusalReports.passes(at: .now) { faultLog(.tooManyConnections(client: client, limit)) }
                    connections.addTask(executorPreference: loop) {
                        var connection = Connection(self, service, stream, client, phase, shutdown)
                        await connection.refuse()
                        census.refusalEnded()
                    }
                case .ignored(let limit):
                    count(.connectionRefused(limit))
                    stream.close()
                }
            }
        }
    }
}

extension NetworkAddress {
    init(_ peer: SocketAddress) {
        self =
            switch peer.host {
            case .v4(let address): .v4(address)
            case .v6(let high, let low, _): .v6(high: high, low: low)
            case .local: .local
            }
    }
}
