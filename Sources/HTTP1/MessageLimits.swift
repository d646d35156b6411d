/// How much a peer may send before it is refused. Every part of a message has one; times belong to the driver.
package struct MessageLimits: Hashable, Sendable {
    /// Of a request line or a status line, without its CRLF.
    package var startLineBytes: Int = 8 << 10
    /// Of one field line, name, colon and whitespace included, without its CRLF.
    package var fieldBytes: Int = 16 << 10
    /// Of all field lines of a head together, CRLFs included; a trailer section has as much again.
    package var fieldSectionBytes: Int = 32 << 10
    /// Field lines of a head; a trailer section has as many again.
    package var fields: Int = 100
    /// Of all chunk extensions of a message together: nobody needs one, and they are not counted as content.
    package var chunkExtensionBytes: Int = 1 << 10
    /// Interim (1xx) responses before the final one.
    package var interimResponses: Int = 8

    package init() {}
}

/// The versions that are spoken here (RFC 9112 §2.3).
package enum HTTPVersion: Hashable, Sendable {
    case http10
    case http11
}
