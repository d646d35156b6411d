import TestSupport
import Testing

@testable import HTTP1

@Suite("Corpus of messages, RFC 9112")
struct CorpusTests {
    @Test(arguments: CorpusMessage.acceptedRequests)
    func `reads a good request the same way however it arrives`(message: CorpusMessage) {
        for pieces in Transcript.waysToArrive(message.bytes) {
            let transcript = Transcript.ofServer(pieces)
            guard transcript == message.transcript else {
                Issue.record("in pieces of \(pieces.map(\.count)):\n\(transcript)")
                return
            }
        }
    }

    @Test(arguments: CorpusMessage.refusedRequests)
    func `refuses a bad request by its rule however it arrives`(message: CorpusMessage) {
        let whole = Transcript.ofServer([message.bytes[...]])
        let last = whole.split(separator: "\n").last.map(String.init) ?? ""
        #expect(last == "reject \(message.rule)" || last.hasPrefix("reject \(message.rule) after the head of "))
        for pieces in Transcript.waysToArrive(message.bytes) {
            let transcript = Transcript.ofServer(pieces)
            guard transcript == whole else {
                Issue.record("in pieces of \(pieces.map(\.count)):\n\(transcript)")
                return
            }
        }
    }

    @Test(arguments: CorpusMessage.refusedRequests)
    func `answers nothing that follows a bad request`(message: CorpusMessage) {
        // What broke off may go on.
        guard message.rule != "incompleteMessage" else { return }
        let following = Array("\r\nGET /following HTTP/1.1\r\nHost: example.com\r\n\r\n".utf8)
        let together = message.bytes + following
        let alone = Transcript.ofServer([message.bytes[...]])
        #expect(Transcript.ofServer([together[...]]) == alone)
        #expect(Transcript.ofServer([message.bytes[...], following[...]]) == alone)
    }

    @Test(arguments: CorpusMessage.acceptedResponses)
    func `reads a good response the same way however it arrives`(message: CorpusMessage) {
        for pieces in Transcript.waysToArrive(message.bytes) {
            let transcript = Transcript.ofClient(pieces)
            // Whether the connection may be kept depends on what has arrived after the response.
            let isUnasked = message.name.hasPrefix("more-than-one-response")
            guard transcript == message.transcript || (isUnasked && pieces.count > 1) else {
                Issue.record("in pieces of \(pieces.map(\.count)):\n\(transcript)")
                return
            }
        }
    }

    @Test(arguments: CorpusMessage.refusedResponses)
    func `refuses a bad response by its rule however it arrives`(message: CorpusMessage) {
        for pieces in Transcript.waysToArrive(message.bytes) {
            let transcript = Transcript.ofClient(pieces)
            guard transcript == "fail \(message.rule)\n" else {
                Issue.record("in pieces of \(pieces.map(\.count)):\n\(transcript)")
                return
            }
        }
    }

    @Test func `refuses more than it accepts, and shows every rule at work`() {
        let refused = CorpusMessage.refusedRequests + CorpusMessage.refusedResponses
        let accepted = CorpusMessage.acceptedRequests + CorpusMessage.acceptedResponses
        #expect(accepted.count >= 80)
        #expect(refused.count > 3 * accepted.count)
        // Limits have their own suite, because messages that reach them would be long files.
        let elsewhere: Set = [
            "requestLineTooLong", "fieldTooLarge", "fieldSectionTooLarge", "tooManyFields", "unexpectedResponse",
        ]
        #expect(Set(refused.map(\.rule)).union(elsewhere) == everyRule)
    }
}

/// Every case of `HTTPViolation`.
private let everyRule: Set<String> = {
    let cases: [HTTPViolation] = [
        .malformedRequestLine, .invalidMethod, .invalidRequestTarget, .requestLineTooLong(limitBytes: 0),
        .unsupportedVersion, .connectNotSupported, .malformedStatusLine, .bareLineTerminator, .controlCharacter,
        .missingColon, .invalidFieldName, .whitespaceBeforeColon, .obsoleteLineFolding, .fieldTooLarge(limitBytes: 0),
        .fieldSectionTooLarge(limitBytes: 0), .tooManyFields(limit: 0), .missingHost, .repeatedHost, .invalidHost,
        .hostDisagreesWithTarget, .repeatedContentLength, .invalidContentLength, .repeatedTransferEncoding,
        .unsupportedTransferCoding, .invalidTransferEncoding, .transferEncodingInHTTP10, .conflictingFraming,
        .unsupportedExpectation,
        .contentTooLarge(limitBytes: 0), .invalidChunkSize, .invalidChunkExtension,
        .chunkExtensionsTooLarge(limitBytes: 0), .unterminatedChunk, .incompleteMessage, .unexpectedUpgrade,
        .tooManyInterimResponses(limit: 0), .unexpectedResponse,
    ]
    return Set(cases.map { Transcript.name(of: $0) })
}()
