package import HTTPTypes

/// Which rule a message broke. Each case: one rule, one status, at least one refused message in the corpus.
///
/// All of them end the connection: after a violation nobody can be sure where the next message begins (RFC 9112 §11.2).
package enum HTTPViolation: Error, Hashable, Sendable {
    // The start line
    /// Not `method SP request-target SP HTTP-version` with exactly one space each (RFC 9112 §3).
    case malformedRequestLine
    /// A character that is not a `tchar` in the method (RFC 9110 §9.1).
    case invalidMethod
    /// None of the four forms, or a character that has to be percent-encoded (RFC 9112 §3.2).
    case invalidRequestTarget
    /// A request line longer than the limit (RFC 9112 §3, RFC 9110 §15.5.15).
    case requestLineTooLong(limitBytes: Int)
    /// Neither HTTP/1.1 nor HTTP/1.0 (RFC 9112 §2.3).
    case unsupportedVersion
    /// A tunnel, which an origin server need not offer (RFC 9110 §9.3.6).
    case connectNotSupported
    /// Not `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 §4), or a status outside 100 to 599.
    case malformedStatusLine

    // The field section
    /// A carriage return or a line feed that is not part of CRLF (RFC 9112 §2.2).
    case bareLineTerminator
    /// NUL or another control character in a start line or a field (RFC 9110 §5.5).
    case controlCharacter
    /// A field line without a colon (RFC 9112 §5).
    case missingColon
    /// An empty field name, or a character in it that is not a `tchar` (RFC 9110 §5.1).
    case invalidFieldName
    /// Whitespace between field name and colon (RFC 9112 §5.1).
    case whitespaceBeforeColon
    /// A line that begins with whitespace (RFC 9112 §5.2; before the first field §2.2).
    case obsoleteLineFolding
    /// One field line longer than the limit (RFC 6585 §5).
    case fieldTooLarge(limitBytes: Int)
    /// All field lines together longer than the limit (RFC 6585 §5).
    case fieldSectionTooLarge(limitBytes: Int)
    /// More field lines than the limit (RFC 6585 §5).
    case tooManyFields(limit: Int)

    // Host
    /// HTTP/1.1 without Host (RFC 9112 §3.2).
    case missingHost
    /// More than one Host (RFC 9112 §3.2).
    case repeatedHost
    /// A Host that is not host and port (RFC 9112 §3.2).
    case invalidHost
    /// A request target in absolute-form that names another authority than Host (RFC 9112 §3.2.2).
    case hostDisagreesWithTarget

    // Framing
    /// More than one Content-Length, equal or not, in one field or in several (RFC 9112 §6.3, item 5).
    case repeatedContentLength
    /// Something other than digits (RFC 9110 §8.6).
    case invalidContentLength
    /// More than one Transfer-Encoding (RFC 9112 §6.1).
    case repeatedTransferEncoding
    /// Another coding, then `chunked` (RFC 9112 §6.1).
    case unsupportedTransferCoding
    /// Not a list of codings that has `chunked` last and only there: where the content ends cannot be known (RFC 9112 §6.3).
    case invalidTransferEncoding
    /// Transfer-Encoding from a peer that speaks HTTP/1.0 (RFC 9112 §6.1).
    case transferEncodingInHTTP10
    /// Both Content-Length and Transfer-Encoding (RFC 9112 §6.1, §6.3 item 3).
    case conflictingFraming
    /// An expectation other than `100-continue` (RFC 9110 §10.1.1).
    case unsupportedExpectation

    // Content
    /// More content than this message may have (RFC 9110 §15.5.14).
    case contentTooLarge(limitBytes: Int)
    /// A chunk size that is empty, too long, or not of hexadecimal digits alone (RFC 9112 §7.1).
    case invalidChunkSize
    /// A chunk extension that is none, or a line that does not end in CRLF (RFC 9112 §7.1.1).
    case invalidChunkExtension
    /// Chunk extensions longer than the limit, all of the message together (RFC 9112 §7.1.1).
    case chunkExtensionsTooLarge(limitBytes: Int)
    /// Chunk data that is not followed by CRLF (RFC 9112 §7.1).
    case unterminatedChunk
    /// The stream ended inside a message (RFC 9112 §8).
    case incompleteMessage

    // Responses
    /// 101, though nothing asked for another protocol (RFC 9110 §7.8).
    case unexpectedUpgrade
    /// More interim responses than the limit (RFC 9110 §15.2).
    case tooManyInterimResponses(limit: Int)
    /// Octets of a response before any request (RFC 9112 §9.2).
    case unexpectedResponse

    /// What a server answers.
    package var status: HTTPResponse.Status {
        switch self {
        case .malformedRequestLine, .invalidMethod, .invalidRequestTarget, .malformedStatusLine, .bareLineTerminator,
            .controlCharacter, .missingColon, .invalidFieldName, .whitespaceBeforeColon, .obsoleteLineFolding,
            .missingHost, .repeatedHost, .invalidHost, .hostDisagreesWithTarget, .repeatedContentLength,
            .invalidContentLength, .repeatedTransferEncoding, .transferEncodingInHTTP10, .conflictingFraming,
            .invalidTransferEncoding, .invalidChunkSize, .invalidChunkExtension, .unterminatedChunk, .incompleteMessage,
            .unexpectedUpgrade,
            .tooManyInterimResponses, .unexpectedResponse:
            .badRequest
        case .contentTooLarge, .chunkExtensionsTooLarge: .contentTooLarge
        case .requestLineTooLong: .uriTooLong
        case .unsupportedExpectation: .expectationFailed
        case .fieldTooLarge, .fieldSectionTooLarge, .tooManyFields: .requestHeaderFieldsTooLarge
        case .connectNotSupported, .unsupportedTransferCoding: .notImplemented
        case .unsupportedVersion: .httpVersionNotSupported
        }
    }
}
