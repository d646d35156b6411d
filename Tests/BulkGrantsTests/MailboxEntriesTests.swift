import BulkGrants
import GrantStore
import Grants
import Testing

@Suite("Mailboxes that come from no file")
struct MailboxEntriesTests {
    private typealias Entry = MailboxList.Entry

    private func list(_ entries: [MailboxList.Entry], microsoft: Bool = false) -> MailboxList {
        MailboxList(
            entries,
            ListRules(
                provider: microsoft ? .microsoft : .google,
                profiles: ["read": ["r"], "full": ["f"]],
                defaultProfile: "read"
            )
        )
    }

    @Test func `are rows as a file would make them, without the guards of spreadsheets`() {
        let found = list([
            Entry(address: "ada@x.example", owner: "'=1", tags: ["plan": "gold"]),
            Entry(address: " bea@x.example ", profile: "full"),
            Entry(address: "cy@x.example", owner: "c", scopes: ["gmail.readonly", "openid"], tags: ["site": "x"]),
        ])
        #expect(found.faults == [])
        #expect(found.rows.map(\.line) == [2, 3, 4])
        #expect(found.rows.map(\.address) == ["ada@x.example", "bea@x.example", "cy@x.example"])
        #expect(found.rows.map(\.owner?.text) == ["'=1", nil, "c"])
        #expect(
            found.rows.map(\.scopes) == [["r"], ["f"], ["https://www.googleapis.com/auth/gmail.readonly", "openid"]]
        )
        #expect(found.rows.map(\.tags) == [["plan": "gold"], [:], ["site": "x"]])
        #expect(found.tagNames == ["plan", "site"])
    }

    @Test(
        arguments: [
            ([], ListFault.empty), ([Entry(address: "")], .address(line: 2)),
            ([Entry(address: "x")], .address(line: 2)),
            ([Entry(address: "a@x.example"), Entry(address: "A@X.example")], .duplicate(line: 3, firstLine: 2)),
            ([Entry(address: "a@x.example", owner: "a\nb")], .owner(line: 2)),
            ([Entry(address: "a@x.example", profile: "none")], .profile(line: 2, name: "none")),
            ([Entry(address: "a@x.example", scopes: ["ä"])], .scopes(line: 2)),
            (
                [Entry(address: "a@x.example", profile: "read", scopes: ["s"])],
                .rowExcludes(line: 2, "profile", "scopes")
            ),
            ([Entry(address: "a@x.example", tags: ["t": "v"])], .tagsWithoutOwner(line: 2)),
            ([Entry(address: "a@x.example", owner: "o", tags: ["t": "a\nb"])], .tag(line: 2, name: "t")),
            ([Entry(address: "a@x.example", owner: "o", tags: ["": "v"])], .columnUnknown("tag:")),
            (
                [
                    Entry(
                        address: "a@x.example",
                        owner: "o",
                        tags: Dictionary((0..<9).map { ("t\($0)", "v") }) { first, _ in first }
                    )
                ], .columnUnknown("tag:t8")
            ),
        ] as [([MailboxList.Entry], ListFault)]
    )
    func `are refused by the rule they break`(entries: [MailboxList.Entry], fault: ListFault) {
        let found = list(entries)
        #expect(found.faults == [fault])
    }

    @Test func `have no scopes at Microsoft`() {
        #expect(
            list([Entry(address: "a@x.example", scopes: ["s"])], microsoft: true).faults == [
                .columnWithoutEffect("scopes")
            ]
        )
        #expect(list([Entry(address: "a@x.example", profile: "full")], microsoft: true).rows.map(\.scopes) == [[]])
    }
}
