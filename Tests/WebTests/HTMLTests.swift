import Testing
import Web

@Suite("Markup") struct HTMLTests {
    @Test(
        arguments: [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onmouseover=\"alert(1)", "&quot; onmouseover=&quot;alert(1)"),
            ("' autofocus onfocus='x", "&#39; autofocus onfocus=&#39;x"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("&#60;img src=x&#62;", "&amp;#60;img src=x&amp;#62;"),
            ("</title><svg/onload=x>", "&lt;/title&gt;&lt;svg/onload=x&gt;"),
            ("<!--", "&lt;!--"),
            ("]]>", "]]&gt;"),
            // With Character by Character comparison, each of these hides its first scalar from the escaping.
            ("<\u{338}script>", "&lt;\u{338}script&gt;"),
            ("\"\u{301}", "&quot;\u{301}"),
            ("&\u{200D}", "&amp;\u{200D}"),
            ("a\0b", "a\u{FFFD}b"),
            ("plain, ünïcödé, 日本語", "plain, ünïcödé, 日本語"),
        ]
    )
    func `escapes what is put in, as text and as the value of an attribute`(hostile: String, escaped: String) {
        let html: HTML = "<p title=\"\(hostile)\">\(hostile)</p>"
        #expect(html.text == "<p title=\"\(escaped)\">\(escaped)</p>")
        let part: HTML = "\(hostile.dropFirst(0))"
        #expect(part.text == escaped)
    }

    @Test(
        arguments: [
            "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
            "java\nscript:alert(1)", "\u{1}javascript:alert(1)", "data:text/html,<script>", "vbscript:x",
            "file:///etc/passwd",
            "blob:https://x", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "https", "",
            "?a", "#a",
            "x/y", "intent://x", "https://a.example/ b", "https://a.example/\u{7F}",
        ]
    )
    func `replaces an address that a browser should not follow`(address: String) {
        let html: HTML = "<a href=\"\(address: address)\">"
        #expect(html.text == "<a href=\"#\">")
    }

    @Test(
        arguments: [
            ("/", "/"), ("/connected/a-b_c", "/connected/a-b_c"),
            ("https://acme.example/p?a=1&b=2", "https://acme.example/p?a=1&amp;b=2"),
            ("HTTPS://acme.example", "HTTPS://acme.example"), ("http://localhost:8080/", "http://localhost:8080/"),
            ("mailto:help@acme.example", "mailto:help@acme.example"),
            ("https://acme.example/\"><script>", "https://acme.example/&quot;&gt;&lt;script&gt;"),
        ]
    )
    func `keeps a harmless address, escaped`(address: String, written: String) {
        let html: HTML = "<a href=\"\(address: address)\">"
        #expect(html.text == "<a href=\"\(written)\">")
    }

    @Test func `nests markup without escaping it twice`() {
        let inner: HTML = "<b>\("<")</b>"
        let outer: HTML = "<p>\(inner)\([inner, inner])\(7)</p>"
        #expect(outer.text == "<p><b>&lt;</b><b>&lt;</b><b>&lt;</b>7</p>")
    }

    @Test func `puts nothing in for nothing`() {
        let missing: HTML? = nil
        #expect(("<p>\(missing)\([HTML]())\(HTML.empty)</p>" as HTML).text == "<p></p>")
    }

    @Test func `joins with a separator between, not around`() {
        #expect(HTML.joined(["<i>a</i>", "<i>b</i>"], separator: ", ").text == "<i>a</i>, <i>b</i>")
        #expect(HTML.joined([HTML](), separator: ", ").isEmpty)
    }
}
