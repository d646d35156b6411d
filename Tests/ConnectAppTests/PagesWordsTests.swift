import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Testing
import Web

@testable import ConnectApp

@Suite("What pages say") struct PagesWordsTests {
    @Test func `the connect page offers each provider in the order configured, in one form`() throws {
        let page = try pages(settings(providers: [.microsoft, .google])).connect().text
        #expect(page.count(of: "<form ") == 1)
        #expect(page.contains("<form method=\"post\" action=\"/connect\">"))
        let values = page.split(separator: "name=\"provider\" value=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        // The first is what the Enter key in the field for the address presses.
        #expect(values == ["detect", "microsoft", "google", "ask"])
        #expect(page.contains("Connect your mailbox to <bdi>Acme</bdi>"))
    }

    @Test func `the connect page leaves out the provider that Nylas would ask for, unless it is offered`() throws {
        let page = try pages(settings(offersNylasChooser: false)).connect().text
        #expect(!page.contains("value=\"ask\""))
        #expect(!page.contains("another provider"))
    }

    @Test(
        arguments: [
            (AccessProfile.read, ["Read your mail"], ["Write drafts", "Send mail as you", "Organize your mail"]),
            (.draft, ["Read your mail", "Write drafts"], ["Send mail as you", "Organize your mail"]),
            (.send, ["Read your mail", "Write drafts", "Send mail as you"], ["Organize your mail"]),
            (.full, ["Read your mail", "Write drafts", "Send mail as you", "Organize your mail"], []),
        ]
    )
    func `the connect page says what the software can do and what it cannot`(
        profile: AccessProfile,
        can: [String],
        cannot: [String]
    ) throws {
        let page = try pages(settings(profile: profile)).connect().text
        let able = page.between("id=\"can\"", "</section>")
        let unable = page.between("id=\"cannot\"", "</section>")
        for words in can { #expect(able.contains(words) && !unable.contains(words)) }
        for words in cannot { #expect(unable.contains(words) && !able.contains(words)) }
        #expect(unable.contains("See your password"))
    }

    @Test(
        arguments: [
            (AccessProfile.read, Provider.google, nil),
            (.read, .imap, "<strong>IMAP:</strong> write drafts, send mail as you and organize your mail"),
            (.draft, .google, "<strong>Google:</strong> send mail as you"),
            (.draft, .microsoft, "<strong>Microsoft:</strong> organize your mail"),
            (.send, .yahoo, "<strong>Yahoo:</strong> organize your mail"),
            (.full, .icloud, nil),
        ] as [(AccessProfile, Provider, String?)]
    )
    func `the connect page admits where a provider gives more than asked`(
        profile: AccessProfile,
        provider: Provider,
        exception: String?
    ) throws {
        let page = try pages(settings(providers: [provider], offersNylasChooser: false, profile: profile)).connect()
            .text
        #expect(page.contains("class=\"exceptions\"") == (exception != nil))
        if let exception { #expect(page.contains(exception)) }
    }

    @Test func `a closed instance says that a personal link is needed`() throws {
        let response = try pages(settings(isOpen: false)).connect()
        #expect(response.head.status == .ok)
        #expect(response.text.contains("You need your own link to connect"))
    }

    @Test(arguments: [FlowOutcome.Verdict.connected, .reconnected])
    func `a connection names the mailbox, what may be done, since when, and how to end it`(
        verdict: FlowOutcome.Verdict
    )
        throws
    {
        let response = try pages().result(outcome(verdict), of: claim())
        let page = response.text
        #expect(response.head.status == .ok)
        #expect(page.contains("anna@gmail.example") && page.contains("at <bdi>Google</bdi>"))
        #expect(page.contains("Read your mail") && !page.contains("Send mail as you"))
        #expect(page.contains("<time datetime=\"2026-08-21T08:51:30Z\">August 21, 2026 at 08:51 UTC</time>"))
        #expect(page.contains("Open your Google Account"))
        #expect(page.contains("You can close this page"))
        #expect(page.contains("connected again") == (verdict == .reconnected))
    }

    @Test(arguments: [Provider.icloud, .imap, .ews])
    func `a connection without permissions of its own admits that it can do everything`(provider: Provider) throws {
        let told = outcome(.connected, providerName: provider.rawValue, granted: [])
        let page = try pages().result(told, of: claim(provider: provider)).text
        for words in ["Read your mail", "Write drafts", "Send mail as you", "Organize your mail"] {
            #expect(page.contains(words))
        }
    }

    @Test func `a connection says what was given, not what was asked`() throws {
        let told = outcome(
            .connected,
            granted: ["https://mail.google.com/", "https://www.googleapis.com/auth/calendar"]
        )
        let page = try pages().result(told, of: claim()).text
        #expect(page.contains("Send mail as you") && page.contains("Use your calendar"))
    }

    @Test func `a permission without words of ours is shown as the provider names it`() throws {
        let told = outcome(.connected, providerName: "zimbra", granted: ["Odd.Thing<b>"])
        let page = try pages().result(told, of: claim(provider: nil)).text
        #expect(page.contains("<code>odd.thing&lt;b&gt;</code>"))
        #expect(page.contains("at <bdi>zimbra</bdi>"))
    }

    @Test(
        arguments: [
            (FlowOutcome.Verdict.declined, "Nothing was connected"), (.permissionsMissing, "A permission is missing"),
            (.otherProvider, "signed in at Google"), (.otherAddress, "signed in with anna@gmail.example"),
            (.connectedBySomeoneElse, "anna@gmail.example is already connected for somebody else"),
            (.providerRefused, "Google did not allow it"),
            (.connectorMissing, "Yahoo is not set up here yet"),
            (.adminApprovalNeeded, "Your administrator has to allow this first"),
            (.exchangeRefused, "The sign-in could not be completed"),
            (.unknown, "The connection could not be completed"),
            (.forSomeoneElse, "This link is for somebody else"), (.notConfirmed, "Acme did not confirm in time"),
            (.expired, "That took a little too long"),
        ]
    )
    func `a recorded end that is no connection says what happened, with 200`(
        verdict: FlowOutcome.Verdict,
        words: String
    )
        throws
    {
        let response = try pages().result(
            outcome(verdict),
            of: claim(provider: .yahoo, expectedAddress: "bert@acme.example")
        )
        #expect(response.head.status == .ok)
        #expect(response.text.contains(words))
        #expect(!response.text.contains("is now connected"))
        if verdict == .otherAddress { #expect(response.text.contains("bert@acme.example")) }
        if verdict == .otherProvider { #expect(response.text.contains("You chose Yahoo")) }
        if verdict == .permissionsMissing { #expect(response.text.contains("Read your mail")) }
    }

    @Test(
        arguments: [
            (Problem.flowNotFound, 400), (.altered, 400), (.malformedCallback, 400),
            (.stillWorking(checkAgain: "/connected/abc"), 202), (.nylasTooSlow(checkAgain: "/connected/abc"), 202),
            (.storeUnavailable, 503), (.resultUnreadable(checkAgain: "/"), 503), (.startRefused, 403),
            (.providerNotOffered, 400),
        ]
    )
    func `a problem has its status and says that nothing was connected, or why that is open`(
        problem: Problem,
        code: Int
    )
        throws
    {
        let response = try pages().problem(problem, reference: RequestID("r"))
        #expect(response.head.status.code == code)
        let says = ["Nothing was connected", "Nothing was started", "You do not have to sign in again"]
        #expect(says.contains { response.text.contains($0) })
    }

    @Test(arguments: [Problem.startRefused, .providerNotOffered])
    func `a start that did not count shows the connect page again, with the reason above`(problem: Problem) throws {
        let page = try pages().problem(problem, reference: RequestID("r")).text
        #expect(page.contains("<form method=\"post\" action=\"/connect\">"))
        #expect(page.contains("role=\"status\""))
        let quiet = try pages().connect().text
        #expect(!quiet.contains("role=\"status\""))
    }
}
