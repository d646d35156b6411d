package import HTTPSemantics
package import HTTPTypes

/// Lets only requests for the service's own address through; others get 421 (RFC 9110 §15.5.20) and are told the address.
///
/// Because links and cookies work on that one address alone, and because a name that an attacker points at us (DNS
/// rebinding) must not reach a page of ours.
package struct HostCheck<Inner: RequestHandler>: RequestHandler {
    private let inner: Inner
    private let publicURL: HTTPOrigin
    private let authority: String
    private let errors: ErrorPages

    package init(_ inner: Inner, publicURL: HTTPOrigin, errors: ErrorPages) {
        self.inner = inner
        self.publicURL = publicURL
        authority = publicURL.authority
        self.errors = errors
    }

    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int {
        // Somebody else's content is not read far before it is refused.
        isOurs(head) ? inner.contentLimitBytes(for: head, target: target) : 16 << 10
    }

    package func response(to request: Request) async -> Response {
        isOurs(request.head) ? await inner.response(to: request) : refusal(of: request)
    }

    package func immediateResponse(to request: Request) -> Response? {
        isOurs(request.head) ? inner.immediateResponse(to: request) : refusal(of: request)
    }

    private func refusal(of request: Request) -> Response {
        let address = "\(publicURL)/"
        return errors.response(
            .misdirectedRequest,
            to: request,
            note: "<p>Its address is <a href=\"\(address: address)\">\(address)</a></p>"
        )
    }

    private func isOurs(_ head: HTTPRequest) -> Bool {
        guard let named = head.authority else { return false }
        // What nearly all send; the other ways to write it take reading.
        if named == authority { return true }
        return Authority(named).map { publicURL.isNamed(by: $0) } ?? false
    }
}
