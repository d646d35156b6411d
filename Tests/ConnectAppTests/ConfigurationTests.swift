import Cryptography
import FoundationEssentials
import Grants
import HTTPSemantics
import Nylas
import Testing

@testable import ConnectApp

@Suite("Configuration")
struct ConfigurationTests {
    static let complete = """
        {"publicURL": "https://connect.example.com", "brand": {"name": "Acme"}, "nylas": {"region": "us", "clientID": "c"},
         "connect": {"open": true}}
        """

    static func read(
        _ file: String? = complete,
        environment: [String: String] = ["NYLAS_API_KEY": "nyk_v0_marker"],
        overrides: [String] = [],
        files: [String: String] = [:]
    ) throws(ConfigurationFaults) -> ConnectConfiguration {
        try ConnectConfiguration.read(
            ConfigurationLayers(
                file: file.map { ("config.json", Array($0.utf8)) },
                environment: environment,
                overrides: overrides,
                readFile: { path in files[path].map { Array($0.utf8) } }
            )
        )
    }

    static func faults(
        _ file: String? = complete,
        environment: [String: String] = ["NYLAS_API_KEY": "nyk_v0_marker"],
        overrides: [String] = [],
        files: [String: String] = [:]
    ) -> [ConfigurationFault] {
        do {
            _ = try read(file, environment: environment, overrides: overrides, files: files)
            return []
        } catch {
            return error.faults
        }
    }

    @Test func `the least configuration is enough`() throws {
        let configuration = try Self.read()
        #expect(configuration.publicURL == HTTPOrigin(scheme: .https, host: "connect.example.com"))
        #expect(configuration.nylas.origin.description == "https://api.us.nylas.com")
        #expect(configuration.profile.name == "read")
        #expect(configuration.listen == .init(address: "0.0.0.0", port: 8080))
        #expect(configuration.operations == .init(address: "127.0.0.1", port: 9090))
        #expect(!configuration.isSandbox)
    }

    @Test func `the command line is over the environment, which is over the file`() throws {
        let variable = ["NYLAS_API_KEY": "k", "POSTERN_BRAND_NAME": "Environment", "POSTERN_CONNECT_OPEN": "false"]
        #expect(try Self.read(environment: variable).brand.name == "Environment")
        let configuration = try Self.read(environment: variable, overrides: ["brand.name=Flag"])
        #expect(configuration.brand.name == "Flag")
        #expect(!configuration.isOpen)
        let setting = configuration.effective.first { $0.key == "connect.open" }
        #expect(setting == EffectiveSetting(key: "connect.open", value: "false", source: "POSTERN_CONNECT_OPEN"))
    }

