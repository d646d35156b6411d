import Cryptography
import HTTPSemantics
import Testing

@testable import ConnectApp

@Suite("Webhooks in the configuration")
struct WebhookConfigurationTests {
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let variables = ["NYLAS_API_KEY": "k", "POSTERN_WEBHOOK_SECRET_CRM": secret]

    private func file(_ targets: String) -> String {
        ConfigurationTests.complete.replacing(
            #""connect":"#,
            with: #""webhooks": {"targets": \#(targets)}, "connect":"#
        )
    }

    private func target(_ url: String = "https://crm.example.com/hooks?a=1", name: String = "crm") -> String {
        #"{"name": "\#(name)", "url": "\#(url)"}"#
    }

    private func key(_ secret: Secret<[UInt8]>?) -> [UInt8]? { secret?.withExposed { $0 } }

    @Test func `a target has its secret from a variable, and shows neither that nor its path`() throws {
        let configuration = try ConfigurationTests.read(file("[\(target())]"), environment: Self.variables)
        let found = try #require(configuration.webhookTargets.first)
        #expect(found.name == "crm")
        #expect(found.origin.description == "https://crm.example.com")
        #expect(found.pathAndQuery == "/hooks?a=1")
        #expect(found.keys.count == 1)
        #expect(key(found.keys.first) == Base64.decodeURL("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let settings = configuration.effective.filter { $0.key.contains("ebhook") || $0.key.contains("WEBHOOK") }
        #expect(settings.contains { $0.key == "webhooks.targets" && $0.value == "crm (https://crm.example.com)" })
        #expect(!settings.contains { $0.value.contains("hooks") || $0.value.contains("MfKQ") })
    }

    @Test func `or from a file, with the one before on a line of its own`() throws {
        let list = #"[{"name": "crm", "url": "https://a.example", "secretFile": "/s"}]"#
        let text = Self.secret + "\nwhsec_" + String(repeating: "QUJD", count: 10) + "==\n"
        let configuration = try ConfigurationTests.read(file(list), files: ["/s": text])
        #expect(configuration.webhookTargets.first?.keys.count == 2)
        #expect(configuration.webhookTargets.first?.pathAndQuery == "/")
    }

    @Test(arguments: [
        ("https://crm.example.com", "https://crm.example.com", "/"),
        ("https://a.example:8443?b", "https://a.example:8443", "/?b"),
        ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000", "/x"), ("http://localhost/x", "http://localhost", "/x"),
        ("http://[::1]:9000/", "http://[::1]:9000", "/"),
    ])
    func `addresses that may be posted to`(url: String, origin: String, path: String) throws {
        let found = try #require(webhookAddress(url))
        #expect(found.origin.description == origin)
        #expect(found.pathAndQuery == path)
    }

    @Test(arguments: [
        "", "crm.example.com", "//crm.example.com", "http://crm.example.com", "http://10.0.0.1/x",
        "http://localhost.example.com",
        "ftp://a.example", "file:///etc/passwd", "https://", "https:///x", "https://user@a.example/",
        "https://u:p@a.example/",
        "https://a.example/#f", "https://a.example/a b", "https://a.example/ü", "https://a.example/\n",
        "https://a.example:0/",
        "https://a.example:99999/", "HTTPS://a.example/", "javascript:alert(1)", "https://a.example/\"x\"",
        "https://a_b c/",
    ])
    func `addresses that may not`(url: String) {
        #expect(webhookAddress(url) == nil)
    }

    @Test(arguments: [
        "", "whsec_", "secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ", "whsec_!!!!",
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        secret + ",plain", secret + "\nwhsec_MfKQ", "whsec_" + String(repeating: "A", count: 88),
    ])
    func `secrets that are none`(text: String) {
        #expect(ConnectConfiguration.webhookKeys(in: text) == nil)
        let faults = ConfigurationTests.faults(
            file("[\(target())]"),
            environment: ["NYLAS_API_KEY": "k", "POSTERN_WEBHOOK_SECRET_CRM": text]
        )
        #expect(faults.map(\.subject) == ["POSTERN_WEBHOOK_SECRET_CRM"])
        #expect(!faults.contains { $0.description.contains("MfKQ") })
    }

    @Test func `a secret that is missing, or in a file that is not there, is a fault`() {
        #expect(ConfigurationTests.faults(file("[\(target())]")).map(\.subject) == ["POSTERN_WEBHOOK_SECRET_CRM"])
        let list = #"[{"name": "crm", "url": "https://a.example", "secretFile": "/s"}]"#
        #expect(ConfigurationTests.faults(file(list)).map(\.subject) == ["webhooks.targets[0].secretFile"])
    }

    @Test(arguments: ["", "1crm", "c r m", "crm/x", "crm\\\"", "ümit", "a.b", String(repeating: "a", count: 41)])
    func `names that are none`(name: String) {
        let faults = ConfigurationTests.faults(file("[\(target(name: name))]"), environment: Self.variables)
        #expect(faults.first?.subject == "webhooks.targets[0].name")
    }

    @Test func `two targets whose variables would be one are a fault`() {
        let list = "[\(target()), \(target(name: "CRM"))]"
        let faults = ConfigurationTests.faults(file(list), environment: Self.variables)
        #expect(faults.map(\.subject) == ["webhooks.targets[1].name"])
    }

    @Test func `a target's variable has its name in capitals`() {
        #expect(ConnectConfiguration.webhookSecretVariable(of: "crm-2") == "POSTERN_WEBHOOK_SECRET_CRM_2")
    }

    @Test func `notifications are received with a secret, or when asked for, and else not`() throws {
        func keys(_ secret: String?, _ overrides: [String] = []) throws -> [[UInt8]]? {
            var environment = ["NYLAS_API_KEY": "k"]
            environment["NYLAS_WEBHOOK_SECRET"] = secret
            return try ConfigurationTests.read(environment: environment, overrides: overrides).notificationKeys?
                .compactMap(key)
        }
        #expect(try keys(nil) == nil)
        #expect(try keys(nil, ["nylas.webhooks=true"]) == [])
        #expect(try keys("first-secret") == [Array("first-secret".utf8)])
        #expect(try keys("first-secret,second-secret")?.count == 2)
        #expect(try keys("first-secret", ["nylas.webhooks=false"]) == nil)
    }

    @Test(arguments: ["short", "first-secret,short", "ümlaut-secret"]) func `what Nylas never makes is a fault`(
        text: String
    ) {
        let faults = ConfigurationTests.faults(environment: ["NYLAS_API_KEY": "k", "NYLAS_WEBHOOK_SECRET": text])
        #expect(faults.map(\.subject) == ["NYLAS_WEBHOOK_SECRET"])
    }
}
