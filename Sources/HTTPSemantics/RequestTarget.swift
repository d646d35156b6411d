/// What a request asks for, in origin-form (RFC 9112 §3.2.1): the raw path and the raw query, neither decoded.
package struct RequestTarget: Hashable, Sendable {
    /// The absolute path as sent, beginning with `/`, still percent-encoded. Routing happens on this.
    package let path: String
    /// Everything after the first `?`, still encoded; nil without a `?`.
    package let query: String?

    package init(path: String, query: String?) {
        self.path = path
        self.query = query
    }
}
