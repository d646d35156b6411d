import GrantStore
import HTTPSemantics
import HTTPTypes
import Web

/// What the second listener answers: the orchestrator's questions, never reachable from the public one.
///
/// `/livez`: the process answers. `/readyz`: it could save a grant now. Whether Nylas can be reached is part of neither: an
/// instance that is taken out of service because Nylas is slow helps nobody.
struct Operations: Sendable {
    let store: any GrantStore
    let isDraining: @Sendable () -> Bool

    var routes: [Route] {
        [
            Route(.get, "/livez") { _, _ in text(.ok, "live\n") },
            Route(.get, "/readyz") { _, _ in
                if isDraining() { return text(.serviceUnavailable, "not ready: stopping\n") }
                do throws(StoreError) {
                    try await store.checkWritable()
                    return text(.ok, "ready\n")
                } catch {
                    return text(.serviceUnavailable, "not ready: file store: \(error.sentence)\n")
                }
            },
        ]
    }

    private func text(_ status: HTTPResponse.Status, _ content: String) -> Response {
        Response(
            status: status,
            fields: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            content: Array(content.utf8)
        )
    }
}
