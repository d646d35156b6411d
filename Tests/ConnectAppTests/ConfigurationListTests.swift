import Cryptography
import Testing

@testable import ConnectApp

@Suite("Lists of objects in the configuration")
struct ConfigurationListTests {
    static let digest = Hex.encode(SHA256.digest("token"))
    static let other = Hex.encode(SHA256.digest("other"))

    /// A file with these tokens.
    private func file(_ tokens: String) -> String {
        ConfigurationTests.complete.replacing(#""connect":"#, with: #""api": {"tokens": \#(tokens)}, "connect":"#)
    }

    private func token(_ name: String = "billing", _ scope: String = "read", _ digest: String = Self.digest) -> String {
        #"{"name": "\#(name)", "scope": "\#(scope)", "sha256": "\#(digest)"}"#
    }

    @Test func `tokens are read from the file, and shown by name and scope alone`() throws {
        let list = "[\(token()), \(token("agent.2", "write", Self.other.uppercased()))]"
        let configuration = try ConfigurationTests.read(file(list))
        #expect(configuration.apiTokens.map(\.name) == ["billing", "agent.2"])
        #expect(configuration.apiTokens.map(\.scope) == [.read, .write])
        #expect(configuration.apiTokens.map(\.digest) == [SHA256.digest("token"), SHA256.digest("other")])
        let setting = try #require(configuration.effective.first { $0.key == "api.tokens" })
        let digits = [Self.digest, Self.other].map { $0.prefix(8) }
        #expect(setting.value == "billing (read, \(digits[0])…), agent.2 (write, \(digits[1])…)")
        #expect(setting.source == "config.json")
    }

    @Test func `the same list as JSON text comes from the environment or the command line`() throws {
        let environment = ["NYLAS_API_KEY": "k", "POSTERN_API_TOKENS": "[\(token())]"]
        #expect(try ConfigurationTests.read(environment: environment).apiTokens.count == 1)
        let configuration = try ConfigurationTests.read(
            environment: environment,
            overrides: ["api.tokens=[\(token("flag"))]"]
        )
        #expect(configuration.apiTokens.map(\.name) == ["flag"])
    }

    @Test(arguments: ["[]", "null"])
    func `an empty list is none`(text: String) throws {
        #expect(try ConfigurationTests.read(file(text)).apiTokens.isEmpty)
        #expect(try ConfigurationTests.read(overrides: ["api.tokens="]).apiTokens.isEmpty)
        #expect(try ConfigurationTests.read().apiTokens.isEmpty)
    }

    @Test(arguments: ["\"marker\"", "7", "true", "[[]]", "[\"marker\"]", "[null]"])
    func `what is no list of objects is one fault`(text: String) {
        let faults = ConfigurationTests.faults(file(text))
        #expect(faults.map(\.rule) == [.wrongValue])
        #expect(faults.first?.subject.hasPrefix("api.tokens") == true)
        #expect(!faults.map(\.description).joined().contains("marker"))
    }

    @Test(arguments: ["marker", "{", "[{]", "[] []", "{}", "1"])
    func `text that is no JSON array is one fault`(text: String) {
        let faults = ConfigurationTests.faults(overrides: ["api.tokens=\(text)"])
        #expect(faults.map(\.subject) == ["api.tokens"])
        #expect(!faults.map(\.description).joined().contains("marker"))
    }

    @Test func `an object in place of the list is unknown keys`() {
        #expect(ConfigurationTests.faults(file(token())).allSatisfy { $0.rule == .unknownKey })
    }

    @Test func `everything that is wrong is said at once, with its place and never the value`() {
        let list = """
            [{"name": "marker marker", "scope": "marker"}, \(token()), {"nmae": "marker", "name": 7, "sha256": "\(Self.digest)0"}, 1]
            """
        let faults = ConfigurationTests.faults(file(list))
        #expect(
            faults.map(\.subject) == [
                "api.tokens[0].name", "api.tokens[0].scope", "api.tokens[0].sha256", "api.tokens[2].name",
                "api.tokens[2].scope", "api.tokens[2].sha256", "api.tokens[2].nmae", "api.tokens[3]",
            ]
        )
        #expect(
            faults.map(\.rule) == [
                .wrongValue, .wrongValue, .missing, .wrongValue, .missing, .wrongValue, .unknownKey, .wrongValue,
            ]
        )
        #expect(!faults.map(\.description).joined().contains("marker"))
        #expect(faults.map(\.description).contains { $0.contains("Its members are name, scope, sha256.") })
    }

    @Test(arguments: ["", "two words", "a/b", "a\u{7F}", "é", String(repeating: "a", count: 41)])
    func `a name that the audit trail could not show is refused`(name: String) {
        #expect(ConfigurationTests.faults(file("[\(token(name))]")).map(\.subject) == ["api.tokens[0].name"])
    }

    @Test(arguments: ["", "admin", "READ", "read write", "read,write"])
    func `there are two scopes`(scope: String) {
        #expect(ConfigurationTests.faults(file("[\(token("a", scope))]")).map(\.subject) == ["api.tokens[0].scope"])
    }

    @Test(arguments: [
        "", "token", String(digest.dropLast()), digest + "00", String(digest.dropLast()) + "g",
        // Of no text at all: it would let in whoever sends nothing.
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ])
    func `what is no digest of a token is refused`(digest: String) {
        #expect(
            ConfigurationTests.faults(file("[\(token("a", "read", digest))]")).map(\.subject) == [
                "api.tokens[0].sha256"
            ]
        )
    }

    @Test func `one token is not two callers, and one caller may have two tokens`() throws {
        let same = ConfigurationTests.faults(file("[\(token("a")), \(token("b"))]"))
        #expect(same.map(\.subject) == ["api.tokens[1].sha256"])
        #expect(same.map(\.rule) == [.conflict])
        let turning = try ConfigurationTests.read(file("[\(token("a")), \(token("a", "read", Self.other))]"))
        #expect(turning.apiTokens.count == 2)
    }

    @Test func `a scope covers itself, and writing covers reading`() {
        #expect(APIToken.Scope.write.covers(.read) && APIToken.Scope.write.covers(.write))
        #expect(APIToken.Scope.read.covers(.read) && !APIToken.Scope.read.covers(.write))
    }
}
