import HTTP1
import HTTPSemantics
import HTTPTypes
import Sockets
import Timekeeping

extension Connection {
    /// When an answer was begun, by both clocks: read once, everything later is this and the time that has passed since.
    struct Beginning {
        let moment: Deadline
        let time: Timestamp

        /// The time of day at `later`.
        func time(at later: Deadline) -> Timestamp { time + moment.duration(to: later) }
    }

    func begin() -> Beginning {
        Beginning(moment: .now, time: server.wallClock.now())
    }

    /// Has a request answered.
    ///
    /// - Returns: when the answer had been written, if the connection goes on; else nil.
    mutating func respond(to received: ReceivedRequest, _ http: inout ServerConnection) async -> Deadline? {
        let begun = begin()
        let method = received.head.method
        client = server.clientOf(peer, received.head.headerFields)
        let request = Request(
            id: numbering.next(),
            head: received.head,
            target: received.target,
            content: received.content,
            client: client,
            isSecure: isSecure,
            receivedAt: begun.time
        )
        if let response = handler.immediateResponse(to: request) {
            return await answer(with: response, to: method, received.isPersistent, request.id, &http, since: begun)
        }
        let response = await handler.response(to: request)
        // Closed by whoever cancelled, perhaps a moment from now: what a cancelled handler says, nobody shall see.
        if Task.isCancelled { transport.close() }
        return await answer(with: response, to: method, received.isPersistent, request.id, &http, since: begun)
    }

    private mutating func answer(
        with response: consuming Response,
        to method: HTTPRequest.Method,
        _ clientPersists: Bool,
        _ id: RequestID,
        _ http: inout ServerConnection,
        since begun: Beginning
    ) async -> Deadline? {
        // What was pipelined has been accepted with what came before it: the last of them is told that we close.
        let isPersistent = clientPersists && (!shutdown.hasBegun || http.hasUnreadInput)
        let (isComplete, ended) = await write(response, to: method, id, isLast: !isPersistent, since: begun)
        guard isComplete else {
            // Whatever is missing of the response, nothing else may follow it.
            stream.close()
            return nil
        }
        http.responded(isPersistent: isPersistent)
        return isPersistent ? ended : nil
    }

    /// Answers what cannot be handed to the handler, and ends the connection so that the client can read the answer.
    mutating func reject(
        _ refusal: Refusal,
        _ status: HTTPResponse.Status = .requestTimeout,
        _ head: HTTPRequest? = nil
    ) async {
        let id = numbering.next()
        // Without a head nobody has said for whom it comes, and the last request's client need not be this one's.
        client = head.map { server.clientOf(peer, $0.headerFields) } ?? peer
        let response = errorResponse(status, id, head?.headerFields ?? [:])
        let (isComplete, _) = await write(response, to: head?.method, id, isLast: true, since: begin(), refusal)
        if isComplete { await linger() }
    }

    /// Writes a response and its line of the log.
    ///
    /// - Returns: whether all of it was written, and when that was over.
    private func write(
        _ response: Response,
        to method: HTTPRequest.Method?,
        _ id: RequestID,
        isLast: Bool,
        since begun: Beginning,
        _ refusal: Refusal? = nil
    ) async -> (isComplete: Bool, ended: Deadline) {
        var refusal = refusal
        let answered = Deadline.now
        let time = begun.time(at: answered)
        var (head, content, isWhole) = octets(of: response, to: method, id, isLast: isLast, at: time)
        let contentBytes = content.count
        if head.count + contentBytes <= stream.onePieceBytes {
            head += content
            content = []
        }
        var isWritten = false
        if !head.isEmpty {
            do {
                // ByteStream.write, without an async call where there is room.
                let isLast = isLast && isWhole
                var position = 0
                while !(try stream.writeAtOnce(head, content, from: &position, isLast: isLast)) {
                    try await stream.waitUntilWritable(before: answered + limits.writeTime)
                }
                isWritten = true
            } catch {
                // The client is gone or does not read: the log line says that the response is not complete.
                if error == .deadlinePassed { refusal = .responseTimedOut }
            }
        }
        let ended = Deadline.now
        server.accessLog(
            AccessRecord(
                requestID: id,
                method: method,
                routeTemplate: response.routeTemplate,
                status: response.head.status,
                contentBytes: isWritten ? contentBytes : 0,
                duration: begun.moment.duration(to: ended),
                endedAt: begun.time(at: ended),
                client: client,
                isSecure: isSecure,
                security: security,
                isComplete: isWritten && isWhole,
                refusal: refusal
            )
        )
        return (isWritten && isWhole, ended)
    }

    /// Head and content as they are written, and whether that is all of them.
    func octets(
        of response: Response,
        to method: HTTPRequest.Method?,
        _ id: RequestID,
        isLast: Bool,
        at time: Timestamp
    ) -> (head: [UInt8], content: [UInt8], isWhole: Bool) {
        var head: [UInt8] = []
        // Room for the content behind it, where the stream wants both in one place.
        if response.content.count < stream.onePieceBytes { head.reserveCapacity(2 << 10 + response.content.count) }
        let hasContent = ResponseSerializer.append(
            response.head,
            answering: method,
            contentLength: response.content.count,
            isPersistent: !isLast,
            date: server.dateField.octets(at: time),
            prepared: response.prepared,
            requestID: id,
            to: &head
        )
        let content = hasContent ? response.content : []
        switch response.delivery {
        case .whole: return (head, content, true)
        case .cut(let count): return (head, Array(content.prefix(max(count, 0))), false)
        case .none: return ([], [], false)
        }
    }
}
