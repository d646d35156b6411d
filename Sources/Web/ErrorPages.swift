package import HTTPSemantics
package import HTTPTypes

/// Answers for requests that went wrong before or outside a page: one source for the router, the server and the application.
///
/// HTML for people, a problem (RFC 9457) for programs, which prefer JSON by `Accept`, have a token or bring JSON; both carry the reference that the log line has too, and
/// neither carries anything of the request.
package struct ErrorPages: Sendable {
    /// Makes the page for people. `note` is one more sentence, or empty.
    package typealias Render = @Sendable (_ fault: HTTPFault, _ note: HTML, _ reference: RequestID) -> HTML

    private let headers: SecurityHeaders
    private let render: Render

    package init(headers: SecurityHeaders, render: @escaping Render = plainErrorPage) {
        self.headers = headers
        self.render = render
    }

    package func response(_ fault: HTTPFault, to request: Request, note: HTML = .empty) -> Response {
        response(fault.status, reference: request.id, accepting: request.head.headerFields, note: note)
    }

    /// For the server, whose requests may have failed before they had a head: `fields` is empty then.
    package func response(
        _ status: HTTPResponse.Status,
        reference: RequestID,
        accepting fields: HTTPFields,
        note: HTML = .empty
    ) -> Response {
        let fault = HTTPFault(status)
        guard isForProgram(fields) else {
            return .page(render(fault, note, reference), status: status, policy: .result, headers: headers)
        }
        var answer = headers.fields(for: .data)
        answer[.contentType] = "application/problem+json"
        // Every part is of our own making and of characters that JSON takes as they are.
        let json =
            #"{"type":"about:blank","title":"\#(fault.status.reasonPhrase)","status":\#(status.code),"#
            + #""code":"\#(fault.rawValue)","detail":"\#(fault.title). \#(fault.advice)","instance":"\#(reference)"}"#
            + "\n"
        return Response(status: status, fields: answer, content: Array(json.utf8))
    }
}

/// Whether a program asks: it prefers JSON, or has a token, or brings JSON.
private func isForProgram(_ fields: HTTPFields) -> Bool {
    if ContentPreference(accepting: fields) == .json || fields[.authorization] != nil { return true }
    return fields[.contentType].flatMap { MediaType($0) }?.essence == "application/json"
}

/// The page of a service without pages of its own, such as the sandbox.
@Sendable
package func plainErrorPage(_ fault: HTTPFault, note: HTML, reference: RequestID) -> HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(fault.title)</title>
    </head>
    <body>
    <main>
    <h1>\(fault.title)</h1>
    <p>\(fault.advice)</p>
    \(note)
    <p>Reference: <code>\(reference.text)</code></p>
    </main>
    </body>
    </html>

    """
}