    @Test func `everything that is wrong is said at once, and never the value`() {
        let faults = Self.faults(
            """
            {"publicURL": "http://marker.example/path", "brand": {"name": "", "colour": "red"}, "nylas": {"region": "moon"},
             "connect": {"providers": ["google", "marker"]}, "listen": {"port": "80"}, "extra": 1}
            """,
            environment: [:]
        )
        let subjects = Set(faults.map(\.subject))
        #expect(
            subjects.isSuperset(of: [
                "publicURL", "brand.name", "brand.colour", "nylas.region", "nylas.clientID", "NYLAS_API_KEY",
                "connect.open", "connect.providers", "extra",
            ])
        )
        #expect(!faults.map(\.description).joined().contains("marker"))
        #expect(!faults.map(\.description).joined().contains("moon"))
    }

    @Test(arguments: [
        "http://connect.example.com", "https://connect.example.com/path",
        "https://user@connect.example.com", "https://connect.example.com?q", "https://connect.example.com#f",
        "ftp://connect.example.com", "connect.example.com", "https://", "https://exa mple.com", "https://example.com:0",
        "https://example.com:65536", "https://example.com:", "http://127.0.0.1:8080", "https://[::1", "",
    ])
    func `a public address that is not an origin, or not https, is refused`(text: String) {
        #expect(Self.faults(overrides: ["publicURL=\(text)"]).map(\.subject).contains("publicURL"))
    }

    @Test(arguments: ["http://localhost", "http://localhost:8080", "https://a.example:8443"])
    func `http is for localhost only`(text: String) throws {
        #expect(try Self.read(overrides: ["publicURL=\(text)"]).publicURL.description == text)
    }

    @Test(arguments: ["http://api.us.nylas.com", "http://10.0.0.1:80", "http://localhost.example.com", "https://a/b"])
    func `plain http to Nylas is for loopback only`(text: String) throws {
        let file = Self.complete.replacing(#""region": "us""#, with: #""origin": "\#(text)""#)
        #expect(Self.faults(file).map(\.subject) == ["nylas.origin"])
    }

    @Test func `a sandbox is known by its plain loopback origin`() throws {
        let file = Self.complete.replacing(#""region": "us""#, with: #""origin": "http://127.0.0.1:8081""#)
        #expect(try Self.read(file).isSandbox)
    }

    @Test(arguments: [
        ("nylas.origin=https://a.example", "nylas.origin"), ("tls.privateKey=/k", "tls.certificateChain"),
        ("tls.certificateChain=/c", "tls.privateKey"), ("tls.directory=", "tls.directory"),
        ("operations.port=8080", "operations.port"),
        ("listen.address=example.com", "listen.address"), ("listen.port=+80", "listen.port"),
        ("listen.port=0", "listen.port"), ("listen.port=65536", "listen.port"), ("connect.open=yes", "connect.open"),
        ("connect.profile=root", "connect.profile"), ("connect.providers=google,google", "connect.providers"),
        ("connect.providers=", "connect.providers"), ("brand.privacyURL=javascript:alert(1)", "brand.privacyURL"),
        ("brand.supportAddress=a@b@c.example", "brand.supportAddress"), ("conect.open=true", "conect.open"),
        ("redirect.port=0", "redirect.port"), ("redirect.port=8080", "redirect.port"),
        ("redirect.port=9090", "redirect.port"), ("redirect.address=0.0.0.0", "redirect.address"),
        ("proxies.networks=0.0.0.0/0", "proxies.networks"), ("proxies.networks=::/0", "proxies.networks"),
        ("proxies.networks=10.0.0.1/8", "proxies.networks"), ("proxies.networks=private", "proxies.networks"),
        ("proxies.networks=10.0.0.0/8,10.0.0.0/8", "proxies.networks"), ("proxies.networks=::/6", "proxies.networks"),
        ("proxies.networks=10.0.0.0/8;10.0.0.0/8", "proxies.networks"), ("proxies.field=X-Real-IP", "proxies.field"),
        ("proxies.field=x-forwarded-for", "proxies.field"), ("log.level=loud", "log.level"),
        ("brand.name=a\u{1B}[31m", "brand.name"),
    ])
    func `one wrong setting is one fault that names it`(override: String, subject: String) {
        #expect(Self.faults(overrides: [override]).map(\.subject) == [subject])
    }

    @Test func `certificates are files or a folder, and not both`() throws {
        let files = ["tls.certificateChain=/c", "tls.privateKey=/k"]
        #expect(try Self.read(overrides: files).tls == .files(certificateChain: "/c", privateKey: "/k"))
        #expect(try Self.read(overrides: ["tls.directory=/d"]).tls == .directory("/d"))
        #expect(try Self.read(overrides: ["tls.directory=/d"]).listen.port == 8443)
        for also in [files, ["tls.certificateChain=/c"], ["tls.privateKey=/k"]] {
            #expect(Self.faults(overrides: ["tls.directory=/d"] + also).map(\.subject) == ["tls.directory"])
        }
        #expect(
            Self.faults(overrides: ["publicURL=http://localhost", "tls.directory=/d"]).map(\.subject) == ["publicURL"]
        )
    }

    @Test(arguments: ["", "[]", "{", "null", "\"text\"", "{} {}"])
    func `a file that is not one JSON object is refused`(text: String) {
        #expect(Self.faults(text).first?.rule == .notJSON)
    }

    @Test(
        arguments: [
            (
                "{\n  \"publicURL\": \"a\",\n  \"publicURL\": \"b\"\n}",
                "config.json: Line 3, column 3: a key that is there already."
            ),
            (
                "{\"nylas\": {\"region\": \"us\"}, \"nylas\": {}}",
                "config.json: Line 1, column 29: a key that is there already."
            ),
            ("{\"nylas\": {\"region\": \"us\", \"r\\u0065gion\": \"eu\"}}", "config.json: Line 1, column 28:"),
            ("{\"api\": {\"tokens\": [{\"name\": \"a\", \"name\": \"b\"}]}}", "config.json: Line 1, column 35:"),
            ("{\"x\": {\"y\": 1, \"y\": 1}}", "config.json: Line 1, column 16:"),
        ]
    )
    func `a key that is there twice is refused with its place, whatever it says`(text: String, sentence: String) {
        let faults = Self.faults(text)
        #expect(faults.map(\.rule).first == .duplicateKey && faults.first?.description.hasPrefix(sentence) == true)
        // What the file would have said is not missing.
        #expect(!faults.contains { $0.rule == .missing })
    }

    @Test func `a key that is there by path and by object is there twice`() {
        let text = #"{"log": {"level": "debug"}, "log.level": "info"}"#
        let twice = Self.faults(text).filter { $0.rule == .duplicateKey }
        #expect(twice.map(\.description) == ["log.level (config.json): is there twice: keep one of them."])
    }

    @Test(
        arguments: [
            ("{\n  \"publicURL\": \"marker\"\n  \"brand\": {}\n}", "Line 3, column 3: JSON cannot go on like that."),
            ("{\n// a comment\n}", "Line 2, column 1:"), ("{\"a\": 1,}", "Line 1, column 9:"),
            ("\u{FEFF}{}", "Line 1, column 1:"),
            ("{\"a\": 1e999}", "Line 1, column 7: a number beyond all bounds."),
        ]
    )
    func `a file that is no JSON says where, and nothing of what is there`(text: String, place: String) {
        let fault = Self.faults(text).first
        #expect(fault?.rule == .notJSON)
        #expect(fault?.description.hasPrefix("config.json: is not a JSON object. \(place)") == true)
        #expect(fault?.description.contains("marker") == false)
    }

    @Test func `a list of the environment with a member twice is refused`() {
        let text = #"[{"name": "a", "scope": "read", "scope": "write", "sha256": "x"}]"#
        #expect(Self.faults(overrides: ["api.tokens=\(text)"]).map(\.subject) == ["api.tokens"])
    }

    @Test func `a file that cannot be read is one fault, not one for each key in it`() {
        let layers = ConfigurationLayers(
            file: ("config.json", nil),
            environment: ["NYLAS_API_KEY": "k"],
            overrides: ["no equals sign"],
            readFile: { _ in nil }
        )
        do {
            _ = try ConnectConfiguration.read(layers)
            Issue.record("a configuration without a file was accepted")
        } catch {
            #expect(error.faults.map(\.rule) == [.fileUnreadable, .wrongValue])
        }
    }

    @Test func `everything may come from the environment`() throws {
        let configuration = try Self.read(
            nil,
            environment: [
                "NYLAS_API_KEY": "k", "POSTERN_PUBLIC_URL": "https://connect.example.com", "POSTERN_BRAND_NAME": "Acme",
                "POSTERN_NYLAS_REGION": "eu", "POSTERN_NYLAS_CLIENT_ID": "c", "POSTERN_CONNECT_OPEN": "false",
                "POSTERN_CONNECT_PROVIDERS": "google, microsoft",
            ]
        )
        #expect(configuration.nylas.origin.description == "https://api.eu.nylas.com")
        #expect(configuration.providers == [.google, .microsoft])
    }

    @Test func `a secret comes from a file, one newline trimmed`() throws {
        let configuration = try Self.read(
            environment: ["NYLAS_API_KEY_FILE": "/run/secrets/key"],
            files: ["/run/secrets/key": "nyk_v0_marker\n"]
        )
        #expect(configuration.nylas.apiKey.withExposed { $0 } == "nyk_v0_marker")
        #expect(!"\(configuration)".contains("marker"))
        #expect(!configuration.effective.map { "\($0)" }.joined().contains("marker"))
    }

    @Test(arguments: [
        ["NYLAS_API_KEY": ""], ["NYLAS_API_KEY": "two words"], ["NYLAS_API_KEY": "a\nb"],
        ["NYLAS_API_KEY_FILE": "/nowhere"], ["NYLAS_API_KEY": "a", "NYLAS_API_KEY_FILE": "/b"],
        ["NYLAS_API_KEY": "a", "POSTERN_SEALING_KEY": "short"],
        ["NYLAS_API_KEY": "a", "POSTERN_SEALING_KEYS_PREVIOUS": "x"],
    ])
    func `a secret that cannot be used is a fault`(environment: [String: String]) {
        #expect(!Self.faults(environment: environment).isEmpty)
    }

    @Test func `the API key in the file is an unknown key`() {
        let file = Self.complete.replacing(#""region""#, with: #""apiKey": "nyk_v0_marker", "region""#)
        #expect(Self.faults(file).map(\.subject) == ["nylas.apiKey"])
    }

    @Test func `a variable of an orchestrator that begins like ours is no fault`() throws {
        _ = try Self.read(environment: ["NYLAS_API_KEY": "k", "POSTERN_PORT": "tcp://10.0.0.1:80"])
    }

    @Test func `the redirect and the proxies are off until they are named`() throws {
        let plain = try Self.read()
        #expect(plain.redirect == nil)
        #expect(plain.proxies == TrustedProxies())
        let configuration = try Self.read(
            overrides: [
                "redirect.port=8081", "proxies.networks=10.0.0.0/8, fd00::/8, 192.0.2.7", "proxies.field=Forwarded",
            ]
        )
        #expect(configuration.redirect == .init(address: "0.0.0.0", port: 8081))
        #expect(configuration.proxies.field == .forwarded)
        #expect(configuration.proxies.networks.map(\.description) == ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"])
    }

    @Test func `there is nowhere to send people on to without https`() {
        let faults = Self.faults(overrides: ["publicURL=http://localhost:8080", "redirect.port=8081"])
        #expect(faults.map(\.subject) == ["redirect.port"])
    }

    @Test func `the example has every key, with values that are right`() throws {
        let here = #filePath
        let path = here[..<(here.firstRange(of: "/Tests/")?.lowerBound ?? here.endIndex)] + "/config.example.json"
        let text = try String(contentsOfFile: String(path), encoding: .utf8)
        // The one contradiction it must have to show every key: a region and an origin of one's own. It is null there.
        let configuration = try Self.read(text)
        #expect(configuration.tls != nil)
        var reader = ConfigurationReader(
            ConfigurationLayers(
                file: ("config.example.json", Array(text.utf8)),
                environment: [:],
                readFile: { _ in nil }
            )
        )
        reader.refuseUnknownKeys()
        let inExample = Set(reader.faults.map(\.subject))
        let read = Set(configuration.effective.map(\.key))
        #expect(read.subtracting(inExample) == ["NYLAS_API_KEY"])
        #expect(
            inExample.subtracting(read) == [
                "nylas.origin", "nylas.trustedCertificates", "tls.directory", "webhooks.trustedCertificates",
            ]
        )
    }

    @Test func `variables are named after their keys`() {
        #expect(environmentName(of: "publicURL") == "POSTERN_PUBLIC_URL")
        #expect(environmentName(of: "nylas.clientID") == "POSTERN_NYLAS_CLIENT_ID")
        #expect(environmentName(of: "connect.letNylasAsk") == "POSTERN_CONNECT_LET_NYLAS_ASK")
    }
}

