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

    @Test(arguments: [
        (CertificateFacts.unreadable(path: "/c"), Finding.Verdict.fault),
        (.unusable(reason: "no pair"), .fault),
        (.usable(notAfterSecondsSince1970: 1_787_302_199, names: ["connect.example.com"]), .fault),
        (.usable(notAfterSecondsSince1970: 1_999_999_999, names: ["example.com"]), .fault),
        (.usable(notAfterSecondsSince1970: 1_999_999_999, names: ["*.com", "a.connect.example.com"]), .fault),
        (.usable(notAfterSecondsSince1970: 1_787_902_200, names: ["connect.example.com"]), .warning),
        (.usable(notAfterSecondsSince1970: 1_999_999_999, names: ["*.example.com"]), .ok),
    ])
    func `a certificate is judged`(facts: CertificateFacts, verdict: Finding.Verdict) throws {
        let findings = try Self.doctor(ScriptedExchange([])).examineConfiguration(certificate: facts)
        #expect(findings.first { $0.subject == "certificate" }?.verdict == verdict)
    }

    @Test func `an open door on a public address is worth a warning`() throws {
        let findings = try Self.doctor(ScriptedExchange([])).examineConfiguration(certificate: nil)
        #expect(findings.first { $0.subject == "connect.open" }?.verdict == .warning)
    }
}
