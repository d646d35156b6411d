import BulkGrants
import Grants
import Testing

private func map(_ text: String) -> OwnerMap { OwnerMap(Array(text.utf8)) }

@Suite("Owners for an import")
struct OwnerMapTests {
    @Test func `go by the grant's ID, else by its address in any case`() throws {
        let map = map("grant_id,email,owner\ng-1,x@x.example,one\n,ADA@x.example,two\n")
        #expect(map.faults == [])
        let (first, other) = (try #require(GrantID("g-1")), try #require(GrantID("g-2")))
        #expect(map.owner(of: first, address: "ada@x.example")?.text == "one")
        #expect(map.owner(of: other, address: "Ada@X.example")?.text == "two")
        #expect(map.owner(of: other, address: "x@x.example") == nil)
        #expect(map.owner(of: other, address: nil) == nil)
        #expect(OwnerMap().owner(of: first, address: "ada@x.example") == nil)
    }

    @Test(arguments: [
        ("", [ListFault.empty]), ("owner\nx\n", [.columnMissing("grant_id")]),
        ("email\na@x.example\n", [.columnMissing("owner")]),
        ("email,owner,colour\n", [.columnUnknown("colour")]), ("email,owner,owner\n", [.columnTwice("owner")]),
        ("email,owner\na@x.example,\n", [.owner(line: 2)]), ("email,owner\nada,x\n", [.address(line: 2)]),
        ("grant_id,owner\na/b,x\n", [.grantID(line: 2)]), ("grant_id,owner\nme,x\n", [.grantID(line: 2)]),
        ("email,owner\na@x.example,x\nA@x.example,y\n", [.twice(line: 3)]),
        ("email,owner\na@x.example\n", [.fieldCount(line: 2, found: 1, expected: 2)]),
        ("email,owner\n\"a@x.example,x\n", [.unreadable(.quoteNotClosed(line: 2))]),
    ])
    func `are refused with the line of each fault`(text: String, expected: [ListFault]) {
        #expect(map(text).faults == expected)
    }
}
