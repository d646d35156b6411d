import HTTP1
import HTTPSemantics
import HTTPTypes
import Sockets

/// One request, ready to be written, and how it fares on a connection.
struct Exchange {
    enum Outcome {
        case answered(OutboundResponse, isPersistent: Bool)
        /// - `mayRepeat`: the connection was closed before it could be used, and no harm can come of a second attempt.
        case failed(ExchangeError, mayRepeat: Bool)
    }

    private let request: OutboundRequest
    private let head: [UInt8]
    private let deadline: Deadline

    /// - Throws: `.nameNotResolved` for an origin whose host is none. `.connectionLost(sent: false)` for a path that
    ///   would break out of the request line: nothing of it leaves.
    init(_ request: OutboundRequest, before deadline: Deadline) throws(ExchangeError) {
        self.request = request
        self.deadline = deadline
        let message = HTTPRequest(
            method: request.method,
            scheme: request.origin.scheme.rawValue,
            authority: request.origin.authority,
            path: request.pathAndQuery,
            headerFields: request.fields
        )
        var head: [UInt8] = []
        do throws(HTTPViolation) {
            try RequestSerializer.append(message, contentLength: request.content.count, to: &head)
        } catch {
            throw error == .invalidHost ? .nameNotResolved : .connectionLost(sent: false)
        }
        self.head = head
    }

    /// Writes the request and reads the response. Leaves the connection open.
    func run(on connection: OriginConnection) async -> Outcome {
        // The exchange's one handler: it closes the socket, and reads and writes end by themselves.
        await withTaskCancellationHandler {
            await converse(connection)
        } onCancel: {
            connection.transport.close()
        }
    }

    private func converse(_ connection: OriginConnection) async -> Outcome {
        // A write that need not wait would not look at the clock, and nobody would wait for its answer.
        guard .now < deadline else { return .failed(.timedOut(sent: false), mayRepeat: false) }
        var http = ClientConnection()
        http.begin(request.method, contentLimitBytes: request.responseLimitBytes)
        let before = connection.transport.sentBytes
        do throws(StreamError) {
            try await connection.stream.write(head, request.content, before: deadline)
            while true {
                switch http.next() {
                case .read:
                    let count = try await connection.stream.read(into: &http.input, limit: 16 << 10, before: deadline)
                    if count == 0 { http.inputEnded() }
                case .received(let response):
                    let answer = OutboundResponse(head: response.head, content: response.content)
                    return .answered(answer, isPersistent: response.isPersistent)
                case .fail(.contentTooLarge):
                    return .failed(.responseTooLarge, mayRepeat: false)
                case .fail(.incompleteMessage):
                    throw .connectionLost
                case .fail:
                    return .failed(.malformedResponse, mayRepeat: false)
                }
            }
        } catch {
            // What TLS has sealed counts as sent, since the other side may have read it.
            let sent = connection.transport.sentBytes > before
            let isStale = error == .connectionLost && !http.hasBegun
            return .failed(
                ExchangeError(error, sent: sent),
                mayRepeat: isStale && (!sent || request.method.isIdempotent)
            )
        }
    }
}

extension HTTPRequest.Method {
    /// Doing it twice is doing it once (RFC 9110 §9.2.2).
    fileprivate var isIdempotent: Bool {
        switch self {
        case .get, .head, .options, .put, .delete, .trace: true
        default: false
        }
    }
}
