import ConnectApp
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Web

@testable import OperatorAPI

@Suite("Tokens, RFC 6750")
struct TokenTests {
    typealias Token = APIHarness.Token

    @Test(arguments: ["Bearer", "bearer", "BEARER", "Bearer  "])
    func `let in who brings one, however the scheme is written`(scheme: String) async throws {
        let harness = try APIHarness()
        let reply = await harness.send(
            .get,
            "/api/v1/grants",
            fields: [.authorization: "\(scheme) \(Token.reader)"]
        )
        #expect(reply.status == 200)
    }

    @Test(
        arguments: [
            ("Basic dXNlcjpwYXNz", 401, "token_missing"), ("Digest x", 401, "token_missing"),
            ("", 401, "token_missing"),
            (Token.writer, 401, "token_missing"), ("Bearer", 400, "invalid_request"),
            ("Bearer ", 400, "invalid_request"),
            ("Bearer a b", 400, "invalid_request"), ("Bearer ====", 400, "invalid_request"),
            ("Bearer \"\(Token.writer)\"", 400, "invalid_request"), ("Bearer \(Token.writer),", 400, "invalid_request"),
            ("Bearer\t\(Token.writer)", 400, "invalid_request"),
            ("BearerX \(Token.writer)", 400, "invalid_request"), ("Bearer=\(Token.writer)", 400, "invalid_request"),
            ("Bearer token=\(Token.writer)", 400, "invalid_request"), ("Bearer é", 400, "invalid_request"),
            ("Bearer short", 401, "invalid_token"), ("Bearer \(Token.writer.dropLast())", 401, "invalid_token"),
            ("Bearer \(Token.writer)x", 401, "invalid_token"), ("Bearer \(Token.writer)=", 401, "invalid_token"),
            ("Bearer \(Token.writer.uppercased())", 401, "invalid_token"),
            ("Bearer \(String(repeating: "a", count: 256))", 401, "invalid_token"),
            ("Bearer \(String(repeating: "a", count: 9000))", 401, "invalid_token"),
            // The digest that the configuration holds is no token.
            ("Bearer 7003446c3e0329ae3c78a5f49690691d5ae1d4dfba8027dc673c698e87b963b3", 401, "invalid_token"),
        ] as [(String, Int, String)]
    )
    func `are nothing else`(field: String, status: Int, code: String) async throws {
        let harness = try APIHarness()
        let reply = await harness.send(.get, "/api/v1/grants", fields: [.authorization: field])
        #expect(reply.status == status)
        #expect(reply.code == code)
        let challenge = try #require(reply.response.head.headerFields[.wwwAuthenticate])
        #expect(challenge.hasPrefix(#"Bearer realm="postern""#))
        #expect(challenge.contains("error=") == (code != "token_missing"))
        #expect(!harness.log.text.contains("writer_"))
    }

    @Test func `come once, in their own field and nowhere else`() async throws {
        let harness = try APIHarness()
        var twice: HTTPFields = [.authorization: "Bearer \(Token.writer)"]
        twice.append(HTTPField(name: .authorization, value: "Bearer \(Token.writer)"))
        #expect(await harness.send(.get, "/api/v1/grants", fields: twice).code == "invalid_request")
        #expect(await harness.send(.get, "/api/v1/grants").code == "token_missing")
        for target in ["/api/v1/grants?access_token=\(Token.writer)", "/api/v1/grants?token=\(Token.writer)"] {
            #expect(await harness.send(.get, target).code == "token_missing")
        }
        let cookie: HTTPFields = [.cookie: "token=\(Token.writer); Authorization=Bearer \(Token.writer)"]
        #expect(await harness.send(.get, "/api/v1/grants", fields: cookie).code == "token_missing")
        #expect(!harness.log.text.contains("writer_"))
    }

