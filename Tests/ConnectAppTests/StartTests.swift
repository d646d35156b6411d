import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing

@testable import ConnectApp

@Suite("Starting a flow")
struct StartTests {
    private static let form = HTTPField(name: .contentType, value: "application/x-www-form-urlencoded")

    /// Fields that say the form is ours.
    static let own: [HTTPFields] = [
        [.fetchSite: "same-origin"],
        [.origin: "https://connect.example.com"],
        [.fetchSite: "same-origin", .origin: "null"],
        [.fetchSite: "same-origin", .origin: "https://connect.example.com"],
    ]

    /// Fields that do not.
    static let foreign: [HTTPFields] = [
        [:], [.fetchSite: "cross-site"], [.fetchSite: "same-site"], [.fetchSite: "none"], [.fetchSite: ""],
        [.fetchSite: "Same-Origin"], [.origin: "null"], [.origin: ""], [.origin: "https://evil.example"],
        [.origin: "https://connect.example.com.evil.example"], [.origin: "http://connect.example.com"],
        [.origin: "https://connect.example.com:8443"], [.origin: "https://connect.example.com/"],
        [.fetchSite: "cross-site", .origin: "https://connect.example.com"],
        [.referer: "https://connect.example.com/"],
        {
            var fields: HTTPFields = [:]
            fields.append(HTTPField(name: .fetchSite, value: "same-origin"))
            fields.append(HTTPField(name: .fetchSite, value: "cross-site"))
            return fields
        }(),
        {
            var fields: HTTPFields = [:]
            fields.append(HTTPField(name: .origin, value: "https://connect.example.com"))
            fields.append(HTTPField(name: .origin, value: "https://evil.example"))
            return fields
        }(),
    ]

    private func post(_ harness: FlowHarness, _ form: String, _ fields: HTTPFields) async -> Response {
        var fields = fields
        fields.append(Self.form)
        return await Browser(app: harness.app, wallClock: harness.wallClock).post("/connect", form: form, fields)
    }

    @Test(arguments: own)
    func `begins from our own page`(fields: HTTPFields) async throws {
        let answer = await post(try FlowHarness(), "provider=google", fields)
        #expect(answer.head.status == .seeOther)
        #expect(answer.location?.hasPrefix("https://api.us.nylas.com/v3/connect/auth?") == true)
        #expect(answer.head.headerFields[values: .setCookie].count == 1)
        #expect(answer.head.headerFields[.cacheControl] == "no-store")
    }

    @Test(arguments: foreign)
    func `gives the page again, without effect, to anybody else`(fields: HTTPFields) async throws {
        let answer = await post(try FlowHarness(), "provider=google", fields)
        #expect(answer.head.status == .forbidden)
        #expect(answer.location == nil)
        #expect(answer.head.headerFields[values: .setCookie] == [])
        #expect(answer.text.contains("<form"))
    }

    @Test(arguments: [
        "", "provider=", "provider=zoom", "provider=Google", "provider=google&provider=microsoft",
        "provider=google&provider=google", "provider=google%20", "provider=..%2F..", "x=google",
        "provider=virtual-calendar",
        "provider=microsoft", "provider=ask",
    ])
    func `refuses a provider that is not on offer`(form: String) async throws {
        let harness = try FlowHarness(
            settings: FlowHarness.settings(providers: [.google, .imap], offersNylasChooser: false)
        )
        let answer = await post(harness, form, [.fetchSite: "same-origin"])
        #expect(answer.head.status == .badRequest)
        #expect(answer.head.headerFields[values: .setCookie] == [])
    }

    @Test(arguments: ["provider=%", "provider=%ff", "provider=%00google"])
    func `refuses a form that cannot be read`(form: String) async throws {
        let answer = await post(try FlowHarness(), form, [.fetchSite: "same-origin"])
        #expect(answer.head.status == .badRequest)
        #expect(answer.head.headerFields[values: .setCookie] == [])
    }

    @Test(arguments: ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "x"])
    func `refuses another media type`(type: String) async throws {
        let browser = Browser(app: try FlowHarness().app, wallClock: ManualWallClock())
        let fields: HTTPFields = [.fetchSite: "same-origin", .contentType: type]
        let answer = await browser.post("/connect", form: "provider=google", fields)
        #expect(answer.head.status == .unsupportedMediaType)
        #expect(browser.cookies.isEmpty)
    }

    @Test func `accepts a charset parameter`() async throws {
        let browser = Browser(app: try FlowHarness().app, wallClock: ManualWallClock())
        let fields: HTTPFields = [
            .fetchSite: "same-origin", .contentType: "application/x-www-form-urlencoded; charset=UTF-8",
        ]
        #expect(await browser.post("/connect", form: "provider=google", fields).head.status == .seeOther)
    }

    @Test func `needs a personal link where open connecting is off`() async throws {
        let harness = try FlowHarness(settings: FlowHarness.settings(isOpen: false))
        for fields in Self.own + Self.foreign {
            let answer = await post(harness, "provider=google", fields)
            #expect(answer.location == nil)
            #expect(answer.head.headerFields[values: .setCookie] == [])
            #expect(!answer.text.contains("<form"))
        }
    }

    @Test func `never asks for consent again, and names scopes only with a provider`() async throws {
        let harness = try FlowHarness()
        let browser = Browser(app: harness.app, wallClock: harness.wallClock)
        let google = try await browser.start("google")
        #expect(google.parameters["scope"] == "https://www.googleapis.com/auth/gmail.readonly")
        #expect(google.parameters["options"] == "exclude_google_granted_scopes")
        #expect(google.parameters["redirect_uri"] == "https://connect.example.com/callback")
        #expect(google.parameters["prompt"] == nil)
        let asked = try await browser.start("ask")
        #expect(asked.parameters["provider"] == nil && asked.parameters["scope"] == nil)
        #expect(asked.parameters["prompt"] == "select_provider,detect")
    }

    @Test func `keeps five flows, and drops the oldest`() async throws {
        let harness = try FlowHarness()
        let browser = Browser(app: harness.app, wallClock: harness.wallClock)
        var flows: [Started] = []
        for _ in 0..<8 {
            flows.append(try await browser.start())
            harness.wallClock.advance(by: .seconds(1))
            #expect(browser.cookies.count <= 5)
        }
        #expect(Set(browser.cookies.keys) == Set(flows.suffix(5).map(\.cookieName)))
    }

    @Test func `drops what it cannot open, and nothing of others`() async throws {
        let harness = try FlowHarness()
        let browser = Browser(app: harness.app, wallClock: harness.wallClock)
        browser.cookies = ["__Host-postern-AAAAAAAAAAAA": "junk", "session": "of the host app", "postern-x": "y"]
        let flow = try await browser.start()
        #expect(Set(browser.cookies.keys) == [flow.cookieName, "session", "postern-x"])
    }

    @Test func `logs no state`() async throws {
        let harness = try FlowHarness()
        let flow = try await Browser(app: harness.app, wallClock: harness.wallClock).start()
        #expect(harness.log.text.contains(flow.id.shortID))
        #expect(!harness.log.text.contains(flow.state))
    }
}
