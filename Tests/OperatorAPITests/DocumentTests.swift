import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import ConnectApp
@testable import OperatorAPI

@Suite("The OpenAPI document")
struct DocumentTests {
    typealias Token = APIHarness.Token

    @Test func `is for anybody, and has every route with every status`() async throws {
        let harness = try APIHarness()
        let document = await harness.send(.get, "/api/v1/openapi.json")
        #expect(document.status == 200)
        #expect(document["openapi"] == "3.1.0")
        #expect(document["servers"]?.elements?.first?["url"] == "https://connect.example.com")
        var described: Set<String> = []
        for path in document["paths"]?.members ?? [] {
            for operation in path.value.members ?? [] {
                for answer in operation.value["responses"]?.members ?? [] {
                    described.insert("\(operation.name) \(path.name) \(answer.name)")
                }
            }
        }
        var expected: Set<String> = []
        for route in harness.api.operations {
            let statuses = route.operation.answers.map(\.status.code) + route.problems.map(\.status.code)
            for status in statuses.map(String.init) + ["4XX"] {
                expected.insert("\(route.method.rawValue.lowercased()) \(route.template) \(status)")
            }
        }
        #expect(described == expected)
        #expect(harness.api.routes.count == harness.api.operations.count)
        for (route, operation) in zip(harness.api.routes, harness.api.operations) {
            #expect(route.method == operation.method && route.template.description == operation.template)
        }
    }