    @Test(arguments: ["POST /links", "DELETE /links/x", "DELETE /grants/g", "DELETE /grants/g/owners/ada"])
    func `of scope read change nothing`(operation: String) async throws {
        let harness = try APIHarness()
        let parts = operation.split(separator: " ").map(String.init)
        let method = try #require(HTTPRequest.Method(parts[0]))
        let reply = await harness.call(method, parts[1], token: Token.reader, #"{"owner":"ada"}"#)
        #expect(reply.status == 403)
        #expect(reply.code == "insufficient_scope")
        let challenge = #"Bearer realm="postern", error="insufficient_scope", scope="write""#
        #expect(reply.response.head.headerFields[.wwwAuthenticate] == challenge)
    }

    @Test func `that fail are limited for each network, and a good one always passes`() async throws {
        let harness = try APIHarness()
        let bad: HTTPFields = [.authorization: "Bearer \(Token.writer)x"]
        let good: HTTPFields = [.authorization: "Bearer \(Token.reader)"]
        for _ in 0..<30 { #expect(await harness.send(.get, "/api/v1/grants", fields: bad).status == 401) }
        for fields in [bad, [:], [.authorization: "Bearer"]] {
            let reply = await harness.send(.get, "/api/v1/grants", fields: fields)
            #expect(reply.status == 429)
            #expect(reply.code == "too_many_failures")
            #expect(reply.response.head.headerFields[.retryAfter] == "2")
        }
        #expect(await harness.send(.get, "/api/v1/grants", fields: good).status == 200)
        #expect(await harness.send(.get, "/api/v1/openapi.json").status == 200)
        let elsewhere = NetworkAddress.v4(0x0A00_0101)
        #expect(await harness.send(.get, "/api/v1/grants", fields: bad, client: elsewhere).status == 401)
        harness.clock.advance(by: .seconds(2))
        #expect(await harness.send(.get, "/api/v1/grants", fields: bad).status == 401)
        #expect(await harness.send(.get, "/api/v1/grants", fields: bad).status == 429)
    }

    @Test(arguments: ["/api/v1/grants", "/api/v1/openapi.json", "/api/v1/links", "/api/v1", "/api"])
    func `without any configured there is no API`(path: String) async throws {
        let harness = try APIHarness(tokens: [])
        for method in [HTTPRequest.Method.get, .post, .delete, .options] {
            let reply = await harness.send(method, path, fields: [.authorization: "Bearer \(Token.writer)"])
            #expect(reply.status == 404)
            #expect(reply.content["code"] == "not_found")
        }
        #expect(harness.api.routes.isEmpty)
    }

    @Test(
        arguments: [
            (.get, "/api/v1/nothing", 404), (.get, "/api/v1/grants/", 404), (.get, "/api/v1//grants", 404),
            (.get, "/api/v1/Grants", 404), (.get, "/api/v2/grants", 404), (.get, "/api/v1/grants/a/b", 404),
            (.get, "/api/v1/grants/..", 404), (.get, "/api/v1/grants/a%2Fb", 404), (.post, "/api/v1/grants", 405),
            (.put, "/api/v1/links", 405), (.delete, "/api/v1/grants", 405), (.patch, "/api/v1/grants/g", 405),
        ] as [(HTTPRequest.Method, String, Int)]
    )
    func `do not open what there is not`(method: HTTPRequest.Method, path: String, status: Int) async throws {
        let harness = try APIHarness()
        let reply = await harness.send(method, path, fields: [.authorization: "Bearer \(Token.writer)"])
        #expect(reply.status == status)
        #expect(reply.response.head.headerFields[.contentType] == "application/problem+json")
        #expect(APIProblem.schema.misfits(of: reply.content) == [])
    }

    @Test(arguments: ["cross-site", "same-site", "same-origin", "none"])
    func `are what counts, and a browser's page gains nothing`(site: String) async throws {
        let harness = try APIHarness()
        let name = try #require(HTTPField.Name("Sec-Fetch-Site"))
        let fields: HTTPFields = [name: site, .origin: "https://evil.example", .cookie: "a=b"]
        for method in [HTTPRequest.Method.get, .options] {
            let reply = await harness.send(method, "/api/v1/grants", fields: fields)
            #expect(reply.status == (method == .get ? 401 : 204))
            for field in reply.response.head.headerFields {
                #expect(!field.name.canonicalName.hasPrefix("access-control"))
                #expect(field.name != .setCookie)
            }
        }
    }
}
