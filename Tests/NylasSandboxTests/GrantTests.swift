import HTTPTypes
import NylasSandbox
import TestSupport
import Testing

@Suite("Grants")
struct GrantTests {
    private let sandbox = SandboxUnderTest()

    @Test
    func `exist unverified before the exchange and are valid after it`() async throws {
        let code = try await sandbox.code()
        let before = try #require(await sandbox.call(.get, "/v3/grants").json["data"]?.elements.first)
        #expect(before["grant_status"]?.text == "invalid")
        #expect(before["state"]?.text == "state-of-ours")
        sandbox.wallClock.advance(by: .seconds(3))
        let id = try #require(await sandbox.exchange(code).json["grant_id"]?.text)
        #expect(before["id"]?.text == id)
        let after = try #require(await sandbox.call(.get, "/v3/grants/\(id)").json["data"])
        #expect(after["grant_status"]?.text == "valid")
        #expect(after["email"]?.text == "ada@google.example")
        #expect(after["provider"]?.text == "google")
        #expect(after["scope"]?.texts.last == "https://www.googleapis.com/auth/gmail.readonly")
        #expect(after["ip"]?.text == "127.0.0.1")
        #expect(after["blocked"] == .bool(false))
        let created = try #require(after["created_at"]?.number)
        #expect(after["updated_at"]?.number == created + 3)
    }

    @Test
    func `keep their ID through a second login, with its scopes and state`() async throws {
        let first = try await sandbox.connect()
        sandbox.wallClock.advance(by: .seconds(60))
        let code = try await sandbox.code(
            ["state": "second", "scope": "https://www.googleapis.com/auth/gmail.send"],
            address: "ADA@google.example"
        )
        let untouched = try #require(await sandbox.call(.get, "/v3/grants/\(first)").json["data"])
        #expect(untouched["state"]?.text == "state-of-ours", "only the exchange changes a verified grant")
        #expect(await sandbox.exchange(code).json["grant_id"]?.text == first)
        let grant = try #require(await sandbox.call(.get, "/v3/grants/\(first)").json["data"])
        #expect(grant["state"]?.text == "second")
        #expect(grant["scope"]?.texts.last == "https://www.googleapis.com/auth/gmail.send")
        let created = try #require(grant["created_at"]?.number)
        #expect(grant["updated_at"]?.number == created + 60)
        #expect(await sandbox.call(.get, "/v3/grants").json["data"]?.elements.count == 1)
    }

    @Test
    func `get a new ID after a deletion`() async throws {
        let first = try await sandbox.connect()
        let deleted = await sandbox.call(.delete, "/v3/grants/\(first)")
        #expect(deleted.status == .ok)
        #expect(deleted.json["request_id"]?.text != nil)
        #expect(await sandbox.call(.delete, "/v3/grants/\(first)").status == .notFound)
        #expect(try await sandbox.connect() != first)
    }

    @Test
    func `take no code once they are deleted`() async throws {
        let id = try await sandbox.connect()
        let code = try await sandbox.code()
        _ = await sandbox.call(.delete, "/v3/grants/\(id)")
        #expect(await sandbox.exchange(code).json["error"]?.text == "invalid_grant")
    }

    @Test
    func `are found by ID, by address, by both prefixed forms, and by their own token`() async throws {
        let tokens = await sandbox.exchange(try await sandbox.code()).json
        let id = try #require(tokens["grant_id"]?.text)
        for name in [id, "ada@google.example", "ada%40google.example", "grant:\(id)", "email:ada@google.example"] {
            #expect(await sandbox.call(.get, "/v3/grants/\(name)").json["data"]?["id"]?.text == id, "\(name)")
        }
        let fields: HTTPFields = [.authorization: "Bearer \(try #require(tokens["access_token"]?.text))"]
        #expect(await sandbox.send(.get, "/v3/grants/me", fields: fields).json["data"]?["id"]?.text == id)
        #expect(await sandbox.send(.get, "/v3/grants/\(id)", fields: fields).status == .unauthorized)
        #expect(await sandbox.call(.get, "/v3/grants/me").status == .unauthorized)
        #expect(await sandbox.call(.delete, "/v3/grants/me").status == .unauthorized)
    }

    @Test(arguments: ["unknown", "grant:unknown", "email:eve@x.example", "external:1", "grant:ada@google.example"])
    func `are not found by anything else`(name: String) async throws {
        _ = try await sandbox.connect()
        let answer = await sandbox.call(.get, "/v3/grants/\(name)")
        #expect(answer.status == .notFound)
        #expect(answer.json["error"]?["type"]?.text == "grant.not_found")
    }

    @Test
    func `are listed newest first, by pages without a cursor`() async throws {
        var ids: [String] = []
        for number in 0..<12 {
            ids.append(try await sandbox.connect(address: "person-\(number)@google.example"))
            sandbox.wallClock.advance(by: .seconds(1))
        }
        let first = await sandbox.call(.get, "/v3/grants").json
        #expect(first["data"]?.elements.map { $0["id"]?.text } == ids.reversed().prefix(10).map(\.self))
        #expect(first["limit"]?.number == 10 && first["offset"]?.number == 0)
        #expect(first["next_cursor"] == nil)
        let rest = await sandbox.call(.get, "/v3/grants?offset=10").json
        #expect(rest["data"]?.elements.map { $0["id"]?.text } == [ids[1], ids[0]])
        let ascending = await sandbox.call(.get, "/v3/grants?order_by=asc&limit=3&offset=1").json
        #expect(ascending["data"]?.elements.map { $0["id"]?.text } == ids[1...3].map(\.self))
        #expect(await sandbox.call(.get, "/v3/grants?offset=99999999999999999").json["data"]?.elements == [])
    }

