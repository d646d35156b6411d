package import HTTPSemantics
package import HTTPTypes

/// What the plain listener is: every request for our own name is sent on to the same path and query of the https address.
///
/// 308 (RFC 9110 §15.4.9) for every method, since it keeps the method: a form that was posted in the clear arrives as a form, and
/// not as a `GET` that loses it silently. Nothing here reads what was posted, and at its new address a form from a page on
/// plain http is not same-origin, so that it starts nothing. `Host` only decides whether the request is for us; it is never
/// part of the answer. No HSTS: a browser has to ignore it here (RFC 6797 §8.1), and must not be sent it (§7.2).
package struct HTTPSRedirect: RequestHandler {
    /// What log and metrics call every request that is sent on.
    package static let routeTemplate = "redirect"

    private let publicURL: HTTPOrigin
    /// Also for the server: no error on this listener may speak of HSTS.
    package let errors: ErrorPages

    /// - Parameter publicURL: https; its port may be another than 443.
    package init(to publicURL: HTTPOrigin) {
        precondition(publicURL.scheme == .https, "a redirect to plain http would go round in a circle")
        self.publicURL = publicURL
        errors = ErrorPages(headers: SecurityHeaders(publicURL: HTTPOrigin(scheme: .http, host: publicURL.host)))
    }

    /// So much is read, and dropped, as lets a small form be answered with the redirect and not with 413.
    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int { 16 << 10 }

    package func response(to request: Request) async -> Response {
        // The port is whatever this listener is reached at; the name has to be ours.
        guard let authority = request.head.authority.flatMap({ Authority($0) }), authority.host == publicURL.host else {
            let address = "\(publicURL)/"
            return errors.response(
                .misdirectedRequest,
                to: request,
                note: "<p>Its address is <a href=\"\(address: address)\">\(address)</a></p>"
            )
        }
        // The target has been validated by the parser: nothing in it can end the field. `*` is no path.
        let path = request.target.path.hasPrefix("/") ? request.target.path : "/"
        let query = request.target.query.map { "?" + $0 } ?? ""
        return Response(
            status: .permanentRedirect,
            // The address may hold a personal link, so that nobody is to keep it.
            fields: [.location: "\(publicURL)\(path)\(query)", .cacheControl: "no-store"],
            routeTemplate: HTTPSRedirect.routeTemplate
        )
    }
}
