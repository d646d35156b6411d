import GrantStore
import Grants
import Nylas
import OAuth
import Testing
import Timekeeping

@testable import ConnectApp

private let start = Timestamp(secondsSince1970: 1_787_302_200)

private func claim(
    _ state: String = "state",
    provider: Provider? = .google,
    owner: String? = nil,
    expecting address: String? = nil,
    binding: Binding = .baseline
) -> FlowClaim {
    FlowClaim(
        flow: FlowID(state: state),
        kind: .connect,
        owner: owner.flatMap(OwnerID.init),
        binding: binding,
        provider: provider,
        profile: "read",
        scopes: provider.map(AccessProfile.read.scopes(for:)) ?? [],
        expectedAddress: address,
        startedAt: start
    )
}

private func grant(
    provider: String = "google",
    scopes: [String] = ["https://www.googleapis.com/auth/gmail.readonly"],
    status: Grant.Status? = .valid,
    email: String? = "jane@example.com",
    aliases: [String] = [],
    createdAt: Timestamp = start + .seconds(60),
    state: String = "state"
) throws -> Grant {
    Grant(
        id: try #require(GrantID("grant-1")),
        providerName: provider,
        scopes: scopes,
        status: status,
        email: email,
        aliases: aliases,
        createdAt: createdAt,
        updatedAt: createdAt,
        stateDigest: FlowID(state: state).digest
    )
}

private func known(owners: [String]) throws -> StoredGrant {
    StoredGrant(
        id: try #require(GrantID("grant-1")),
        providerName: "google",
        address: "jane@example.com",
        scopes: [],
        status: .valid,
        createdAt: start,
        updatedAt: start,
        savedAt: start,
        changedAt: start,
        owners: owners.compactMap(OwnerID.init).map { Ownership(owner: $0, since: start, tags: [:]) }
    )
}

@Suite("Judging a grant")
struct JudgeTests {
    private func judge(_ grant: Grant, _ claim: FlowClaim, known: StoredGrant? = nil) -> Judge.Judgement {
        Judge.judge(grant, for: claim, asked: claim.scopes, known: known)
    }

    static let scopes: [(asked: [String], granted: [String], missing: [String], excess: [String])] = [
        ([], [], [], []),
        (["https://www.googleapis.com/auth/gmail.readonly"], ["gmail.readonly"], [], []),
        (["gmail.readonly"], ["https://www.googleapis.com/auth/gmail.readonly"], [], []),
        (["https://graph.microsoft.com/Mail.Read"], ["Mail.Read"], [], []),
        (["Mail.Read"], ["https://graph.microsoft.com/mail.read"], [], []),
        (["https://mail.google.com/"], ["https://mail.google.com/"], [], []),
        (["https://mail.google.com/"], ["gmail.readonly"], ["https://mail.google.com/"], ["gmail.readonly"]),
        // Identity scopes count in neither direction: providers report them or do not.
        (
            ["Mail.Read", "offline_access", "openid", "profile", "email", "User.Read"],
            ["Mail.Read"], [], []
        ),
        (
            ["gmail.readonly"],
            [
                "gmail.readonly", "openid", "https://www.googleapis.com/auth/userinfo.email",
                "https://www.googleapis.com/auth/userinfo.profile",
            ], [], []
        ),
        (["gmail.readonly", "gmail.send"], ["gmail.readonly"], ["gmail.send"], []),
        (["gmail.readonly"], [], ["gmail.readonly"], []),
        (["gmail.readonly"], ["gmail.readonl"], ["gmail.readonly"], ["gmail.readonl"]),
        (["gmail.readonly"], ["gmail.readonly", "gmail.send"], [], ["gmail.send"]),
        (["Mail.Read"], ["Mail.ReadWrite"], ["Mail.Read"], ["mail.readwrite"]),
        // The prefix of one provider is not the name of another's scope.
        (["https://www.googleapis.com/auth/"], ["x"], ["https://www.googleapis.com/auth/"], ["x"]),
        (["email", "mail-r"], ["mail-r"], [], []),
        (
            ["gmail.readonly"], ["https://evil.example/auth/gmail.readonly"], ["gmail.readonly"],
            ["https://evil.example/auth/gmail.readonly"]
        ),
    ]

    @Test(arguments: scopes)
    func `compares scopes in both directions, whatever their spelling`(
        asked: [String],
        granted: [String],
        missing: [String],
        excess: [String]
    ) throws {
        let judgement = Judge.judge(try grant(scopes: granted), for: claim(), asked: asked, known: nil)
        #expect(judgement.missing == missing)
        #expect(judgement.excess.map(\.normalized) == excess)
        #expect(judgement.verdict == (missing.isEmpty ? .connected : .permissionsMissing))
    }

    @Test(arguments: [
        (Provider.google, "google", true), (.google, "microsoft", false), (.google, "Google", false),
        (.google, "", false), (.google, "virtual-calendar", false), (.imap, "icloud", false), (nil, "zoom", true),
        (nil, "google", true),
    ])
    func `wants the provider that was asked for`(asked: Provider?, found: String, isAsAsked: Bool) throws {
        let verdict = judge(try grant(provider: found), claim(provider: asked)).verdict
        #expect((verdict == .otherProvider) != isAsAsked)
    }

