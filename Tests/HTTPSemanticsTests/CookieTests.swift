import HTTPTypes
import Testing

@testable import HTTPSemantics

@Suite("Cookies, RFC 6265")
struct CookieTests {
    private func pairs(_ values: String...) -> [String] {
        var fields = HTTPFields()
        for value in values { fields.append(HTTPField(name: .cookie, value: value)) }
        return Cookie.parse(fields: fields).map { "\($0.name)→\($0.value)" }
    }

    @Test func `reads every pair of every field in order`() {
        #expect(pairs("a=1; b=2", "c=3") == ["a→1", "b→2", "c→3"])
        #expect(pairs("a=1;b=2;\tc=3 ") == ["a→1", "b→2", "c→3"])
        #expect(pairs() == [])
    }

    @Test func `keeps repeated names, quotes and further equals signs`() {
        #expect(pairs("a=1; a=2") == ["a→1", "a→2"])
        #expect(pairs("a=\"q\"; b=x=y==; c=%20") == ["a→\"q\"", "b→x=y==", "c→%20"])
        #expect(pairs("a=") == ["a→"])
    }

    @Test(arguments: ["", ";", "novalue", "=nameless", "na me=1", "\"a\"=1", "a,b=1", " ; ;; "])
    func `passes over what is not a pair and keeps its neighbours`(junk: String) {
        #expect(pairs("\(junk); b=2") == ["b→2"])
    }

    @Test func `writes a host cookie that no script and no other site can send`() {
        #expect(
            Cookie.setCookie(name: "__Host-postern-x", value: "abc_-09", maxAge: .seconds(1200))
                == "__Host-postern-x=abc_-09; Path=/; Max-Age=1200; Secure; HttpOnly; SameSite=Lax"
        )
        #expect(
            Cookie.setCookie(name: "s", value: "v", path: "/x", isSecure: false, isHTTPOnly: false, sameSite: .strict)
                == "s=v; Path=/x; SameSite=Strict"
        )
        #expect(Cookie.setCookie(name: "s", value: "v", maxAge: .seconds(-5)).contains("; Max-Age=0;"))
    }

    @Test func `removes a cookie with the attributes it was set with`() {
        #expect(
            Cookie.removal(of: "__Host-postern-x")
                == "__Host-postern-x=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
        )
    }

    @Test func `a value cannot break out of the field`() async {
        await #expect(processExitsWith: .failure) { _ = Cookie.setCookie(name: "a", value: "b; Domain=example.com") }
        await #expect(processExitsWith: .failure) { _ = Cookie.setCookie(name: "a", value: "b\r\nX: y") }
        await #expect(processExitsWith: .failure) { _ = Cookie.setCookie(name: "a", value: "b", path: "/;x") }
        await #expect(processExitsWith: .failure) { _ = Cookie.setCookie(name: "__Host-a", value: "b", path: "/x") }
    }
}
