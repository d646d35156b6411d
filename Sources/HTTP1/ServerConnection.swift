package import HTTPSemantics
package import HTTPTypes

/// A request that has arrived whole.
package struct ReceivedRequest: Sendable {
    package var head: HTTPRequest
    package var target: RequestTarget
    package var content: [UInt8]
    package var version: HTTPVersion
    /// Whether the client lets the connection stay open after the response (RFC 9112 §9.3).
    package var isPersistent: Bool
}

/// What a server does with the octets of one connection, without I/O and without time (RFC 9112 §9).
///
/// Requests are handed out one at a time and in order; pipelined ones wait in ``input``. See this room's README for a
/// driver.
package struct ServerConnection: ~Copyable {
    package enum Action: Sendable {
        /// Append to ``ServerConnection/input``, or say ``ServerConnection/inputEnded()``; then ask again.
        case read(Awaited)
        /// Write ``ResponseSerializer/continueResponse``, then ask again.
        case sendContinue
        /// Answer it, say ``ServerConnection/responded(isPersistent:)``, then ask again.
        case respond(ReceivedRequest)
        /// Answer with the violation's status and `Connection: close`, then close. The head is there if it was read.
        case reject(HTTPViolation, HTTPRequest?)
        /// Close without a word: nothing is owed.
        case close
    }

    /// What is waited for, so that the driver can choose its deadline.
    package enum Awaited: Hashable, Sendable {
        /// Nothing of the next request has arrived: ``ServerConnection/input`` is empty and may be replaced.
        case request
        /// The rest of a head: the deadline runs from its first octet.
        case head
        /// The rest of the content: the deadline runs from the end of the head.
        case content
    }

    /// What has arrived and was not consumed yet. The driver appends to it; only this type removes from it.
    package var input: [UInt8] = []

    /// Whether something behind what was handed out has arrived: a client that pipelines (RFC 9112 §9.3.2).
    package var hasMoreInput: Bool { position < input.count }

    private enum Phase {
        case head
        case content(continueWanted: Bool)
        case responding
        case ended
    }

    private let limits: MessageLimits
    private var phase = Phase.head
    private var parser: RequestHeadParser
    /// Of the request whose content is read.
    private var head: RequestHead?
    private var reader: ContentReader?
    private var position = 0
    private var inputHasEnded = false

    package init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
        parser = RequestHeadParser(limits: limits)
    }

    /// Whether something has arrived that was not consumed: a pipelined request, or the beginning of one.
    package var hasUnreadInput: Bool { position < input.count }

    /// The client will send no more. What has arrived whole is still answered.
    package mutating func inputEnded() {
        inputHasEnded = true
    }

    /// What to do next.
    ///
    /// - Parameter contentLimitBytes: asked once per request with content, as soon as its head is read.
    package mutating func next(
        contentLimitBytes: (HTTPRequest, RequestTarget) -> Int
    ) -> Action {
        while true {
            switch phase {
            case .head:
                do throws(HTTPViolation) {
                    guard let head = try parser.parse(input, from: &position) else { return awaitHead() }
                    guard head.length != .none else { return respond(to: head) }
                    phase = .content(continueWanted: head.expectsContinue)
                    self.head = head
                    do throws(HTTPViolation) {
                        let limitBytes = contentLimitBytes(head.request, head.target)
                        reader = try ContentReader(length: head.length, limitBytes: limitBytes, limits: limits)
                    } catch {
                        return reject(error, head.request)
                    }
                } catch {
                    return reject(error, nil)
                }
            case .content(let continueWanted):
                // RFC 9110 §10.1.1: 100 is left out when content is already arriving.
                let nothingHasArrived = position == input.count
                do throws(HTTPViolation) {
                    guard try reader?.read(input, from: &position) ?? true else {
                        if inputHasEnded { return reject(.incompleteMessage, head?.request) }
                        releaseConsumed()
                        phase = .content(continueWanted: false)
                        return continueWanted && nothingHasArrived ? .sendContinue : .read(.content)
                    }
                } catch {
                    return reject(error, head?.request)
                }
                guard let head = head.take() else { preconditionFailure("content is read after its head") }
                return respond(to: head)
            case .responding:
                preconditionFailure("the driver says responded(isPersistent:) before it asks again")
            case .ended:
                return .close
            }
        }
    }

    /// The response has been written.
    ///
    /// - Parameter isPersistent: false when the response said `Connection: close`, or the server is shutting down.
    package mutating func responded(isPersistent: Bool) {
        phase = isPersistent ? .head : .ended
    }

    private mutating func respond(to head: consuming RequestHead) -> Action {
        phase = .responding
        let content = reader.take()?.content ?? []
        return .respond(
            ReceivedRequest(
                head: head.request,
                target: head.target,
                content: content,
                version: head.version,
                isPersistent: head.isPersistent
            )
        )
    }

    private mutating func awaitHead() -> Action {
        let isIdle = position == input.count && !parser.hasBegun
        guard !inputHasEnded else {
            guard !isIdle else {
                phase = .ended
                return .close
            }
            return reject(.incompleteMessage, nil)
        }
        releaseConsumed()
        return .read(isIdle ? .request : .head)
    }

    private mutating func reject(_ violation: HTTPViolation, _ head: HTTPRequest?) -> Action {
        phase = .ended
        return .reject(violation, head)
    }

    /// Drops what was consumed, keeping the storage for the next arrival unless it grew beyond what heads need.
    private mutating func releaseConsumed() {
        input.removeConsumed(&position)
    }
}

extension [UInt8] {
    /// Drops everything before `position`, which becomes 0.
    mutating func removeConsumed(_ position: inout Int) {
        if position == count {
            // A large upload must not leave its storage with a connection that then idles for a minute.
            removeAll(keepingCapacity: capacity <= 64 << 10)
        } else if position > 0 {
            removeSubrange(..<position)
        }
        position = 0
    }
}