@Suite("Addresses of the host app")
struct HostURLTests {
    @Test(
        arguments: [
            "https://app.example.com", "https://app.example.com/", "https://app.example.com/a/b?c=d&e",
            "https://[2001:db8::1]:8443/x",
            "http://localhost:3000/back", "http://127.0.0.1/back", "http://[::1]:3000/?a",
            "https://a.example?x=postern_result",
        ]
    )
    func `are taken as they are`(url: String) throws {
        let configuration = try ConfigurationTests.read(
            overrides: ["connect.returnURLs=\(url)", "connect.confirmationURL=\(url)"]
        )
        #expect(configuration.returnURLs == [url] && configuration.confirmationURL == url)
    }

    @Test(
        arguments: [
            "app.example.com/back", "/back", "//app.example.com/back", "http://app.example.com/",
            "ftp://app.example.com/",
            "javascript://app.example.com/%0Aalert(1)", "https://", "https:///back", "https://user@app.example.com/",
            "https://app.example.com@evil.example/", "https://app.example.com/#top", "https://app.example.com/a b",
            "https://app.example.com\\@evil.example/", "https://app.example.com/\u{202E}", "https://app.example.com:0/",
            "https://app.example.com/?postern_result=x", "https://app.example.com/?a=b&postern_confirmation=x",
            "http://localhost.example.com/", "https://app.example.com/\"", "https://*.example.com/",
            "https://app.example.com/" + String(repeating: "x", count: 300),
        ]
    )
    func `are refused when a browser could be led elsewhere by them`(url: String) {
        for key in ["connect.returnURLs", "connect.confirmationURL"] {
            let faults = ConfigurationTests.faults(overrides: ["\(key)=\(url)"])
            #expect(faults.map(\.subject) == [key] && faults.map(\.rule) == [.wrongValue], "\(key)")
        }
    }

    @Test func `are each named once`() {
        let twice = "connect.returnURLs=https://a.example/,https://b.example/,https://a.example/"
        #expect(ConfigurationTests.faults(overrides: [twice]).map(\.subject) == ["connect.returnURLs"])
    }

    @Test(
        arguments: [
            ("https://a.example", "https://a.example?p=v"), ("https://a.example/?", "https://a.example/?p=v"),
            ("https://a.example/?x", "https://a.example/?x&p=v"), ("https://a.example/?x&", "https://a.example/?x&p=v"),
        ]
    )
    func `get a parameter more`(url: String, with: String) {
        #expect(HostURL.adding("p", "v", to: url) == with)
    }
}
