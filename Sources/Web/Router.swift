package import HTTPSemantics
package import HTTPTypes

/// Finds the route of a request by its raw path and its method, and answers for itself where there is none.
///
/// - Unknown path: 404. Known path, other method: 405 with `Allow` (RFC 9110 §15.5.6). `HEAD` runs the `GET` route: the
///   server withholds the content. `OPTIONS` (of a path, or of `*`) says what is allowed, 204.
/// - Paths are compared as sent: `/%63allback`, `/callback/` and `//callback` are not `/callback`, and nobody is redirected.
package struct Router: RequestHandler {
    /// One path's routes by method.
    private final class Resource: Sendable {
        let template: RouteTemplate
        let routes: [Route]

        init(_ template: RouteTemplate, _ routes: [Route]) {
            precondition(
                Set(routes.map(\.method)).count == routes.count,
                "two routes for one method of \(template): the second would never be called"
            )
            self.template = template
            self.routes = routes
        }

        func route(for method: HTTPRequest.Method) -> Route? {
            routes.first { $0.method == method } ?? (method == .head ? routes.first { $0.method == .get } : nil)
        }

        var name: String { routes.first?.name ?? template.description }

        var allow: String { Router.allow(routes) }
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
        var templates: [RouteTemplate] = []
        for route in routes where !templates.contains(route.template) { templates.append(route.template) }
        for template in templates {
            let resource = Resource(template, routes.filter { $0.template == template })
            if template.isLiteral {
                literal[template.description] = resource
            } else {
                parameterized[template.segments.count, default: []].append(resource)
            }
        }
        self.literal = literal
        self.parameterized = parameterized
        everyMethod = Self.allow(routes)
        self.errors = errors
    }

    package func contentLimitBytes(for head: HTTPRequest, target: RequestTarget) -> Int {
        guard let (resource, _) = find(target.path) else { return Self.unroutedContentLimitBytes }
        guard let route = resource.route(for: head.method) else { return Self.unroutedContentLimitBytes }
        return route.contentLimit?(head) ?? route.contentLimitBytes
    }

    package func response(to request: Request) async -> Response {
        guard let (route, parameters) = route(of: request) else { return unrouted(request) }
        var response: Response
        switch route.handling {
        case .immediate(let handle): response = handle(request, parameters)
        case .waiting(let handle): response = await handle(request, parameters)
        }
        if response.routeTemplate == nil { response.routeTemplate = route.name }
        return response
    }

    package func immediateResponse(to request: Request) -> Response? {
        guard let (route, parameters) = route(of: request) else { return unrouted(request) }
        guard case .immediate(let handle) = route.handling else { return nil }
        var response = handle(request, parameters)
        if response.routeTemplate == nil { response.routeTemplate = route.name }
        return response
    }

    /// Looked for twice where the route has to wait, which costs less than to make every answer an async call's.
    private func route(of request: Request) -> (Route, PathParameters)? {
        guard let (resource, parameters) = find(request.target.path) else { return nil }
        return resource.route(for: request.head.method).map { ($0, parameters) }
    }

    /// Answers where no route does.
    private func unrouted(_ request: Request) -> Response {
        if request.target.path == "*", request.head.method == .options { return allowed(everyMethod, template: "*") }
        guard let (resource, _) = find(request.target.path) else { return errors.response(.notFound, to: request) }
        if request.head.method == .options { return allowed(resource.allow, template: resource.name) }
        var response = errors.response(.methodNotAllowed, to: request)
        response.head.headerFields[.allow] = resource.allow
        response.routeTemplate = resource.name
        return response
    }

    /// What the responses of this can have as ``Response/routeTemplate``; each once, in alphabetical order.
    package var templates: [String] {
        let resources = Array(literal.values) + parameterized.values.joined()
        return Set(resources.flatMap { $0.routes.map(\.name) } + ["*"]).sorted()
    }

    /// The value of an Allow field: the methods of some routes, and what this answers by itself.
    private static func allow(_ routes: [Route]) -> String {
        var methods = Set(routes.map(\.method.rawValue)).union(["OPTIONS"])
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted().joined(separator: ", ")
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
