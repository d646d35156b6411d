import Cryptography
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// One call of the API, as the handlers of `/v3/…` see it.
struct Call: Sendable {
    let request: Request
    let path: PathParameters
    let now: Timestamp

    func query() throws(APIViolation) -> Parameters {
        do {
            return try Parameters(query: request.target.query)
        } catch {
            throw .invalidParameter("query")
        }
    }

    /// The content as a JSON object.
    func object() throws(APIViolation) -> JSON {
        guard let json = JSON.decode(request.content), json.members != nil else { throw .payloadNotJSON }
        return json
    }
}

/// A successful answer: always a JSON object, never 204, for the sake of the SDKs.
struct APIAnswer {
    var status = HTTPResponse.Status.ok
    /// What stands beside `request_id`.
    var members: [JSON.Member]

    static func data(_ data: JSON, status: HTTPResponse.Status = .ok) -> APIAnswer {
        APIAnswer(status: status, members: [.init("data", data)])
    }

    /// A list that is paged by `limit` and `offset`, which has no cursor.
    static func list(_ data: [JSON], page: Page) -> APIAnswer {
        APIAnswer(members: [
            .init("data", .array(data)),
            .init("limit", .integer(Int64(page.limit))),
            .init("offset", .integer(Int64(page.offset))),
        ])
    }

    /// What deletion answers.
    static let done = APIAnswer(members: [])
}

extension Emulator {
    /// A route of `/v3/…` in the ordinary envelope.
    ///
    /// - Parameters:
    ///   - needsKey: whether the application's key is asked for before anything else.
    ///   - subject: the address that a step of a script may be for.
    func apiRoute(
        _ method: HTTPRequest.Method,
        _ template: String,
        at stage: Script.Stage = .api,
        needsKey: Bool = true,
        about subject: @escaping @Sendable (Request) -> String? = { _ in nil },
        _ handle: @escaping @Sendable (Call) throws(APIViolation) -> APIAnswer
    ) -> Route {
        Route(method, template, contentLimitBytes: method == .get ? 0 : 256 << 10) { [self] request, path in
            let fault = begin("\(method) \(template)", at: stage, about: subject(request))
            return await answer(under: fault) { violation in
                apiResponse(violation, to: request)
            } handling: {
                do throws(APIViolation) {
                    guard !needsKey || holdsKey(request) else { throw .keyInvalid }
                    let result = try handle(Call(request: request, path: path, now: wallClock.now()))
                    let identification = JSON.Member("request_id", .string(request.id.text))
                    return jsonResponse(.object([identification] + result.members), result.status, to: request)
                } catch {
                    return apiResponse(error, to: request)
                }
            }
        }
    }

    /// Envelope A of `nylas-api.md`, §1.4.
    func apiResponse(_ violation: APIViolation, to request: Request) -> Response {
        var error: [JSON.Member] = [
            .init("type", .string(violation.type)),
            .init("message", .string(violation.message)),
        ]
        if let code = violation.providerCode {
            let said: JSON = ["code": .string(code), "message": .string(violation.message)]
            error.append(.init("provider_error", said))
        }
        let json: JSON = ["request_id": .string(request.id.text), "error": .object(error)]
        return jsonResponse(json, violation.status, to: request)
    }

    func jsonResponse(_ json: JSON, _ status: HTTPResponse.Status, to request: Request) -> Response {
        var fields: HTTPFields = [
            // Without a charset: the SDK for Ruby compares the whole value.
            .contentType: "application/json",
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
        ]
        if let name = HTTPField.Name("x-request-id") { fields[name] = request.id.text }
        return Response(status: status, fields: fields, content: json.encoded)
    }

    func holdsKey(_ request: Request) -> Bool {
        bearer(of: request).map(isKey) ?? false
    }

    func isKey(_ text: String) -> Bool {
        constantTimeEquals(Array(text.utf8), Array(configuration.apiKey.utf8))
    }

    /// The token of `Authorization: Bearer …` (RFC 6750 §2.1).
    func bearer(of request: Request) -> String? {
        guard let field = request.head.headerFields[.authorization] else { return nil }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
