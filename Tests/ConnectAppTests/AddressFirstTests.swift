import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("The address first", .timeLimit(.minutes(2)))
struct AddressFirstTests {
    private func answer(_ provider: String?, type: String? = nil) -> ScriptedExchange.Answer {
        guard let provider else {
            return .json(#"{"request_id":"r","data":{"email_address":"x","detected":false}}"#)
        }
        let more = type.map { #","type":"\#($0)""# } ?? ""
        return .json(
            #"{"request_id":"r","data":{"email_address":"x","detected":true,"provider":"\#(provider)"\#(more)}}"#
        )
    }

    private func form(_ address: String, _ rest: String = "") -> String {
        "provider=detect&address=\(PercentCoding.encodeComponent(address))\(rest)"
    }

    private func parameters(of location: String?) throws -> [String: String] {
        let query = try #require(location?.split(separator: "?", maxSplits: 1).last)
        return Dictionary(try FormCoding.decode(query).map { ($0.name, $0.value) }) { first, _ in first }
    }

    @Test func `finds the provider and hands the address on, within two seconds`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            harness.exchange.append(answer("microsoft"))
            let start = await browser.post("/connect", form: form(" jane@firm.example "))
            let sent = try parameters(of: start.location)
            #expect(sent["provider"] == "microsoft" && sent["login_hint"] == "jane@firm.example")
            let request = try #require(harness.exchange.requests.first)
            #expect(request.method == .post && request.timeLimit == .seconds(2))
            #expect(request.pathAndQuery == "/v3/providers/detect?email=jane%40firm.example")
            #expect(!harness.log.text.contains("jane@"))
        }
    }

    @Test func `asks once for each domain in a day`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            harness.exchange.append(answer("google"), answer(nil))
            for address in ["a@firm.example", "b@FIRM.example"] {
                let sent = try parameters(of: await browser.post("/connect", form: form(address)).location)
                #expect(sent["provider"] == "google")
            }
            for _ in 0..<2 {
                #expect(await browser.post("/connect", form: form("a@other.example")).head.status == .ok)
            }
            #expect(harness.exchange.requests.count == 2)
            harness.clock.advance(by: .seconds(86_400))
            harness.exchange.append(answer("microsoft"))
            _ = await browser.post("/connect", form: form("a@firm.example"))
            #expect(harness.exchange.requests.count == 3)
        }
    }

    static let unknown: [ScriptedExchange.Answer] = [
        .json(#"{"data":{"detected":false}}"#), .json(#"{"data":{"detected":true,"provider":"gopher"}}"#),
        .json(#"{"data":{"detected":true}}"#), .json("{}"), .json("", status: 500), .json("{}", status: 429),
        .json(#"{"error":{"type":"unauthorized"}}"#, status: 401), .failure(.timedOut(sent: true)),
        .failure(.connectionRefused),
    ]

    @Test(arguments: unknown)
    func `where it does not find it, the person chooses, and the address is kept`(
        answer: ScriptedExchange.Answer
    ) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            harness.exchange.append(answer)
            let page = await browser.post("/connect", form: form("jane@firm.example"))
            #expect(page.head.status == .ok && page.text.contains("Please choose where your mail is"))
            #expect(page.text.contains("value=\"jane@firm.example\"") && browser.cookies.isEmpty)
            #expect(page.head.headerFields[.cacheControl] == "no-store")
            let start = await browser.post("/connect", form: "provider=imap&address=jane%40firm.example")
            let sent = try parameters(of: start.location)
            #expect(sent["login_hint"] == "jane@firm.example")
        }
    }

    @Test func `a provider that is not offered is not chosen`() async throws {
        let harness = try FlowHarness(settings: FlowHarness.settings(providers: [.google]))
        try await harness.run { browser in
            harness.exchange.append(answer("microsoft"))
            #expect(await browser.post("/connect", form: form("jane@firm.example")).location == nil)
        }
    }

    @Test func `an IMAP server with a name of its own is that provider`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            harness.exchange.append(answer("imap", type: "icloud"), answer("imap", type: "gmx"))
            for (domain, provider) in [("a.example", "icloud"), ("b.example", "imap")] {
                let start = await browser.post("/connect", form: form("jane@\(domain)"))
                let sent = try parameters(of: start.location)
                #expect(sent["provider"] == provider)
            }
        }
    }

    @Test func `no more than twenty questions a minute`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            for _ in 0..<20 { harness.exchange.append(answer("google")) }
            for number in 0..<25 {
                _ = await browser.post("/connect", form: form("jane@d\(number).example"))
            }
            #expect(harness.exchange.requests.count == 20)
            harness.clock.advance(by: .seconds(3))
            harness.exchange.append(answer("google"))
            for number in 30..<33 { _ = await browser.post("/connect", form: form("jane@d\(number).example")) }
            #expect(harness.exchange.requests.count == 21)
        }
    }

    @Test func `after Nylas has had enough it is not asked for a while`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            harness.exchange.append(.json("{}", status: 429))
            for number in 0..<3 { _ = await browser.post("/connect", form: form("jane@d\(number).example")) }
            #expect(harness.exchange.requests.count == 1)
        }
    }

    @Test(arguments: ["", "jane", "@firm.example", "jane@", "jane@firm", "jane doe@firm.example", "jane@.example"])
    func `what is no address asks nobody and keeps what was typed`(text: String) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let page = await browser.post("/connect", form: form(text))
            #expect(page.head.status == .badRequest && page.text.contains("That is not an email address"))
            #expect(page.text.contains("value=\"\(text)\"") && harness.exchange.requests.isEmpty)
        }
    }

    @Test func `markup in an address stays text, and two addresses are one too many`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let page = await browser.post("/connect", form: form("\"><b>@x"))
            #expect(page.text.contains("&quot;&gt;&lt;b&gt;@x") && !page.text.contains("<b>"))
            let twice = await browser.post("/connect", form: form("a@b.example", "&address=c@d.example"))
            #expect(twice.head.status == .badRequest && twice.location == nil)
        }
    }

    @Test func `a link for one address needs none, and a link's hint is filled in`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let fixed = try harness.link { $0.expectedAddress = "jane@firm.example" }
            #expect(!(await browser.get(fixed.path)).text.contains("name=\"address\""))
            let flow = try await browser.start("google", form: "&link=\(fixed.sealed)&address=eve%40firm.example")
            #expect(flow.parameters["login_hint"] == "jane@firm.example")
            let hinted = try harness.link { $0.loginHint = "jane@firm.example" }
            #expect(await browser.get(hinted.path).text.contains("value=\"jane@firm.example\""))
            harness.exchange.append(answer(nil))
            let again = await browser.post("/connect", form: form("j@firm.example", "&link=\(hinted.sealed)"))
            #expect(
                again.text.contains("value=\"\(hinted.sealed)\"") && again.text.contains("value=\"j@firm.example\"")
            )
        }
    }

    @Test func `a foreign page cannot make us ask`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let fields: HTTPFields = [.contentType: "application/x-www-form-urlencoded", .fetchSite: "cross-site"]
            #expect(await browser.post("/connect", form: form("a@b.example"), fields).head.status == .forbidden)
        }
    }
}

