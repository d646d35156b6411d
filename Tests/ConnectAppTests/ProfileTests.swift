import Cryptography
import Grants
import TestSupport
import Testing

@testable import ConnectApp

@Suite("Access profiles of the operator's own")
struct ProfileTests {
    private static let triage = """
        {"name": "triage", "words": ["Sort <invoices>"], "google": ["https://www.googleapis.com/auth/gmail.modify"],
         "microsoft": ["Mail.ReadWrite", "offline_access"], "yahoo": ["email", "mail-r", "mail-w"]}
        """

    private static func file(_ profiles: String, connect: String = "") -> String {
        ConfigurationTests.complete.replacing(
            #""connect": {"#,
            with: #""connect": {"profiles": [\#(profiles)], \#(connect)"#
        )
    }

    @Test func `one is read, chosen, and means what its scopes allow everywhere`() throws {
        let configuration = try ConfigurationTests.read(Self.file(Self.triage, connect: #""profile": "triage", "#))
        #expect(configuration.profile.name == "triage")
        #expect(configuration.profile.abilities == [.readMail, .writeDrafts, .organizeMail])
        #expect(configuration.profile.abilities(at: .google) == AccessProfile.Ability.allCases)
        #expect(configuration.profile.abilities(at: .microsoft) == [.readMail, .writeDrafts, .organizeMail])
        #expect(configuration.effective.contains { $0.key == "connect.profiles" && $0.value == "triage" })
    }

    @Test func `the page has its words, and says where a provider joins more`() throws {
        let profile = try #require(try ConfigurationTests.read(Self.file(Self.triage)).profiles.first)
        let page = try pages(settings(profile: profile)).connect().text
        #expect(page.contains("Sort &lt;invoices&gt;"))
        #expect(page.contains("Not every provider gives permissions one by one"))
        #expect(page.contains("Google, Yahoo, iCloud, IMAP and Exchange:</strong> send mail as you"))
    }

    @Test func `a link may name it, and asks for its scopes`() throws {
        var settings = FlowHarness.settings()
        settings.profiles = try ConfigurationTests.read(Self.file(Self.triage)).profiles
        var order = LinkOrder(owner: "user-7")
        order.profile = "triage"
        let link = try order.link(for: settings, random: .system, at: ManualWallClock().now)
        let flow = StartedFlow(.microsoft, link, settings, audience: [], random: .system, at: ManualWallClock().now)
        #expect(flow.scopes == ["Mail.ReadWrite", "offline_access"] && flow.profile == "triage")
    }

    @Test func `those that are always there mean what they meant`() {
        let expected: [(AccessProfile, Provider, [AccessProfile.Ability])] = [
            (.read, .google, [.readMail]), (.read, .microsoft, [.readMail]), (.read, .yahoo, [.readMail]),
            (.draft, .google, [.readMail, .writeDrafts, .sendMail]),
            (.draft, .microsoft, [.readMail, .writeDrafts, .organizeMail]),
            (.draft, .yahoo, AccessProfile.Ability.allCases), (.send, .google, [.readMail, .writeDrafts, .sendMail]),
            (.send, .microsoft, AccessProfile.Ability.allCases), (.full, .google, AccessProfile.Ability.allCases),
            (.read, .imap, AccessProfile.Ability.allCases), (.read, .icloud, AccessProfile.Ability.allCases),
        ]
        for (profile, provider, abilities) in expected {
            #expect(profile.abilities(at: provider) == abilities, "\(profile.name) at \(provider)")
        }
    }

    static let refused: [(profiles: String, subject: String)] = [
        (#"{"google": ["openid"]}"#, "connect.profiles[0].name"),
        (triage.replacing("triage", with: "no spaces"), "connect.profiles[0].name"),
        (triage.replacing("triage", with: "read"), "connect.profiles[0].name"),
        (triage + "," + triage, "connect.profiles[1].name"),
        (
            triage.replacing("https://www.googleapis.com/auth/gmail.modify", with: "gmail.modify"),
            "connect.profiles[0].google"
        ),
        (triage.replacing("https://www.googleapis.com/auth/gmail.modify", with: "a b"), "connect.profiles[0].google"),
        (triage.replacing(#""mail-r", "mail-w""#, with: #""mail-r", "mail-r""#), "connect.profiles[0].yahoo"),
        (triage.replacing(#""mail-r", "mail-w""#, with: "7"), "connect.profiles[0].yahoo"),
        (triage.replacing("mail-w", with: String(repeating: "m", count: 400)), "connect.profiles[0].yahoo"),
        (
            #"{"name": "x", "google": ["https://www.googleapis.com/auth/gmail.readonly"]}"#,
            "connect.profiles[0].microsoft"
        ),
        (triage.replacing("Sort <invoices>", with: ""), "connect.profiles[0].words"),
        (triage.replacing("Sort <invoices>", with: #"a\nb"#), "connect.profiles[0].words"),
        (
            #"{"name": "x", "google": ["openid"], "microsoft": ["User.Read"], "yahoo": ["email"]}"#,
            "connect.profiles[0].words"
        ),
        (triage.replacing("\"words\"", with: "\"word\""), "connect.profiles[0].word"), ("7", "connect.profiles[0]"),
    ]

    @Test(arguments: refused.indices)
    func `what contradicts itself is a fault that names its place`(index: Int) {
        let (profiles, subject) = Self.refused[index]
        let faults = ConfigurationTests.faults(Self.file(profiles))
        #expect(faults.map(\.subject).contains(subject), "\(faults.map(\.subject))")
    }

    @Test func `a profile that is nowhere cannot be chosen`() {
        let faults = ConfigurationTests.faults(Self.file(Self.triage, connect: #""profile": "other", "#))
        #expect(faults.map(\.subject) == ["connect.profile"])
    }
}
