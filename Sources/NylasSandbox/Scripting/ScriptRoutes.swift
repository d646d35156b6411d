import HTTPSemantics
import HTTPTypes
import Synchronization
import Web

extension Emulator {
    /// The strings a test pulls. No key: whoever reaches the sandbox may do anything in it.
    var scriptRoutes: [Route] {
        [
            Route(.post, "/sandbox/script", contentLimitBytes: 1 << 20) { [self] request, _ in
                controlled(request) { [self] in
                    guard let json = JSON.decode(request.content) else {
                        return apiResponse(.payloadNotJSON, to: request)
                    }
                    do throws(Script.Unreadable) {
                        try state.withLock { state throws(Script.Unreadable) in try state.script.read(json) }
                    } catch {
                        return apiResponse(.fieldInvalid(error.field), to: request)
                    }
                    return jsonResponse(counts, .ok, to: request)
                }
            },
            Route(.get, "/sandbox/counts") { [self] request, _ in jsonResponse(counts, .ok, to: request) },
            Route(.post, "/sandbox/reset", contentLimitBytes: 1 << 10) { [self] request, _ in
                controlled(request) { [self] in
                    reset()
                    return jsonResponse(counts, .ok, to: request)
                }
            },
        ]
    }

    /// Lets only `application/json` through. No page of another site can make a browser send that unasked, so a page
    /// somebody happens to visit cannot play with a sandbox on their machine.
    private func controlled(_ request: Request, _ handle: () -> Response) -> Response {
        guard let type = request.head.headerFields[.contentType], MediaType(type)?.essence == "application/json" else {
            return errors.response(.unsupportedMediaType, to: request)
        }
        return handle()
    }

    private var counts: JSON {
        state.withLock { $0.counts.json(pendingSteps: $0.script.pending, grants: $0.grants.count) }
    }
}
