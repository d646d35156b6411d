import ConnectApp
import HTTPSemantics
import HTTPTypes

/// The OpenAPI 3.1 document of some routes.
struct OpenAPI {
    let routes: [APIRoute]
    let publicURL: HTTPOrigin

    var document: JSON {
        [
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "info": [
                "title": "Postern operator API",
                "version": "1",
                "description": .string(
                    "Links, grants and owners, for the software of whoever runs this Postern. Every error is a problem "
                        + "(RFC 9457); unknown members and parameters are refused; times are RFC 3339 in UTC."
                ),
            ],
            "servers": [["url": .string("\(publicURL)")]],
            "security": [["token": []]],
            "tags": .array(tags.map { ["name": .string($0)] }),
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description":
                            "A token that postern tokens create made; scope read looks, scope write also changes.",
                    ]
                ],
                "schemas": .object(schemas),
                "responses": ["Problem": problemAnswer],
            ],
        ]
    }

    private var tags: [String] {
        var tags: [String] = []
        for route in routes where !tags.contains(route.operation.tag) { tags.append(route.operation.tag) }
        return tags
    }

    private var paths: [JSON.Member] {
        var paths: [JSON.Member] = []
        for route in routes {
            let operation = JSON.Member(route.method.rawValue.lowercased(), describe(route))
            if let index = paths.firstIndex(where: { $0.name == route.template }),
                case .object(let members) = paths[index].value
            {
                paths[index].value = .object(members + [operation])
            } else {
                paths.append(JSON.Member(route.template, .object([operation])))
            }
        }
        return paths
    }

    private func describe(_ route: APIRoute) -> JSON {
        let operation = route.operation
        var members: [JSON.Member] = [
            .init("operationId", .string(operation.id)),
            .init("tags", [.string(operation.tag)]),
            .init("summary", .string(operation.summary)),
        ]
        let needs = route.scope.map { "Needs a token of scope \($0.rawValue)." }
        let words = [operation.description, needs ?? "Needs no token."].filter { !$0.isEmpty }
        members.append(.init("description", .string(words.joined(separator: " "))))
        if route.scope == nil { members.append(.init("security", [])) }
        var parameters = operation.parameters.map(describe)
        if operation.takesIdempotencyKey { parameters.append(idempotencyKey) }
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let content = operation.content {
            members.append(
                .init("requestBody", ["required": true, "content": ["application/json": ["schema": content.document]]])
            )
        }
        members.append(.init("responses", .object(answers(of: route))))
        return .object(members)
    }

    private func describe(_ parameter: Operation.Parameter) -> JSON {
        [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.place == .path), "description": .string(parameter.description),
            "schema": parameter.schema.document,
        ]
    }

    private var idempotencyKey: JSON {
        [
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": .string(
                "A call that comes again under one key within 24 hours is answered as it was first, and not done again."
            ),
            "schema": Schema.text(1...Idempotency.keyLimitBytes, pattern: "^[!-~]+$").document,
        ]
    }

    private func answers(of route: APIRoute) -> [JSON.Member] {
        var answers = route.operation.answers.map { answer in
            var members: [JSON.Member] = [.init("description", .string(answer.description))]
            if let schema = answer.schema {
                members.append(.init("content", .object([.init(answer.mediaType, ["schema": schema.document])])))
            }
            return JSON.Member(String(answer.status.code), .object(members))
        }
        for status in Set(route.problems.map(\.status.code)).sorted() {
            let codes = route.problems.filter { $0.status.code == status }
            let words = codes.map { "\($0.rawValue): \($0.detail)" }.joined(separator: " ")
            answers.append(JSON.Member(String(status), problem(words)))
        }
        // What the server answers before an operation is reached, such as 404, 405, 408, 413 and 421.
        answers.append(JSON.Member("4XX", ["$ref": "#/components/responses/Problem"]))
        return answers
    }

    private var problemAnswer: JSON { problem("Another problem: its code says which.") }

    private func problem(_ description: String) -> JSON {
        [
            "description": .string(description),
            "content": .object([.init(APIProblem.mediaType, ["schema": APIProblem.schema.document])]),
        ]
    }

    private var schemas: [JSON.Member] {
        var schemas: [JSON.Member] = []
        let contents = routes.flatMap { route in
            [route.operation.content].compactMap(\.self) + route.operation.answers.compactMap(\.schema)
                + route.operation.parameters.map(\.schema)
        }
        for (name, schema) in (contents + [APIProblem.schema]).flatMap(\.named)
        where !schemas.contains(where: { $0.name == name }) {
            schemas.append(JSON.Member(name, schema.document))
        }
        return schemas
    }
}
