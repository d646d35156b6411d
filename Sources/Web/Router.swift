package import HTTPSemantics
package import HTTPTypes

/// Finds the route of a request by its raw path and its method, and answers for itself where there is none.
///
/// - Unknown path: 404. Known path, other method: 405 with `Allow` (RFC 9110 §15.5.6). `HEAD` runs the `GET` route: the
///   server withholds the content. `OPTIONS` (of a path, or of `*`) says what is allowed, 204.
/// - Paths are compared as sent: `/%63allback`, `/callback/` and `//callback` are not `/callback`, and nobody is redirected.
package struct Router: RequestHandler {
    /// One path's routes by method.
    private struct Resource: Sendable {
        let template: RouteTemplate
        var routes: [Route]

        mutating func add(_ route: Route) {
            precondition(
                !routes.contains { $0.method == route.method },
                "two routes for \(route.method) \(route.template): the second would never be called"
            )
            routes.append(route)
        }

        func route(for method: HTTPRequest.Method) -> Route? {
            routes.first { $0.method == method } ?? (method == .head ? routes.first { $0.method == .get } : nil)
        }

        var name: String { routes.first?.name ?? template.description }

        var allow: String {
            var methods = Set(routes.map(\.method.rawValue)).union(["OPTIONS"])
            if methods.contains("GET") { methods.insert("HEAD") }
            return methods.sorted().joined(separator: ", ")
        }
    }

    /// What a path without a route may bring, so that it is answered 404 or 405 and not 413.
    private static let unroutedContentLimitBytes = 16 << 10

    private let literal: [String: Resource]
    /// By number of segments, in the order given.
    private let parameterized: [Int: [Resource]]
    private let everyMethod: String
    private let errors: ErrorPages

    /// - Parameter routes: at most one for each method and path. Literal paths are tried before ones with parameters.
    package init(_ routes: [Route], errors: ErrorPages) {
        var literal: [String: Resource] = [:]
        var parameterized: [Int: [Resource]] = [:]
        for route in routes {
            if route.template.isLiteral {
                literal[route.template.description, default: Resource(template: route.template, routes: [])]
                    .add(route)
                continue
            }
            let count = route.template.segments.count
            if let index = parameterized[count]?.firstIndex(where: { $0.template == route.template }) {
                parameterized[count]?[index].add(route)
            } else {
                parameterized[count, default: []].append(Resource(template: route.template, routes: [route]))
            }
        }
        self.literal = literal
        self.parameterized = parameterized
        everyMethod = Resource(template: RouteTemplate("/"), routes: routes).allow
        self.errors = errors
    }

    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int {
        guard let (resource, _) = find(target.path) else { return Self.unroutedContentLimitBytes }
        guard let route = resource.route(for: head.method) else { return Self.unroutedContentLimitBytes }
        return route.contentLimit?(head) ?? route.contentLimitBytes
    }

    package func response(to request: Request) async -> Response {
        switch resolve(request) {
        case .answered(let response): response
        case .routed(let route, let parameters):
            switch route.handling {
            case .immediate(let handle): named(handle(request, parameters), route)
            case .waiting(let handle): named(await handle(request, parameters), route)
            }
        }
    }

    package func immediateResponse(to request: Request) -> Response? {
        switch resolve(request) {
        case .answered(let response): response
        case .routed(let route, let parameters):
            switch route.handling {
            case .immediate(let handle): named(handle(request, parameters), route)
            case .waiting: nil
            }
        }
    }

    private enum Resolution {
        /// There is no route.
        case answered(Response)
        case routed(Route, PathParameters)
    }

    private func resolve(_ request: Request) -> Resolution {
        if request.target.path == "*", request.head.method == .options {
            return .answered(allowed(everyMethod, template: "*"))
        }
        guard let (resource, parameters) = find(request.target.path) else {
            return .answered(errors.response(.notFound, to: request))
        }
        if let route = resource.route(for: request.head.method) { return .routed(route, parameters) }
        if request.head.method == .options { return .answered(allowed(resource.allow, template: resource.name)) }
        var response = errors.response(.methodNotAllowed, to: request)
        response.head.headerFields[.allow] = resource.allow
        response.routeTemplate = resource.name
        return .answered(response)
    }

    private func named(_ response: consuming Response, _ route: Route) -> Response {
        if response.routeTemplate == nil { response.routeTemplate = route.name }
        return response
    }

    /// What the responses of this can have as ``Response/routeTemplate``; each once, in alphabetical order.
    package var templates: [String] {
        let resources = Array(literal.values) + parameterized.values.joined()
        return Set(resources.flatMap { $0.routes.map(\.name) } + ["*"]).sorted()
    }

    private func allowed(_ methods: String, template: String) -> Response {
        Response(status: .noContent, fields: [.allow: methods, .cacheControl: "no-store"], routeTemplate: template)
    }

    private func find(_ path: String) -> (Resource, PathParameters)? {
        if let resource = literal[path] { return (resource, PathParameters()) }
        guard path.hasPrefix("/") else { return nil }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for resource in parameterized[segments.count] ?? [] {
            if let parameters = resource.template.match(segments) { return (resource, parameters) }
        }
        return nil
    }
}
