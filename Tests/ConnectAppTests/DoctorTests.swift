import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("The doctor")
struct DoctorTests {
    static let application =
        #"{"request_id":"r","data":{"application_id":"c","region":"us","environment":"production"}}"#
    static let registered =
        #"{"request_id":"r","data":[{"id":"u","url":"https://connect.example.com/callback","platform":"web"}]}"#
    static let connectors =
        #"{"request_id":"r","data":[{"name":"g","provider":"google","scope":["gmail.readonly"]}],"limit":200,"offset":0}"#

    static func doctor(
        _ exchange: ScriptedExchange,
        overrides: [String] = ["connect.providers=google"]
    ) throws -> Doctor {
        Doctor(
            configuration: try ConfigurationTests.read(overrides: overrides),
            exchange: exchange,
            wallClock: ManualWallClock().clock
        )
    }

    static func findings(
        _ answers: ScriptedExchange.Answer...,
        overrides: [String] = ["connect.providers=google"]
    )
        async throws -> [String: Finding]
    {
        let exchange = ScriptedExchange(answers)
        let findings = try await doctor(exchange, overrides: overrides).examineNylas()
        try exchange.finish()
        #expect(!findings.map { "\($0)" }.joined().contains("marker"))
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.subject, $0) })
    }

    @Test func `all is well`() async throws {
        let findings = try await Self.findings(
            .json(Self.application, fields: [.date: "Fri, 21 Aug 2026 08:50:30 GMT"]),
            .json(Self.registered),
            .json(Self.connectors)
        )
        #expect(findings.values.allSatisfy { $0.verdict == .ok })
        #expect(findings.keys.sorted() == ["Nylas", "client ID", "clock", "connector google", "redirect URI"])
    }

    @Test(
        arguments: [
            (
                ["proxies.networks=10.0.0.0/8", "proxies.field=Forwarded"], Finding.Verdict.ok,
                "Forwarded is believed from 10.0.0.0/8"
            ),
            (["tls.certificateChain=/c", "tls.privateKey=/k"], .ok, "nobody is believed"),
            (["publicURL=http://localhost:8080"], .ok, "nobody is believed"),
            // https outside and none here: somebody else terminates TLS.
            ([], .warning, "count as one"),
        ] as [([String], Finding.Verdict, String)]
    )
    func `says who is believed about clients, and where that must be missing`(
        _ overrides: [String],
        _ verdict: Finding.Verdict,
        _ words: String
    ) throws {
        let findings = try Self.doctor(ScriptedExchange([]), overrides: overrides).examineConfiguration(certificates: []
        )
        let finding = try #require(findings.first { $0.subject == "proxies" })
        #expect(finding.verdict == verdict)
        #expect(finding.detail.contains(words))
        #expect((verdict == .warning) == finding.advice.contains("proxies.networks"))
    }

    @Test(
        arguments: [
            (["connect.open=true"], Finding.Verdict.ok, "no operator API"),
            (["connect.open=false"], .warning, "only postern link create"),
            (["api.tokens=[TOKEN1]", "connect.open=false"], .ok, "1 token"),
            (["api.tokens=[TOKEN1,TOKEN2]"], .warning, "more than one token of this name"),
        ] as [([String], Finding.Verdict, String)]
    )
    func `says who may use the operator API`(
        _ overrides: [String],
        _ verdict: Finding.Verdict,
        _ words: String
    ) throws {
        let tokens = [ConfigurationListTests.digest, ConfigurationListTests.other].map {
            #"{"name": "billing", "scope": "read", "sha256": "\#($0)"}"#
        }
        let filled = overrides.map {
            $0.replacing("TOKEN1", with: tokens[0]).replacing("TOKEN2", with: tokens[1])
        }
        let findings = try Self.doctor(ScriptedExchange([]), overrides: filled).examineConfiguration(certificates: [])
        let finding = try #require(findings.first { $0.subject == "api.tokens" })
        #expect(finding.verdict == verdict)
        #expect(finding.detail.contains(words))
    }

    @Test(arguments: [
        ([], Finding.Verdict.ok, "none"),
        (["connect.returnURLs=https://a.example/"], .warning, "no token can ask"),
        (["connect.confirmationURL=https://a.example/"], .warning, "no token can ask"),
        (["connect.confirmationURL=https://a.example/", "api.tokens=[READ]"], .warning, "no token may answer"),
        (["connect.returnURLs=https://a.example/", "api.tokens=[READ]"], .ok, "1 address"),
        (
            [
                "connect.returnURLs=https://a.example/,https://b.example/",
                "connect.confirmationURL=https://a.example/x",
                "api.tokens=[WRITE]",
            ], .ok, "2 addresses, and one that confirms"
        ),
    ])
    func `the way back to the host app needs a token`(
        overrides: [String],
        verdict: Finding.Verdict,
        words: String
    ) throws {
        let digest = String(repeating: "ab", count: 32)
        let filled = overrides.map { text in
            text.replacing("READ", with: #"{"name":"a","scope":"read","sha256":"\#(digest)"}"#)
                .replacing("WRITE", with: #"{"name":"a","scope":"write","sha256":"\#(digest)"}"#)
        }
        let findings = try Self.doctor(ScriptedExchange([]), overrides: filled).examineConfiguration(certificates: [])
        let finding = try #require(
            findings.first { ["connect.returnURLs", "connect.confirmationURL"].contains($0.subject) }
        )
        #expect(finding.verdict == verdict && finding.detail.contains(words))
    }

    @Test func `a wrong key names the region too`() async throws {
        let findings = try await Self.findings(
            .json(#"{"request_id":"r","error":{"type":"unauthorized","message":"marker"}}"#, status: 401)
        )
        #expect(findings["Nylas"]?.verdict == .fault)
        #expect(findings["Nylas"]?.advice.contains("nylas.region") == true)
        #expect(findings["redirect URI"]?.verdict == .skipped)
    }

    @Test(arguments: [
        ExchangeError.nameNotResolved, .connectionRefused, .certificateNotTrusted, .timedOut(sent: true),
        .connectionLost(sent: false),
    ])
    func `a Nylas that cannot be reached is a fault`(error: ExchangeError) async throws {
        #expect(try await Self.findings(.failure(error))["Nylas"]?.verdict == .fault)
    }

    @Test(arguments: [
        "https://connect.example.com/callback/", "http://connect.example.com/callback",
        "https://Connect.example.com/callback",
    ])
    func `a redirect URI that is nearly right is named`(url: String) async throws {
        let list = #"{"request_id":"r","data":[{"id":"u","url":"\#(url)","platform":"web"}]}"#
        let finding = try await Self.findings(.json(Self.application), .json(list), .json(Self.connectors))[
            "redirect URI"
        ]
        #expect(finding?.verdict == .fault)
        #expect(finding?.detail.contains(url) == true)
    }

    @Test func `another application's key, a missing connector and a wrong clock are found together`() async throws {
        let findings = try await Self.findings(
            .json(
                Self.application.replacing(#""c""#, with: #""other""#),
                fields: [.date: "Fri, 21 Aug 2026 08:40:00 GMT"]
            ),
            .json(Self.registered),
            .json(Self.connectors),
            overrides: ["connect.providers=google,yahoo"]
        )
        #expect(findings["client ID"]?.verdict == .fault)
        #expect(findings["connector yahoo"]?.verdict == .fault)
        #expect(findings["connector google"]?.verdict == .ok)
        #expect(findings["clock"]?.verdict == .warning)
    }

    @Test func `a connector without the profile's scopes is worth a warning where Nylas asks`() async throws {
        let bare = #"{"request_id":"r","data":[{"name":"g","provider":"google"}],"limit":200,"offset":0}"#
        let asked = try await Self.findings(.json(Self.application), .json(Self.registered), .json(bare))
        #expect(asked["connector google"]?.verdict == .warning)
        let named = try await Self.findings(
            .json(Self.application),
            .json(Self.registered),
            .json(bare),
            overrides: ["connect.providers=google", "connect.letNylasAsk=false"]
        )
        #expect(named["connector google"]?.verdict == .ok)
    }

    /// Of a certificate for these names, by the second of its begin and of its end.
    private static func usable(
        _ names: [String],
        from begin: Int64 = 0,
        to end: Int64 = 1_999_999_999
    ) -> CertificateFacts {
        .usable(path: "/c", notBeforeSecondsSince1970: begin, notAfterSecondsSince1970: end, names: names)
    }

    private static func certificateFindings(_ facts: [CertificateFacts]?) throws -> [Finding] {
        try doctor(ScriptedExchange([])).examineConfiguration(certificates: facts)
            .filter { $0.subject.hasPrefix("certificate") }
    }

    @Test(arguments: [
        (CertificateFacts.unusable(reason: "no pair"), Finding.Verdict.fault),
        (usable(["connect.example.com"], to: 1_787_302_200), .fault),
        (usable(["connect.example.com"], from: 1_787_302_201), .fault),
        (usable(["connect.example.com"], to: 1_787_302_200 + 14 * 86_400 - 1), .warning),
        (usable(["connect.example.com"], to: 1_787_302_200 + 14 * 86_400), .ok),
        (usable(["connect.example.com"], from: 1_787_302_200), .ok),
        (usable(["*.example.com"]), .ok), (usable(["a.example", "CONNECT.example.com"]), .ok),
    ])
    func `a certificate is judged`(facts: CertificateFacts, verdict: Finding.Verdict) throws {
        #expect(try Self.certificateFindings([facts]).map(\.verdict) == [verdict])
    }

    @Test(arguments: [
        ["example.com"], ["*.com", "a.connect.example.com"], ["*.connect.example.com"], ["onnect.example.com"], [],
    ])
    func `a certificate for other names is a fault, however long it is good`(names: [String]) throws {
        #expect(try Self.certificateFindings([Self.usable(names)]).map(\.verdict) == [.ok, .fault])
    }

    @Test func `of several certificates one has to be for the host, and each is judged`() throws {
        let findings = try Self.certificateFindings([
            Self.usable(["other.example"]), Self.usable(["connect.example.com"]), .unusable(reason: "no pair"),
        ])
        #expect(findings.map(\.subject) == ["certificate 1", "certificate 2", "certificate 3"])
        #expect(findings.map(\.verdict) == [.ok, .ok, .fault])
        let others = try Self.certificateFindings([Self.usable(["a.example"]), Self.usable(["b.example"])])
        #expect(others.last?.subject == "certificates")
        #expect(others.map(\.verdict) == [.ok, .ok, .fault])
    }

    @Test func `no certificate is worth a warning on a public address`() throws {
        #expect(try Self.certificateFindings(nil).map(\.verdict) == [.warning])
    }

    @Test func `an open door on a public address is worth a warning`() throws {
        let findings = try Self.doctor(ScriptedExchange([])).examineConfiguration(certificates: nil)
        #expect(findings.first { $0.subject == "connect.open" }?.verdict == .warning)
    }
}
