import HTTP1
import HTTPSemantics
import HTTPTypes
import Sockets

/// One accepted connection from its handshake to its end: the driver of a `ServerConnection`.
struct Connection {
    let server: HTTPServer
    let handler: any RequestHandler
    let secure: HTTPServer.Secure?
    let errorResponse: HTTPServer.ErrorResponse
    /// What was accepted, beneath TLS.
    let transport: TCPStream
    /// What HTTP is spoken over.
    var stream: any ByteStream
    let peer: NetworkAddress
    /// For whom the peer sent the last request that was read.
    var client: NetworkAddress
    let phase: ConnectionPhase
    let shutdown: GracefulShutdown
    /// Nil on a connection in the clear, and before the handshake is done.
    var security: StreamSecurity?
    var numbering: RequestNumbering
    /// Set while it rests: when it has rested for too long.
    private(set) var restingUntil: Deadline?

    var limits: ServerLimits { server.limits }
    var isSecure: Bool { secure != nil }

    init(
        _ server: HTTPServer,
        _ service: HTTPServer.Service,
        _ transport: TCPStream,
        _ peer: NetworkAddress,
        _ phase: ConnectionPhase,
        _ shutdown: GracefulShutdown
    ) {
        self.server = server
        handler = service.handler
        secure = service.secure
        self.transport = transport
        stream = transport
        self.peer = peer
        client = peer
        errorResponse = service.errorResponse ?? server.errorResponse
        self.phase = phase
        numbering = RequestNumbering(server.series.next())
        self.shutdown = shutdown
    }

    private mutating func handshake() async -> Bool {
        guard let secure else { return true }
        do throws(StreamError) {
            stream = try await secure(transport, .now + limits.handshakeTime)
            security = stream.security
            server.count(.handshakeDone(security))
            return true
        } catch {
            let reason = HandshakeFailure(error)
            server.count(.handshakeFailed(reason))
            // Whoever connects and says nothing, as a load balancer does to see whether we are there, is no fault.
            if reason != .lost { server.faultLog(.handshakeFailed(client: peer, reason)) }
            return false
        }
    }

    /// Goes on until the connection ends or rests.
    mutating func converse() async {
        var wait: Wait
        if let deadline = restingUntil.take() {
            wait = Wait(before: deadline, since: .now, limits)
        } else {
            guard await handshake() else { return }
            let accepted = Deadline.now
            wait = Wait(before: accepted + limits.headTime, since: accepted, limits)
        }
        var http = ServerConnection(limits: server.messageLimits)
        var answered = 0
        while true {
            switch http.next(contentLimitBytes: { handler.contentLimitBytes(for: $0, target: $1) }) {
            case .read(let awaited):
                wait.begin(awaited, limits)
                switch await receive(&http, awaited, wait) {
                case .received: continue
                case .resting: return restingUntil = wait.deadline
                case .ended: return
                case .late: return await reject(awaited == .content ? .contentTimedOut : .headTimedOut)
                }
            case .sendContinue:
                let deadline = Deadline.now + limits.writeTime
                do { try await stream.write(ResponseSerializer.continueResponse, [], before: deadline) } catch {
                    return
                }
            case .respond(let received):
                let isPersistent = received.isPersistent
                guard let ended = await respond(to: received, &http) else {
                    // The client that asked for the end has nothing more to say: closing is all that is left.
                    return isPersistent ? await linger() : ()
                }
                wait = Wait(before: ended + limits.idleTime, since: ended, limits)
                // Who has more to be answered here already waits behind the others of the loop: many who pipeline would
                // starve them. And who sends and reads as fast as we answer would never let its task wait.
                answered += 1
                if http.hasMoreInput || answered.isMultiple(of: 32) { await Task.yield() }
            case .reject(let violation, let head):
                return await reject(.violation(violation.rule), violation.status, head)
            case .close:
                return await stream.finishWriting()
            }
        }
    }
}

// MARK: receiving

extension Connection {
    /// What is waited for, and until when: each part of a request has a deadline of its own, which its pieces share.
    private struct Wait {
        var deadline: Deadline
        /// When a connection to which nothing has come begins to rest.
        let rest: Deadline
        private var awaited = ServerConnection.Awaited.request

        init(before deadline: Deadline, since start: Deadline, _ limits: ServerLimits) {
            self.deadline = deadline
            rest = min(deadline, start + limits.restTime)
        }

        mutating func begin(_ next: ServerConnection.Awaited, _ limits: ServerLimits) {
            guard next != awaited else { return }
            awaited = next
            switch next {
            case .request: break
            case .head: deadline = .now + limits.headTime
            case .content: deadline = .now + limits.contentTime
            }
        }
    }

    private enum Arrival {
        case received
        /// Nothing has come for a while, and may yet.
        case resting
        /// There is nobody to answer, or nothing to.
        case ended
        /// A part of a request has come and the rest has not.
        case late
    }

    private func receive(
        _ http: inout ServerConnection,
        _ awaited: ServerConnection.Awaited,
        _ wait: Wait
    ) async -> Arrival {
        let isIdle = awaited == .request
        let deadline = isIdle ? wait.rest : wait.deadline
        if isIdle {
            // An idle connection keeps no storage.
            http.input = []
            guard phase.becomeIdle() == .unused || !shutdown.hasBegun else { return .ended }
        }
        do throws(StreamError) {
            var received = try stream.readAtOnce(into: &http.input, limit: 16 << 10)
            while received == nil {
                // Beneath TLS, which waits for nothing else.
                try await transport.waitUntilReadable(before: deadline)
                received = try stream.readAtOnce(into: &http.input, limit: 16 << 10)
            }
            if isIdle, !phase.becomeBusy() { return .ended }
            if received == 0 { http.inputEnded() }
            return .received
        } catch {
            guard error == .deadlinePassed else { return .ended }
            guard isIdle else { return .late }
            return deadline < wait.deadline ? .resting : .ended
        }
    }
}
