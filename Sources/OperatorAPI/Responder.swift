import ConnectApp
import Cryptography
import GrantStore
import HTTPSemantics
import HTTPTypes
import Logging
import Web

/// Answers one route: the token first, then what came, then the operation, and whatever is wrong as a problem.
///
/// Cookies are not looked at, and no answer has a field of CORS: a page in a browser can neither call nor read anything here.
struct Responder: Sendable {
    let route: APIRoute
    let gate: TokenGate
    let idempotency: Idempotency
    let headers: SecurityHeaders
    let logger: Logger

    func response(to request: Request, _ parameters: PathParameters) async -> Response {
        do throws(APIProblem) {
            let token: APIToken? =
                if let scope = route.scope { try gate.admit(request, for: scope) } else { nil }
            let answer: APIAnswer
            do throws(APIProblem) {
                answer = try await self.answer(request, parameters, token)
            } catch {
                log(error.code.status, request, token, problem: error.code)
                return response(error, to: request)
            }
            log(answer.status, request, token, problem: nil)
            return response(answer)
        } catch {
            log(error.code.status, request, nil, problem: error.code)
            return response(error, to: request)
        }
    }

    private func answer(
        _ request: Request,
        _ parameters: PathParameters,
        _ token: APIToken?
    ) async throws(APIProblem) -> APIAnswer {
        let call = APICall(
            reference: request.id,
            caller: token?.name,
            path: parameters,
            query: try query(of: request),
            content: try content(of: request)
        )
        guard route.operation.takesIdempotencyKey, let token else { return try await route.handle(call) }
        return try await idempotency.answer(request, route, by: token.name) { () async throws(APIProblem) in
            try await route.handle(call)
        }
    }

    // MARK: what came

    /// Each parameter at most once, of a name that there is, with a value that fits.
    private func query(of request: Request) throws(APIProblem) -> [String: JSON] {
        guard let text = request.target.query else { return [:] }
        guard let pairs = try? FormCoding.decode(text, limits: .init(bytes: 8 << 10, pairs: 16)) else {
            throw APIProblem(.invalidQuery)
        }
        let known = route.operation.parameters.filter { $0.place == .query }
        var values: [String: JSON] = [:]
        for (name, text) in pairs {
            guard let parameter = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                let detail = names.isEmpty ? "There are none here." : "There are: \(names)."
                throw APIProblem(.invalidQuery, misfits: [Misfit(pointer: "", detail: detail)])
            }
            guard values[name] == nil else {
                throw APIProblem(.invalidQuery, misfits: [Misfit(pointer: name, detail: "Is there twice.")])
            }
            let value = parameter.schema.value(ofText: text)
            let misfits = parameter.schema.misfits(of: value, at: name)
            guard misfits.isEmpty else { throw APIProblem(.invalidQuery, misfits: misfits) }
            values[name] = value
        }
        return values
    }

    private func content(of request: Request) throws(APIProblem) -> JSON {
        guard let schema = route.operation.content else { return .null }
        let types = request.head.headerFields[values: .contentType]
        guard types.count == 1, let type = MediaType(types[0]), type.essence == "application/json",
            type.parameters.allSatisfy({ $0.name == "charset" && $0.value.lowercased() == "utf-8" })
        else { throw APIProblem(.unsupportedMediaType) }
        let value: JSON
        do throws(JSONFault) {
            value = try JSON(parsing: request.content)
        } catch {
            throw APIProblem(.invalidJSON)
        }
        let misfits = schema.misfits(of: value)
        guard misfits.isEmpty else { throw APIProblem(.invalidContent, misfits: misfits) }
        return value
    }

    // MARK: what goes

    private func response(_ answer: APIAnswer) -> Response {
        var fields = headers.fields(for: .data)
        if !answer.content.isEmpty { fields[.contentType] = answer.mediaType }
        return Response(status: answer.status, fields: fields, content: answer.content)
    }

    private func response(_ problem: APIProblem, to request: Request) -> Response {
        var fields = headers.fields(for: .data)
        fields[.contentType] = APIProblem.mediaType
        if let challenge = problem.challenge(route.scope) { fields[.wwwAuthenticate] = challenge }
        var response = Response(
            status: problem.code.status,
            fields: fields,
            content: problem.json(reference: request.id.text).encoded
        )
        if let wait = problem.retryAfter { response.addRetryAfter(wait) }
        return response
    }

    /// Names and numbers of our own alone: nothing of a query, a path, a content or a token.
    private func log(
        _ status: HTTPResponse.Status,
        _ request: Request,
        _ token: APIToken?,
        problem: APIProblem.Code?
    ) {
        // The access log has who came without a token, and at which rate.
        guard route.scope != nil, problem != .tooManyFailures else { return }
        var metadata: Logger.Metadata = [
            "operation": .string(route.operation.id), "status": .stringConvertible(status.code),
            "reference": .string(request.id.text),
        ]
        if let token { metadata["token"] = .string(token.name) }
        if let problem { metadata["problem"] = .string(problem.rawValue) }
        logger.log(level: token == nil ? .notice : .info, "api call", metadata: metadata)
    }
}

extension Schema {
    /// A parameter's text as the value it stands for.
    fileprivate func value(ofText text: String) -> JSON {
        switch self {
        case .integer where !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }:
            Int64(text).map { .integer($0) } ?? .string(text)
        case .boolean where text == "true" || text == "false": .bool(text == "true")
        case .named(_, let schema), .nullable(let schema): schema.value(ofText: text)
        default: .string(text)
        }
    }
}
