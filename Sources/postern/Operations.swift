import GrantStore
import HTTPSemantics
import HTTPTypes
import Metrics
import Web

/// What the second listener answers: the questions of orchestrators and of monitoring, never reachable from the public one.
///
/// `/livez`: the process answers. `/readyz`: it could save a grant now. Whether Nylas can be reached is part of neither: an
/// instance that is taken out of service because Nylas is slow helps nobody.
struct Operations<C: Clock>: Sendable where C.Duration == Duration, C.Instant: Sendable {
    let health: StoreHealth<C>
    let telemetry: Telemetry
    let isDraining: @Sendable () -> Bool

    var routes: [Route] {
        [
            Route(.get, "/livez") { _, _ in text(.ok, "live\n") },
            Route(.get, "/readyz") { _, _ in
                if isDraining() { return text(.serviceUnavailable, "not ready: stopping\n") }
                switch await health.verdict() {
                case .writable:
                    return text(.ok, "ready\n")
                case .failed(let error):
                    return text(.serviceUnavailable, "not ready: file store: \(error.sentence)\n")
                case .silent:
                    return text(.serviceUnavailable, "not ready: file store: it does not answer; is the disk stuck?\n")
                }
            },
            Route(.get, "/metrics") { request, _ in
                let format = Telemetry.format(accepting: request.head.headerFields)
                let content = telemetry.text(format, isStoreWritable: await health.verdict() == .writable)
                var response = answer(.ok, content, contentType: format.contentType)
                response.head.headerFields[.vary] = "Accept"
                return response
            },
        ]
    }

    private func text(_ status: HTTPResponse.Status, _ content: String) -> Response {
        answer(status, Array(content.utf8), contentType: "text/plain; charset=utf-8")
    }

    private func answer(_ status: HTTPResponse.Status, _ content: [UInt8], contentType: String) -> Response {
        Response(status: status, fields: [.contentType: contentType, .cacheControl: "no-store"], content: content)
    }
}
