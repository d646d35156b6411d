import HTTPTypes
import Testing

@testable import HTTPSemantics

@Suite("Media types, RFC 9110 §8.3.1")
struct MediaTypeTests {
    @Test(
        arguments: [
            ("text/html", "text/html"),
            ("TEXT/HTML;Charset=UTF-8", "text/html; charset=UTF-8"),
            ("text/html ; charset=\"utf-8\"", "text/html; charset=utf-8"),
            ("multipart/form-data; boundary=\"a b\\\"c\"", "multipart/form-data; boundary=\"a b\\\"c\""),
            ("application/x-www-form-urlencoded;", "application/x-www-form-urlencoded"),
            ("a/b;;c=d", "a/b; c=d"),
            ("application/problem+json", "application/problem+json"),
        ]
    )
    func `reads type, subtype and parameters`(text: String, canonical: String) {
        #expect(MediaType(text)?.description == canonical)
    }

    @Test func `names and types are compared without case, values with`() {
        let type = MediaType("Text/Plain; CharSet=UTF-8")
        #expect(type?.essence == "text/plain")
        #expect(type?[parameter: "charset"] == "UTF-8")
        #expect(type?[parameter: "boundary"] == nil)
    }

    @Test(
        arguments: [
            "", "text", "text/", "/html", "text/html/x", "text /html", "text/ html", " text/html", "text/html, a/b",
            "text/html; charset", "text/html; charset=", "text/html; charset =utf-8", "text/html; charset= utf-8",
            "text/html; charset=\"utf-8", "text/html; charset=\"\u{1}\"", "text/html; a=1; A=2", "text/html;=x",
            "text/html; a=b c", "text/html; a=\"b\"c", "tëxt/html",
        ]
    )
    func `has no answer for what the grammar does not allow`(text: String) {
        #expect(MediaType(text) == nil)
    }
}

@Suite("Content preference, RFC 9110 §12.5.1")
struct ContentPreferenceTests {
    @Test(
        arguments: [
            ("application/json", .json),
            ("APPLICATION/JSON", .json),
            ("application/json, text/html;q=0.9", .json),
            ("text/html;q=0.9,application/json", .json),
            ("application/*, */*;q=0.1", .json),
            ("text/html;q=0, */*", .json),
            (", , application/json", .json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .html),
            ("*/*", .html),
            ("", .html),
            ("text/html, application/json", .html),
            ("application/json;q=0", .html),
            ("application/json;q=0.5, text/*;q=0.501", .html),
            ("image/png", .html),
            ("application/json;q=2, text/html;q=0.1", .html),
            ("garbage", .html),
            ("application/json;q=abc", .html),
            ("text/html;q=0.1, application/json;q=0.2.3", .html),
        ] as [(String, ContentPreference)]
    )
    func `follows the quality of the most specific range`(accept: String, expected: ContentPreference) {
        #expect(ContentPreference(accepting: [.accept: accept]) == expected)
    }

    @Test func `falls back where nothing is preferred`() {
        #expect(ContentPreference(accepting: [:], otherwise: .json) == .json)
        #expect(ContentPreference(accepting: [.accept: "*/*"], otherwise: .json) == .json)
        #expect(ContentPreference(accepting: [.accept: "text/html"], otherwise: .json) == .html)
    }

    @Test func `several fields are one list`() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .accept, value: "text/html;q=0.5"))
        fields.append(HTTPField(name: .accept, value: "application/json"))
        #expect(ContentPreference(accepting: fields) == .json)
    }
}
