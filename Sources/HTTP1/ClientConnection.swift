package import HTTPTypes

/// A response that has arrived whole.
package struct ReceivedResponse: Sendable {
    package var head: HTTPResponse
    package var content: [UInt8]
    /// Whether another request may be sent on this connection (RFC 9112 §9.3).
    package var isPersistent: Bool
}

/// What a client does with the octets of one connection, without I/O and without time: one exchange after another.
///
/// Interim responses (RFC 9110 §15.2) are read over, since every response here is waited for whole.
package struct ClientConnection: ~Copyable {
    package enum Action: Sendable {
        /// Append to ``ClientConnection/input``, or say ``ClientConnection/inputEnded()``; then ask again.
        case read
        /// The exchange is over. Without `isPersistent` the connection is to be closed.
        case received(ReceivedResponse)
        /// The connection is to be closed. `.contentTooLarge` and `.incompleteMessage` are the two that say nothing
        /// about the server's grammar.
        case fail(HTTPViolation)
    }

    /// What has arrived and was not consumed yet. The driver appends to it; only this type removes from it.
    package var input: [UInt8] = []

    private let limits: MessageLimits
    private var method: HTTPRequest.Method?
    private var contentLimitBytes = 0
    private var parser: ResponseHeadParser
    private var head: ResponseHead?
    private var reader: ContentReader?
    private var interimResponses = 0
    private var position = 0
    private var inputHasEnded = false
    /// Whether anything of the response has arrived: if not, and the connection was a kept one that broke, the server
    /// may simply have closed it (RFC 9112 §9.3.1).
    package private(set) var hasBegun = false

    package init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
        parser = ResponseHeadParser(limits: limits)
    }

    /// Begins an exchange: a request with this method is about to be written.
    ///
    /// Only one at a time; whether the connection may be used again is said by ``ReceivedResponse/isPersistent``.
    package mutating func begin(_ method: HTTPRequest.Method, contentLimitBytes: Int) {
        self.method = method
        self.contentLimitBytes = contentLimitBytes
        head = nil
        reader = nil
        interimResponses = 0
        hasBegun = false
    }

    /// The server will send no more; that may be the end of the content (RFC 9112 §6.3, item 8).
    package mutating func inputEnded() {
        inputHasEnded = true
    }

    /// What to do next.
    package mutating func next() -> Action {
        do throws(HTTPViolation) {
            return try advance()
        } catch {
            return .fail(error)
        }
    }

    private mutating func advance() throws(HTTPViolation) -> Action {
        // §9.2: octets that answer no request, such as a 408 on an idle connection, are not believed to answer the next.
        guard let method else { throw inputHasEnded ? .incompleteMessage : .unexpectedResponse }
        hasBegun = hasBegun || position < input.count
        while true {
            guard let head else {
                guard let parsed = try parser.parse(input, from: &position, answering: method) else {
                    return try readMore()
                }
                if parsed.response.status.kind == .informational {
                    guard parsed.response.status.code != 101 else { throw .unexpectedUpgrade }
                    interimResponses += 1
                    guard interimResponses <= limits.interimResponses else {
                        throw .tooManyInterimResponses(limit: limits.interimResponses)
                    }
                } else {
                    head = parsed
                    reader = try ContentReader(length: parsed.length, limitBytes: contentLimitBytes, limits: limits)
                }
                continue
            }
            let isComplete = try reader?.read(input, from: &position) ?? true
            guard isComplete || (inputHasEnded && reader?.endsWithStream == true) else { return try readMore() }
            return finish(head)
        }
    }

    private mutating func readMore() throws(HTTPViolation) -> Action {
        guard !inputHasEnded else { throw .incompleteMessage }
        input.removeConsumed(&position)
        return .read
    }

    private mutating func finish(_ head: ResponseHead) -> Action {
        let response = ReceivedResponse(
            head: head.response,
            content: reader?.content ?? [],
            // What follows a response unasked would be taken for the answer to the next request.
            isPersistent: head.isPersistent && !inputHasEnded && position == input.count
        )
        method = nil
        self.head = nil
        reader = nil
        input.removeConsumed(&position)
        return .received(response)
    }
}