    @Test
    func `are listed by their last update when asked`() async throws {
        let old = try await sandbox.connect()
        sandbox.wallClock.advance(by: .seconds(1))
        let new = try await sandbox.connect(address: "eve@google.example")
        sandbox.wallClock.advance(by: .seconds(1))
        _ = try await sandbox.connect()
        let created = await sandbox.call(.get, "/v3/grants?sort_by=created_at").json
        #expect(created["data"]?.elements.map { $0["id"]?.text } == [new, old])
        let updated = await sandbox.call(.get, "/v3/grants?sort_by=updated_at").json
        #expect(updated["data"]?.elements.map { $0["id"]?.text } == [old, new])
    }

    @Test(
        arguments: [
            ("provider=google", 1), ("provider=yahoo", 0), ("grant_status=valid", 2), ("grant_status=invalid", 1),
            ("email=ada@google.example", 1), ("email=eve@x.example", 0), ("ip=127.0.0.1", 3), ("ip=10.0.0.1", 0),
            ("since=1787302201", 2), ("before=1787302200", 1), ("since=1787302201&before=1787302201", 1),
            ("workspace_id=any", 0), ("unknown=1", 3),
        ]
    )
    func `are filtered`(query: String, count: Int) async throws {
        _ = try await sandbox.connect()
        sandbox.wallClock.advance(by: .seconds(1))
        _ = try await sandbox.connect(["provider": "microsoft"], address: "bob@microsoft.example")
        sandbox.wallClock.advance(by: .seconds(1))
        _ = try await sandbox.code(["provider": "imap"], address: "cid@imap.example")
        #expect(await sandbox.call(.get, "/v3/grants?\(query)").json["data"]?.elements.count == count)
    }

    @Test(
        arguments: [
            "limit=0", "limit=201", "limit=ten", "limit=+5", "limit=-1", "limit=99999999999999999999", "offset=-1",
            "offset=x", "sort_by=email", "order_by=up", "grant_status=expired", "provider=hotmail", "since=now",
            "x=%zz",
        ]
    )
    func `are not listed for parameters that make no sense`(query: String) async {
        let answer = await sandbox.call(.get, "/v3/grants?\(query)")
        #expect(answer.status == .badRequest)
        #expect(answer.json["error"]?["type"]?.text == "api.invalid_request_error")
    }

    @Test
    func `can be changed, without giving back what is secret`() async throws {
        let id = try await sandbox.connect()
        let change = #"{"scope": ["a"], "settings": {"refresh_token": "r", "imap_host": "h"}}"#
        let changed = await sandbox.call(.patch, "/v3/grants/\(id)", json: change)
        #expect(changed.status == .ok)
        #expect(changed.json["data"]?["scope"]?.texts == ["a"])
        #expect(changed.json["data"]?["settings"] == .object(["imap_host": .string("h")]))
        for wrong in ["{", "[]", #"{"scope": "a"}"#, #"{"scope": [1]}"#, #"{"settings": 1}"#] {
            #expect(await sandbox.call(.patch, "/v3/grants/\(id)", json: wrong).status == .badRequest)
        }
    }

    @Test(
        arguments: [
            (
                "microsoft", "https://graph.microsoft.com/Mail.Read offline_access",
                ["openid", "profile", "email", "offline_access", "User.Read", "Mail.Read"]
            ),
            ("microsoft", "Mail.Read", ["openid", "profile", "email", "offline_access", "User.Read", "Mail.Read"]),
            ("yahoo", "email mail-r", ["email", "mail-r"]), ("imap", "anything", []), ("icloud", "", []),
            ("ews", "ews.contacts ews.contacts", ["ews.contacts"]),
            ("yahoo", "", ["email", "mail-r"]),
        ] as [(String, String, [String])]
    )
    func `spell scopes as Nylas does`(provider: String, asked: String, granted: [String]) async throws {
        let id = try await sandbox.connect(["provider": provider, "scope": asked], address: "a@x.example")
        #expect(await sandbox.call(.get, "/v3/grants/\(id)").json["data"]?["scope"]?.texts == granted)
    }

    @Test
    func `have only the ticked scopes at Google`() async throws {
        let prefix = "https://www.googleapis.com/auth/"
        let asked = ["scope": "\(prefix)gmail.readonly \(prefix)gmail.send"]
        let form = [("boxes", "shown"), ("scope", "\(prefix)gmail.send")]
        let some = await sandbox.exchange(try await sandbox.code(asked, form: form)).json["scope"]?.text
        #expect(some?.contains("gmail.send") == true && some?.contains("gmail.readonly") == false)
        let none = await sandbox.exchange(try await sandbox.code(asked, form: [("boxes", "shown")])).json["scope"]?.text
        #expect(none?.contains("gmail") == false && none?.contains("openid") == true)
        let more = [("boxes", "shown"), ("scope", "\(prefix)calendar")]
        let unasked = await sandbox.exchange(try await sandbox.code(asked, form: more)).json["scope"]?.text
        #expect(unasked?.contains("calendar") == false)
    }
}
