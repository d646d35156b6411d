import BulkGrants
import GrantStore
import Grants
import TestSupport
import Testing
import Timekeeping

let readScope = "https://www.googleapis.com/auth/gmail.readonly"
let sendScope = "https://www.googleapis.com/auth/gmail.send"

func rules(_ provider: Provider = .google) -> ListRules {
    ListRules(
        provider: provider,
        profiles: ["read": [readScope], "send": [readScope, sendScope]],
        defaultProfile: "read"
    )
}

func list(_ text: String, _ provider: Provider = .google) -> MailboxList {
    MailboxList(Array(text.utf8), rules(provider))
}

@Suite("A list of mailboxes")
struct MailboxListTests {
    @Test func `has addresses, owners, profiles and tags`() {
        let list = list(
            """
            Email , owner,PROFILE,tag:plan,tag:Team Süd
            ada@x.example,user-1,send,gold,
            "grace@x.example",,,,\n
            "eve@x.example"," user-3 ",READ,"a ""b"" c",ü
            """
        )
        #expect(list.faults == [])
        #expect(list.tagNames == ["plan", "Team Süd"])
        #expect(
            list.rows == [
                BulkRow(
                    line: 2,
                    address: "ada@x.example",
                    owner: OwnerID("user-1"),
                    scopes: [readScope, sendScope],
                    tags: ["plan": "gold"]
                ),
                BulkRow(line: 3, address: "grace@x.example", scopes: [readScope]),
                BulkRow(
                    line: 5,
                    address: "eve@x.example",
                    owner: OwnerID("user-3"),
                    scopes: [readScope],
                    tags: ["plan": "a \"b\" c", "Team Süd": "ü"]
                ),
            ]
        )
    }

    @Test func `has scopes in full, however they are written`() {
        let rows = list("email,scopes\na@x.example,gmail.readonly openid\nb@x.example,\(sendScope)\nc@x.example,\n")
            .rows
        #expect(rows.map(\.scopes) == [[readScope, "openid"], [sendScope], [readScope]])
    }

    @Test func `has no scopes at Microsoft, where the tenant's permissions apply`() {
        #expect(list("email\na@x.example\n", .microsoft).rows.map(\.scopes) == [[]])
        let refused = list("email,scopes\na@x.example,Mail.Read\n", .microsoft)
        #expect(refused.faults == [.columnWithoutEffect("scopes")])
    }

    @Test(arguments: [
        ("", [ListFault.empty]), ("\n\n", [.empty]), ("email\n", [.empty]), ("\u{FEFF}email\n", [.empty]),
        ("a@x.example\nb@x.example\n", [.columnUnknown("a@x.example"), .columnMissing("email")]),
        ("mail\na@x.example", [.columnUnknown("mail"), .columnMissing("email")]),
        ("email,colour\na@x.example,red", [.columnUnknown("colour")]),
        ("email,EMAIL\na@x.example,b@x.example", [.columnTwice("email")]),
        ("email,tag:a,tag:a\n", [.columnTwice("tag:a")]), ("email,tag:\n", [.columnUnknown("tag:")]),
        ("email,tag:1,tag:2,tag:3,tag:4,tag:5,tag:6,tag:7,tag:8,tag:9\n", [.columnUnknown("tag:9")]),
        ("email,profile,scopes\na@x.example,read,\n", [.columnsExclude("profile", "scopes")]),
        ("email,owner\na@x.example\n", [.fieldCount(line: 2, found: 1, expected: 2)]),
        ("email\na@x.example,b@x.example\n", [.fieldCount(line: 2, found: 2, expected: 1)]),
        ("email\nada\n", [.address(line: 2)]), ("email\nada@x\n", [.address(line: 2)]),
        ("email\n@x.example\n", [.address(line: 2)]), ("email\nada@@x.example\n", [.address(line: 2)]),
        ("email\nada@x..example\n", [.address(line: 2)]), ("email\nada.@x.example\n", [.address(line: 2)]),
        ("email\nAda <ada@x.example>\n", [.address(line: 2)]), ("email\nada@-x.example\n", [.address(line: 2)]),
        ("email\n\"ada@x.example b@x.example\"\n", [.address(line: 2)]),
        ("email\nada@x.example.\n", [.address(line: 2)]),
        ("email\nada@x_y.example\n", [.address(line: 2)]), ("email,owner\n,u\n", [.address(line: 2)]),
        ("email\na@x.example\nb@x.example\nA@X.example\n", [.duplicate(line: 4, firstLine: 2)]),
        ("email,owner\na@x.example,\"u\n1\"\n", [.owner(line: 2)]),
        ("email,profile\na@x.example,everything\n", [.profile(line: 2, name: "everything")]),
        ("email,scopes\na@x.example,gmäil\n", [.scopes(line: 2)]),
        ("email,tag:a\na@x.example,x\n", [.tagsWithoutOwner(line: 2)]),
        ("email,owner,tag:a\na@x.example,u,\"x\ny\"\n", [.tag(line: 2, name: "a")]),
        ("email\na@x.example\n\"b@x.example\n", [.unreadable(.quoteNotClosed(line: 3))]),
        ("email\na\"@x.example\nada\n", [.unreadable(.quoteInsideField(line: 2)), .address(line: 3)]),
    ])
    func `names everything that is wrong, with its line`(text: String, expected: [ListFault]) {
        #expect(list(text).faults == expected)
    }

    @Test func `reads over the columns of a result`() {
        let list = list("email,result,grant_id,reason\na@x.example,failed,,no mailbox\n")
        #expect(list.faults == [] && list.rows.count == 1)
    }

    @Test func `is what a result is, to the byte of each field`() throws {
        let text = "email,owner,scopes,tag:plan\n'+ada@x.example,'=1+1,gmail.readonly,\"a,\"\"b\"\n"
        let first = list(text)
        #expect(first.faults == [])
        var run = try BulkStoreConformance.run(at: .init(secondsSince1970: 1))
        run.tagNames = first.tagNames
        var row = try #require(first.rows.first)
        #expect(row.address == "+ada@x.example" && row.owner?.text == "=1+1")
        row.standing = .failed
        row.reason = "-x"
        let result = BulkResult(run, onlyFailed: true)
        let again = list(result.header + (result.record(row) ?? ""))
        #expect(again.faults == [])
        #expect(again.tagNames == first.tagNames && again.rows == first.rows)
        row.standing = .connected
        #expect(result.record(row) == nil)
        #expect(BulkResult(run, onlyFailed: false).record(row) != nil)
    }

    @Test func `leaves out who is connected, unless that is for another owner`() async throws {
        let clock = ManualWallClock()
        let store = MemoryGrantStore(wallClock: clock.clock)
        let owner = try Sample.owner("user-1")
        try await store.connect(
            "1",
            saving: Sample.grant("g-1", address: "Ada@x.example", at: clock.now),
            owner: owner,
            clock
        )
        let stopped = try Sample.grant("g-2", address: "b@x.example", status: .invalid, at: clock.now)
        try await store.connect("2", saving: stopped, clock)
        func standings(_ owner: String) async throws -> [BulkRow.Standing] {
            let list = list("email,owner\nada@x.example,\(owner)\nb@x.example,\n")
            return try await BulkPlan(list, in: store, provider: .google).rows.map(\.standing)
        }
        #expect(try await standings("user-1") == [.skipped, .pending])
        #expect(try await standings("") == [.skipped, .pending])
        #expect(try await standings("user-2") == [.pending, .pending])
        var plan = try await BulkPlan(list("email\nada@x.example\n"), in: store, provider: .google)
        #expect(plan.open == 0 && plan.skipped.map(\.grantID?.text) == ["g-1"])
        plan.includeConnected()
        #expect(plan.open == 1)
        #expect(try await BulkPlan(list("email\nada@x.example\n"), in: store, provider: .microsoft).open == 1)
    }
}
