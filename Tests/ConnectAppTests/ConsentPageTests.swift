import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping
import Web

@testable import ConnectApp

@Suite("The page of an invitation", .timeLimit(.minutes(2)))
struct ConsentPageTests {
    private let harness: FlowHarness

    init() throws {
        harness = try FlowHarness()
    }

    @Test func `says who asks, for whom, what for, what not, and how it ends`() async throws {
        let invite = try harness.invite {
            $0.tenant = "t-1"
            $0.scopes = ["Mail.ReadWrite", "https://graph.microsoft.com/User.Read.All", "Odd.Thing"]
        }
        try await harness.run { browser in
            let page = await browser.get("/consent/\(invite.sealed)")
            for text in [
                "Acme", "Acme Tools", "t-1", "Read, write, move and delete the mail of everybody", "Mail.ReadWrite",
                "User.Read.All", "Another permission", "Odd.Thing", "What will not happen", "Enterprise applications",
                "Forward the address of this page", "Continue to Microsoft",
            ] { #expect(page.text.contains(text), "\(text)") }
            #expect(page.text.count(of: "<form ") == 1 && !page.text.contains("<script"))
            #expect(page[.referrerPolicy] == "same-origin" && page[.cacheControl] == "no-store")
            #expect(page[.setCookie] == nil)
        }
        #expect(harness.counts.all.isEmpty)
    }

    @Test func `admits that the permissions of an app are not known here`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let page = await browser.get("/consent/\(invite.sealed)").text
            #expect(page.contains("We cannot read that list from here") && !page.contains("Mail.Read"))
        }
    }

    @Test func `escapes what the invitation says`() async throws {
        let invite = try harness.invite { $0.customer = "<b onclick=x>&\"'" }
        try await harness.run { browser in
            let page = await browser.get("/consent/\(invite.sealed)").text
            #expect(!page.contains("<b onclick") && page.contains("&lt;b onclick"))
        }
    }

    @Test func `is not there for what is no invitation, and gone when it has expired`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            for text in ["x", String(invite.sealed.dropLast()), String(repeating: "A", count: 1500)] {
                #expect(await browser.get("/consent/\(text)").head.status == .notFound)
                #expect(await browser.post("/consent", form: "invite=\(text)").head.status == .notFound)
            }
            harness.wallClock.advance(by: ConsentInvite.standardLifetime)
            #expect(await browser.get("/consent/\(invite.sealed)").head.status == .gone)
            #expect(await browser.post("/consent", form: "invite=\(invite.sealed)").head.status == .gone)
            #expect(browser.cookies.isEmpty)
        }
    }

    static let foreign: [HTTPFields] = [
        [.fetchSite: "cross-site"], [.fetchSite: "same-site"], [.fetchSite: "none"], [.origin: "null"],
        [.origin: "https://evil.example"], [:],
    ]

    @Test(arguments: foreign.indices)
    func `starts nothing for a form that is not from our own page`(index: Int) async throws {
        let invite = try harness.invite()
        let fields = HTTPFields(
            Array(Self.foreign[index]) + [HTTPField(name: .contentType, value: "application/x-www-form-urlencoded")]
        )
        try await harness.run { browser in
            let answer = await browser.post("/consent", form: "invite=\(invite.sealed)", fields)
            #expect(answer.head.status == .forbidden && answer.location == nil && browser.cookies.isEmpty)
        }
        #expect(harness.counts.all == [.startRefused(.notSameOrigin)])
    }

    @Test func `starts nothing for a form that is not ours`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            for form in ["", "invite=", "link=\(invite.sealed)", "invite=%", "invite=\(invite.sealed)&invite=x"] {
                let status = await browser.post("/consent", form: form).head.status
                #expect(status == .badRequest || status == .notFound)
            }
            let fields: HTTPFields = [.contentType: "text/plain", .fetchSite: "same-origin"]
            let answer = await browser.post("/consent", form: "invite=\(invite.sealed)", fields)
            #expect(answer.head.status == .unsupportedMediaType)
            #expect(browser.cookies.isEmpty)
        }
    }

    @Test func `makes a network that was too quick wait`() async throws {
        var settings = FlowHarness.settings()
        settings.limits.startsPerMinute = 1
        settings.limits.startsBurst = 1
        let harness = try FlowHarness(settings: settings)
        let invite = try harness.invite()
        try await harness.run { browser in
            _ = try await browser.startConsent(invite.sealed)
            let answer = await browser.post("/consent", form: "invite=\(invite.sealed)")
            #expect(answer.head.status == .tooManyRequests && answer[.retryAfter] != nil)
        }
    }

    @Test func `says what has become of it, and stays open for another approval until it is proven`() async throws {
        let invite = try harness.invite()
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            _ = await browser.get(flow.consented())
            let path = "/consent/\(invite.sealed)"
            var page = await browser.get(path).text
            #expect(page.contains("already, and we are checking it") && page.contains("Continue to Microsoft"))
            _ = try await harness.store.settle(
                invite.said.id,
                as: .failed(reason: "why-never-shown"),
                saving: nil,
                reference: nil
            )
            page = await browser.get(path).text
            #expect(page.contains("has not taken effect") && !page.contains("why-never-shown"))
            #expect(await browser.get(flow.connectedPath).text.contains("The approval has not taken effect"))
            _ = try await harness.store.settle(
                invite.said.id,
                as: .verified(try Sample.grantID("grant-never-shown")),
                saving: nil,
                reference: nil
            )
            harness.wallClock.advance(by: .seconds(30 * 86_400))
            page = await browser.get(path).text
            #expect(page.contains("The approval works") && !page.contains("<form"))
            #expect(!page.contains("grant-never-shown"))
        }
    }

    @Test func `once the time is over says so, with a probe and without`() async throws {
        for probe in [nil, FlowHarness.probe] {
            let harness = try FlowHarness()
            let invite = try harness.invite(probe: probe)
            let browser = Browser(app: harness.app, wallClock: harness.wallClock)
            let flow = try await browser.startConsent(invite.sealed)
            _ = await browser.get(flow.consented())
            var page = await browser.get(flow.connectedPath).text
            #expect(page.contains("Microsoft needs a few minutes"))
            #expect(page.contains("<time datetime=\"\((harness.wallClock.now + .seconds(300)).rfc3339)\">"))
            harness.wallClock.advance(by: .seconds(300))
            page = await browser.get(flow.connectedPath).text
            #expect(page.contains("The time that Microsoft needs is over"))
            #expect(page.contains("we are trying out") == (probe != nil))
            #expect(!page.contains(FlowHarness.probe))
        }
    }
}