    @Test func `names each operation once, each parameter of each path, and only schemas that are there`() async throws
    {
        let harness = try APIHarness()
        let ids = harness.api.operations.map(\.operation.id)
        #expect(Set(ids).count == ids.count)
        for route in harness.api.operations {
            let named = route.operation.parameters.filter { $0.place == .path }.map(\.name)
            let inPath = route.template.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().dropLast())
            }
            #expect(named == inPath)
        }
        let document = await harness.send(.get, "/api/v1/openapi.json").content
        let names = Set(document["components"]?["schemas"]?.members?.map(\.name) ?? [])
        var references: Set<String> = []
        func collect(_ value: JSON) {
            for member in value.members ?? [] {
                if member.name == "$ref", let text = member.value.text { references.insert(text) }
                collect(member.value)
            }
            for element in value.elements ?? [] { collect(element) }
        }
        collect(document)
        #expect(references == Set(names.map { "#/components/schemas/\($0)" } + ["#/components/responses/Problem"]))
    }

    /// Each operation is called so that it answers with each status that the document has for it; the harness holds each answer
    /// against its schema.
    @Test func `has no status that cannot be had`() async throws {
        let harness = try APIHarness()
        try await harness.connect("shared", owner: "ada")
        try await harness.connect("shared", owner: "bea")
        try await harness.connect("gone", owner: "ada")
        try await harness.connect("stuck", owner: "ada")
        try await harness.connect("open")
        try await harness.connect("pending")
        var seen: Set<String> = []
        func note(_ reply: APIHarness.Reply) { if let id = reply.operation { seen.insert("\(id) \(reply.status)") } }
        func answer(_ answer: ScriptedExchange.Answer) { harness.exchange.append(answer) }

        let link = #"{"owner":"u"}"#
        let made = await harness.call(.post, "/links", link, key: "k")
        note(made)
        note(await harness.call(.post, "/links", "{", key: "j"))
        note(await harness.call(.post, "/links", "{}"))
        note(await harness.call(.post, "/links", #"{"owner":"u","reconnect":"unknown"}"#))
        note(await harness.send(.post, "/api/v1/links", fields: [.authorization: "Bearer \(Token.writer)"]))
        try await begin(in: harness.store, #"{"owner":"w"}"#, key: "busy")
        note(await harness.call(.post, "/links", #"{"owner":"w"}"#, key: "busy"))
        let exit = #"{"grant_id":"gone","owner":"ada"}"#
        note(await harness.call(.post, "/disconnect-links", exit))
        note(await harness.call(.post, "/disconnect-links", exit.replacing("ada", with: "eve")))
        note(await harness.call(.post, "/disconnect-links", "{", key: "j"))
        note(await harness.call(.post, "/disconnect-links", "{}"))
        note(await harness.send(.post, "/api/v1/disconnect-links", fields: [.authorization: "Bearer \(Token.writer)"]))
        note(await harness.call(.post, "/disconnect-links", exit, key: "k"))
        note(await harness.call(.post, "/links", #"{"owner":"w"}"#, key: "k"))
        try await begin(in: harness.store, exit, path: "/disconnect-links", key: "leaving")
        note(await harness.call(.post, "/disconnect-links", exit, key: "leaving"))
        let invite = #"{"customer":"c","credential_id":"c"}"#
        note(await harness.call(.post, "/consent-invites", invite, key: "ci"))
        note(await harness.call(.post, "/consent-invites", "{", key: "cj"))
        note(await harness.call(.post, "/consent-invites", "{}"))
        note(await harness.send(.post, "/api/v1/consent-invites", fields: [.authorization: "Bearer \(Token.writer)"]))
        try await begin(in: harness.store, invite, path: "/consent-invites", key: "ck")
        note(await harness.call(.post, "/consent-invites", invite, key: "ck"))
        let consent = try Sample.consent("known", at: harness.wallClock.now)
        _ = try await harness.store.report(
            consent,
            of: Sample.consentClaim("consent", startedAt: harness.wallClock.now),
            with: Sample.outcome(.consentReported, at: harness.wallClock.now)
        )
        note(await harness.call(.get, "/consents"))
        note(await harness.call(.get, "/consents/known"))
        note(await harness.call(.get, "/consents/unknown"))
        for reply in await CredentialRouteTests.everyStatus(of: harness) { note(reply) }
        for reply in try await BulkRunRouteTests.everyStatus(of: harness) { note(reply) }
        try await begin(in: harness.store, BulkRunRouteTests.order, path: "/bulk-runs", key: "busy-run")
        note(await harness.call(.post, "/bulk-runs", BulkRunRouteTests.order, key: "busy-run"))
        for (path, order) in CredentialRouteTests.orders {
            try await begin(in: harness.store, order, path: path, key: "busy" + path)
            note(await harness.call(.post, path, order, key: "busy" + path))
        }
        note(await harness.call(.get, "/links/abc"))
        note(await harness.call(.get, "/links/a.b"))
        note(await harness.call(.delete, "/links/abc"))
        note(await harness.call(.delete, "/links/a.b"))
        let used = try #require(try await usedLink(in: harness))
        note(await harness.call(.delete, "/links/\(used.text)"))
        note(await harness.call(.get, "/grants"))
        note(await harness.call(.get, "/grants/open"))
        note(await harness.call(.get, "/grants/unknown"))
        note(await harness.call(.get, "/owners/ada"))
        note(await harness.call(.get, "/owners/\(String(repeating: "a", count: 129))"))
        note(await harness.call(.delete, "/grants/shared/owners/ada"))
        note(await harness.call(.delete, "/grants/shared/owners/ada"))
        answer(.failure(.connectionRefused))
        note(await harness.call(.delete, "/grants/stuck/owners/ada"))
        answer(.json("{}"))
        note(await harness.call(.delete, "/grants/open"))
        note(await harness.call(.delete, "/grants/open"))
        answer(.failure(.connectionRefused))
        note(await harness.call(.delete, "/grants/pending"))
        for reply in try await HostRouteTests.everyStatus(of: harness) { note(reply) }
        note(await harness.call(.get, "/openapi.json", token: nil))
        let directory = try TemporaryDirectory()
        let shut = try FileGrantStore(directory: directory.path)
        await shut.close()
        let failing = try APIHarness(store: shut)
        for route in harness.api.operations {
            // Each refusal costs a try: time gives them back.
            harness.clock.advance(by: .seconds(60))
            let path = try Self.path(of: route, in: harness)
            let content = [
                "createLink": link, "createDisconnectLink": exit, "confirm": link, "createConsentInvite": invite,
                "createConnector": "{}", "createCredential": "{}", "createBulkRun": "{}",
            ][route.operation.id]
            note(await harness.call(route.method, "\(path)?marker=1", content))
            guard route.scope != nil else { continue }
            note(await harness.call(route.method, path, token: nil, content))
            note(await harness.call(route.method, path, token: "short", content))
            note(await harness.call(route.method, path, token: "", content))
            if route.scope == .write { note(await harness.call(route.method, path, token: Token.reader, content)) }
            note(await failing.call(route.method, path, content, key: "k"))
        }
        for _ in 0..<40 { _ = await harness.call(.get, "/grants", token: nil) }
        for route in harness.api.operations where route.scope != nil {
            let path = try Self.path(of: route, in: harness)
            note(await harness.call(route.method, path, token: nil))
        }
        try harness.exchange.finish()

        var described: Set<String> = []
        for route in harness.api.operations {
            for status in route.operation.answers.map(\.status.code) + route.problems.map(\.status.code) {
                described.insert("\(route.operation.id) \(status)")
            }
        }
        #expect(described.subtracting(seen).sorted() == [])
        #expect(seen.subtracting(described).sorted() == [])
    }

    /// An address of the route's, behind the root.
    private static func path(of route: APIRoute, in harness: APIHarness) throws -> String {
        let handles = HostHandles(keys: harness.settings.sealingKeys, random: .system)
        let handle =
            route.template.contains("/results/")
            ? handles.handle(forResultOf: FlowID(state: "x"))
            : handles.handle(
                asking: HostHandles.Question(
                    flow: FlowID(state: "x"),
                    callbackAt: harness.wallClock.now,
                    owner: try Sample.owner("u")
                )
            )
        return String(route.template.dropFirst(OperatorAPI.root.count))
            .replacing("{id}", with: "abc").replacing("{owner}", with: "ada").replacing("{provider}", with: "google")
            .replacing("{handle}", with: handle)
    }

    private func begin(
        in store: any GrantStore,
        _ content: String,
        path: String = "/links",
        key: String
    ) async throws {
        let call = IdempotentCall(
            keyDigest: SHA256.digest("writer \(key)"),
            contentDigest: SHA256.digest("POST /api/v1\(path) \n\(content)")
        )
        _ = try await store.begin(call, lease: .seconds(60))
    }

    private func usedLink(in harness: APIHarness) async throws -> LinkID? {
        try await harness.connect("by-link", owner: "cleo")
        return try await harness.store.grant(Sample.grantID("by-link"))?.owners.first?.linkID
    }

    @Test func `has one status and one sentence for each problem`() {
        for code in APIProblem.Code.allCases {
            #expect((400...599).contains(code.status.code))
            #expect(!code.detail.isEmpty && !code.rawValue.contains(" "))
            #expect(APIProblem.schema.misfits(of: APIProblem(code).json(reference: "r")) == [])
        }
    }
}
