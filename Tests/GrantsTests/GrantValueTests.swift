import Testing

@testable import Grants

@Suite("Grant values")
struct GrantValueTests {
    @Test(arguments: [
        "", "me", "a/b", "a b", "email:a@b.example", "a@b.example", "%2e", "..", String(repeating: "a", count: 65),
    ])
    func `a grant ID is never something else that Nylas takes in a path`(text: String) {
        #expect(GrantID(text) == nil)
    }

    @Test func `a UUID is a grant ID`() {
        #expect(GrantID("5fa64c92-e840-4357-86b9-2aa364d35b88")?.text == "5fa64c92-e840-4357-86b9-2aa364d35b88")
    }

    @Test(arguments: [
        ("https://www.googleapis.com/auth/gmail.readonly", "gmail.readonly"),
        ("https://graph.microsoft.com/Mail.Read", "Mail.Read"),
        ("Mail.Read", "mail.read"),
        ("https://mail.google.com/", "https://mail.google.com/"),
        ("openid", "openid"),
    ])
    func `both spellings of a scope are one scope`(long: String, short: String) {
        #expect(Scope(long) == Scope(short))
    }

    @Test(arguments: ["https://graph.microsoft.com/", "https://evil.example/Mail.Read", "xMail.Read"])
    func `another address is not the short name`(text: String) {
        #expect(Scope(text) != Scope("Mail.Read"))
    }

    @Test(arguments: ["", "a\nb", "a\u{7F}", String(repeating: "é", count: 65)])
    func `an owner is short text on one line`(text: String) {
        #expect(OwnerID(text) == nil)
    }

    @Test(arguments: [("é", "e\u{301}"), ("K", "\u{212A}"), ("Å", "\u{212B}"), ("a", "A"), ("a", "a ")])
    func `two owners are one only if their bytes are the same`(one: String, other: String) throws {
        let (one, other) = (try #require(OwnerID(one)), try #require(OwnerID(other)))
        #expect(one != other)
        #expect(one == OwnerID(one.text))
        #expect(Set([one, other]).count == 2)
    }
}
