import HTTP1
import HTTPSemantics
import HTTPTypes
import Sockets
import Timekeeping

extension Connection {
    /// Has a request answered.
    ///
    /// - Returns: whether the connection goes on.
    mutating func respond(to received: ReceivedRequest, _ http: inout ServerConnection) async -> Bool {
        let request = Request(
            id: numbering.next(),
            head: received.head,
            target: received.target,
            content: received.content,
            client: client,
            isSecure: isSecure,
            receivedAt: server.wallClock.now()
        )
        let begun = ContinuousClock.now
        let response = await handler.response(to: request)
        let isPersistent = received.isPersistent && !shutdown.hasBegun
        let isComplete = await write(response, to: request.head.method, request.id, isLast: !isPersistent, since: begun)
        guard isComplete else {
            // Whatever is missing of the response, nothing else may follow it.
            stream.close()
            return false
        }
        http.responded(isPersistent: isPersistent)
        return isPersistent
    }

    /// Answers what cannot be handed to the handler, and ends the connection so that the client can read the answer.
    mutating func reject(
        _ refusal: Refusal,
        _ status: HTTPResponse.Status = .requestTimeout,
        _ head: HTTPRequest? = nil
    ) async {
        let id = numbering.next()
        let response = server.errorResponse(status, id, head?.headerFields ?? [:])
        guard await write(response, to: head?.method, id, isLast: true, since: .now, refusal) else { return }
        await linger()
    }

    /// Writes a response and its line of the log.
    ///
    /// - Returns: whether all of it was written.
    private func write(
        _ response: Response,
        to method: HTTPRequest.Method?,
        _ id: RequestID,
        isLast: Bool,
        since begun: Deadline,
        _ refusal: Refusal? = nil
    ) async -> Bool {
        let (head, content, isWhole) = octets(of: response, to: method, id, isLast: isLast)
        var refusal = refusal
        var isWritten = false
        if !head.isEmpty {
            do {
                try await stream.write(head, content, before: .now + limits.writeTime)
                isWritten = true
            } catch {
                // The client is gone or does not read: the log line says that the response is not complete.
                if error == .deadlinePassed { refusal = .responseTimedOut }
            }
        }
        server.accessLog(
            AccessRecord(
                requestID: id,
                method: method,
                routeTemplate: response.routeTemplate,
                status: response.head.status,
                contentBytes: isWritten ? content.count : 0,
                duration: begun.duration(to: .now),
                client: client,
                isSecure: isSecure,
                security: security,
                isComplete: isWritten && isWhole,
                refusal: refusal
            )
        )
        return isWritten && isWhole
    }

    /// Head and content as they are written, and whether that is all of them.
    func octets(
        of response: Response,
        to method: HTTPRequest.Method?,
        _ id: RequestID,
        isLast: Bool
    ) -> (head: [UInt8], content: [UInt8], isWhole: Bool) {
        var message = response.head
        message.headerFields[.requestID] = id.text
        var head: [UInt8] = []
        head.reserveCapacity(1024)
        let hasContent = ResponseSerializer.append(
            message,
            answering: method,
            contentLength: response.content.count,
            isPersistent: !isLast,
            date: server.dateField.text(at: server.wallClock.now()),
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

extension HTTPField.Name {
    /// `X-Request-ID`, which everybody uses and nobody has standardised.
    static let requestID: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Request-ID") else { preconditionFailure("X-Request-ID is a token") }
        return name
    }()
}