@Suite("Browsers inside other apps", .timeLimit(.minutes(2)))
struct EmbeddedBrowserTests {
    static let embedded = [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
            + "[FBAN/FBIOS;FBAV/440.0.0.30.107]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
            + "Instagram 309.0.0.28.111",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
            + "Chrome/120.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/110 Mobile Safari/537.36 MicroMessenger/8.0.40",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [LinkedInApp]/9.27",
    ]

    static let proper = [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
            + "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 "
            + "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:120.0) Gecko/20100101 Firefox/120.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)", "", "curl/8.5",
        String(repeating: "FBAN/", count: 300),
    ]

    @Test(arguments: embedded)
    func `known ones are known`(userAgent: String) {
        #expect(EmbeddedBrowser.isOne(userAgent))
    }

    @Test(arguments: proper)
    func `others are left alone`(userAgent: String) {
        #expect(!EmbeddedBrowser.isOne(userAgent))
    }

    private func fields(_ userAgent: String) -> HTTPFields {
        [.contentType: "application/x-www-form-urlencoded", .fetchSite: "same-origin", .userAgent: userAgent]
    }

    @Test func `before Google they get the address to copy, other providers go on, and so does who insists`()
        async throws
    {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let fields = fields(Self.embedded[0])
            let link = try harness.link()
            let page = await browser.post("/connect", form: "provider=google&link=\(link.sealed)", fields)
            #expect(page.head.status == .ok && page.text.contains("open this page in your browser"))
            #expect(page.text.contains("value=\"https://connect.example.com\(link.path)\""))
            #expect(page.text.contains("href=\"\(link.path)\"") && browser.cookies.isEmpty)
            let sure = await browser.post("/connect", form: "provider=google&sure=1&link=\(link.sealed)", fields)
            #expect(sure.location?.contains("provider=google") == true)
            let other = await browser.post("/connect", form: "provider=microsoft&link=\(link.sealed)", fields)
            #expect(other.location?.contains("provider=microsoft") == true)
        }
    }

    @Test func `without a link the address is that of the connect page, and what was typed is kept`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let form = "provider=google&address=jane%40firm.example"
            let page = await browser.post("/connect", form: form, fields(Self.embedded[3]))
            #expect(page.text.contains("value=\"https://connect.example.com/\""))
            #expect(page.text.contains("value=\"jane@firm.example\""))
        }
    }
}

@Suite("What an administrator has to allow", .timeLimit(.minutes(2)))
struct AdminLetterTests {
    @Test(arguments: [
        ("microsoft", "error=access_denied&error_description=AADSTS90094%3A+Admin+consent+is+required", "Mail.Read"),
        ("microsoft", "error=access_denied&error_description=AADSTS90093", "Entra"),
        ("microsoft", "error=access_denied&error_description=AADSTS50105%3A", "Entra"),
        ("google", "error=admin_policy_enforced", "gmail.readonly"),
    ])
    func `comes as a text to forward, without anything secret`(
        provider: String,
        query: String,
        words: String
    ) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start(provider)
            #expect(await browser.get(flow.callback(query)).location == flow.problemPath)
            #expect(try await harness.verdict(of: flow) == .adminApprovalNeeded)
            let page = await browser.get(flow.problemPath).text
            for text in ["A text for your administrator", "Acme", words, "mailto:?subject=", "request-1"] {
                #expect(page.contains(text), "\(text)")
            }
            for secret in [flow.state, "client-1", "AADSTS", FlowHarness.apiKey] { #expect(!page.contains(secret)) }
        }
    }
}