    static let addresses: [(expected: String, email: String?, aliases: [String], isTheSame: Bool)] = [
        ("jane@example.com", "jane@example.com", [], true),
        ("Jane@Example.COM", "jane@example.com", [], true),
        ("j.doe@example.com", "jane@example.com", ["J.Doe@example.com"], true),
        ("jane@example.com", "jane@example.co", [], false),
        ("jane@example.com", "jane@example.com.evil.example", [], false),
        ("jane@example.com", "jane+x@example.com", [], false),
        ("jane@example.com", "jane@example.com ", [], false),
        ("jane@example.com", nil, [], false),
        ("jane@example.com", "", [], false),
        // The Kelvin sign lower-cases to a plain k in Unicode, and is another mailbox.
        ("kim@example.com", "\u{212A}im@example.com", [], false),
        ("ümit@example.com", "Ümit@example.com", [], false),
    ]

    @Test(arguments: addresses)
    func `wants the address that was asked for, in ASCII's two cases`(
        expected: String,
        email: String?,
        aliases: [String],
        isTheSame: Bool
    ) throws {
        let verdict = judge(try grant(email: email, aliases: aliases), claim(expecting: expected)).verdict
        #expect(verdict == (isTheSame ? .connected : .otherAddress))
    }

    static let owners: [(owners: [String], owner: String?, pinned: Bool, verdict: FlowOutcome.Verdict)] = [
        ([], nil, false, .reconnected),
        ([], "ann", false, .reconnected),
        (["ann"], "ann", false, .reconnected),
        (["ann", "bob"], "bob", false, .reconnected),
        (["ann"], "bob", false, .connectedBySomeoneElse),
        (["ann"], "Ann", false, .connectedBySomeoneElse),
        (["ann"], nil, false, .connectedBySomeoneElse),
        (["ann"], "bob", true, .reconnected),
        (["ann"], nil, true, .connectedBySomeoneElse),
    ]

    @Test(arguments: owners)
    func `gives a grant that has owners to nobody else, unless pinned to its address`(
        owners: [String],
        owner: String?,
        pinned: Bool,
        verdict: FlowOutcome.Verdict
    ) throws {
        let binding: Binding = pinned ? .pinned : .baseline
        let claim = claim(owner: owner, expecting: "jane@example.com", binding: binding)
        #expect(judge(try grant(), claim, known: try known(owners: owners)).verdict == verdict)
    }

    @Test func `does not count a grant that Nylas calls invalid`() throws {
        #expect(judge(try grant(status: .invalid), claim()).verdict == .providerRefused)
        #expect(judge(try grant(status: nil), claim()).verdict == .connected)
    }
}

@Suite("What a grant found by its state proves, and what may be deleted")
struct ConclusionRuleTests {
    @Test func `proves a flow only if valid, its own, and newer than its start`() throws {
        #expect(Conclusion.proves(try grant(), claim()))
        // Nylas counts in whole seconds.
        #expect(Conclusion.proves(try grant(createdAt: start), claim()))
        #expect(!Conclusion.proves(try grant(createdAt: start - .seconds(1)), claim()))
        #expect(!Conclusion.proves(try grant(status: .invalid), claim()))
        #expect(!Conclusion.proves(try grant(status: nil), claim()))
        #expect(!Conclusion.proves(try grant(state: "other"), claim()))
        var stateless = try grant()
        stateless.stateDigest = nil
        #expect(!Conclusion.proves(stateless, claim()))
    }

    @Test func `a new grant of this flow alone may be deleted`() throws {
        #expect(Conclusion.mayDelete(try grant(), madeBy: claim(), others: []))
        #expect(Conclusion.mayDelete(try grant(), madeBy: claim(), others: [claim()]))
    }

    @Test(arguments: [Duration.seconds(-60), .zero, .seconds(9)])
    func `a grant that may be older than the flow stays`(age: Duration) throws {
        #expect(!Conclusion.mayDelete(try grant(createdAt: start + age), madeBy: claim(), others: []))
    }

    @Test func `a grant of another state stays`() throws {
        #expect(!Conclusion.mayDelete(try grant(state: "other"), madeBy: claim(), others: []))
    }

    @Test func `a grant that another open claim may mean stays`() throws {
        let grant = try grant()
        let others = [
            claim("2"), claim("2", provider: nil), claim("2", expecting: "JANE@example.com"),
            claim("2", provider: nil, expecting: "jane@example.com"),
        ]
        for other in others { #expect(!Conclusion.mayDelete(grant, madeBy: claim(), others: [claim(), other])) }
        let strangers = [claim("2", provider: .imap), claim("2", expecting: "bob@example.com")]
        #expect(Conclusion.mayDelete(grant, madeBy: claim(), others: strangers))
    }
}
