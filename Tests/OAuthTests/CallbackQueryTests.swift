import OAuth
import Testing

@Suite("Parameters of an authorization response, RFC 6749 §3.1")
struct CallbackQueryTests {
    @Test func `decodes each parameter once`() throws {
        let query = try CallbackQuery("code=a%2Bb+c&state=%2541&iss=https%3A%2F%2Fapi.us.nylas.com")
        #expect(query["code"] == "a+b c")
        #expect(query["state"] == "%41")
        #expect(query["iss"] == "https://api.us.nylas.com")
        #expect(query["error"] == nil)
    }

    @Test(arguments: [nil, "", "code=", "code", "&&", "Code=a"])
    func `takes an empty parameter for an absent one`(text: String?) throws {
        #expect(try CallbackQuery(text)["code"] == nil)
    }

    @Test(arguments: [
        "state=a&state=b", "state=a&state=a", "code=a&x=1&code=b", "unknown=1&unknown=2", "code=&code=a",
        "st%61te=a&state=b", "code=a&code",
    ])
    func `refuses a repeated parameter, known or not`(text: String) {
        #expect(throws: CallbackError.repeatedParameter) { try CallbackQuery(text) }
    }

    @Test(arguments: [
        "code=%", "code=%2", "code=%zz", "code=%ff", "code=%00", "%c0%80=a",
        (0..<40).map { "p\($0)=1" }.joined(separator: "&"), "code=" + String(repeating: "a", count: 20_000),
    ])
    func `refuses what is not a form-encoded query of bounded size`(text: String) {
        #expect(throws: CallbackError.malformedQuery) { try CallbackQuery(text) }
    }
}
