import HTTPSemantics
import HTTPTypes
import Testing
import Web

@Suite("Security fields, design.md §8.4") struct SecurityHeadersTests {
    private static let page = "default-src 'none'; style-src 'self'; img-src 'self'"

    @Test(
        arguments: [
            (
                PagePolicy.form, "\(page); form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'",
                "same-origin"
            ),
            (.result, "\(page); form-action 'none'; frame-ancestors 'none'; base-uri 'none'", "no-referrer"),
            (
                .redirect, "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
                "no-referrer"
            ),
            (.data, "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'", "no-referrer"),
            (.asset, "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'", "no-referrer"),
        ]
    )
    func `say for each kind what a browser may do`(policy: PagePolicy, content: String, referrer: String) {
        let fields = headers.fields(for: policy)
        #expect(fields[.contentSecurityPolicy] == content)
        #expect(fields[.referrerPolicy] == referrer)
    }

    @Test(arguments: PagePolicy.allCases)
    func `close the rest on every kind`(policy: PagePolicy) throws {
        let fields = headers.fields(for: policy)
        #expect(fields[.xContentTypeOptions] == "nosniff")
        #expect(fields[.xFrameOptions] == "DENY")
        #expect(fields[.crossOriginOpenerPolicy] == "same-origin")
        #expect(fields[.crossOriginResourcePolicy] == "same-origin")
        let permissions = try #require(fields[.permissionsPolicy])
        #expect(permissions.split(separator: ", ").allSatisfy { $0.hasSuffix("=()") })
        #expect(permissions.contains("camera=()") && permissions.contains("browsing-topics=()"))
    }

    @Test(arguments: PagePolicy.allCases)
    func `let nothing but assets be kept`(policy: PagePolicy) {
        #expect(headers.fields(for: policy)[.cacheControl] == (policy == .asset ? nil : "no-store"))
    }

    @Test(arguments: PagePolicy.allCases)
    func `promise https exactly where the public address is https`(policy: PagePolicy) {
        let plain = SecurityHeaders(publicURL: HTTPOrigin(scheme: .http, host: "localhost", port: 8080))
        #expect(headers.fields(for: policy)[.strictTransportSecurity] == "max-age=31536000")
        #expect(plain.fields(for: policy)[.strictTransportSecurity] == nil)
    }

    @Test func `name what forms lead to and https: does not cover`() throws {
        let sandbox = HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8081)
        let software = HTTPOrigin(scheme: .http, host: "localhost", port: 3000)
        let nylas = HTTPOrigin(scheme: .https, host: "api.us.nylas.com")
        let headers = SecurityHeaders(publicURL: publicURL, formTargets: [sandbox, nylas, software])
        let form = try #require(headers.fields(for: .form)[.contentSecurityPolicy])
        #expect(form.contains("form-action 'self' https: http://127.0.0.1:8081 http://localhost:3000;"))
        let result = try #require(headers.fields(for: .result)[.contentSecurityPolicy])
        #expect(!result.contains("127.0.0.1"))
    }

    @Test(
        arguments: [
            ("/connected/abc", "/connected/abc"),
            (
                "https://api.us.nylas.com/v3/connect/auth?a=b&c=%20",
                "https://api.us.nylas.com/v3/connect/auth?a=b&c=%20"
            ),
            ("/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"),
            ("/a\0b\tü\u{7F}", "/a%00b%09%C3%BC%7F"),
        ]
    )
    func `redirect with 303 and nothing that could end the field`(location: String, written: String) {
        let response = Response.seeOther(location, headers: headers)
        #expect(response.head.status == .seeOther)
        #expect(response[.location] == written)
        #expect(response[.referrerPolicy] == "no-referrer")
        #expect(response[.cacheControl] == "no-store")
        #expect(response.content.isEmpty)
    }

    @Test func `go with every page, which says what it is`() {
        let response = Response.page("<p>x</p>", status: .accepted, policy: .form, headers: headers)
        #expect(response.head.status == .accepted)
        #expect(response[.contentType] == "text/html; charset=utf-8")
        #expect(response[.contentSecurityPolicy] == headers.fields(for: .form)[.contentSecurityPolicy])
        #expect(response.text == "<p>x</p>")
    }
}
